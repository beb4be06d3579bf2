// The pool, the tree and the spill file as one cache.
#include "kv/block_cache.h"

#include <algorithm>

#include "core/error.h"

namespace signalbox {
namespace {

std::unique_ptr<SpillFile> openSpill(const BlockCacheOptions& options, const BlockBytes& bytes) {
  if (!options.reuse || options.spillFolder.empty()) return nullptr;
  return std::make_unique<SpillFile>(options.spillFolder, options.spillBytes, bytes.blockBytes());
}

}  // namespace

BlockCache::BlockCache(const BlockCacheOptions& options, BlockBytes& bytes)
    : options_(options),
      bytes_(bytes),
      spillFile_(openSpill(options, bytes)),
      spilling_(spillFile_ != nullptr),
      pool_(options.blocks),
      slots_(spillFile_ ? spillFile_->slots() : 0),
      // Every node has a block or a slot, but for the one that is being moved.
      tree_(options.reuse ? options.blocks + slots_.blocks() + 1 : 0),
      nodeOfBlock_(static_cast<std::size_t>(pool_.blocks()), kNoNode),
      nodeOfSlot_(static_cast<std::size_t>(slots_.blocks()), kNoNode),
      events_(options.eventsMax) {}

std::uint64_t BlockCache::parentHash(NodeId node) const {
  const NodeId parent = tree_[node].parent;
  return parent == kNoNode ? 0 : tree_[parent].hash;
}

NodeKey BlockCache::keyOf(NodeId parent, const TokenChain& chain, int index) const {
  const auto at = static_cast<std::size_t>(index);
  return {parent, chain.tokens.subspan(at * kBlockTokens, kBlockTokens), chain.hashes[at],
          chain.salt};
}

BlockCache::Found BlockCache::find(const TokenChain& chain, int blocksMax) const {
  Found found;
  if (!options_.reuse) return found;
  for (NodeId node = kNoNode; found.blocks < blocksMax; ++found.blocks) {
    node = tree_.find(keyOf(node, chain, found.blocks));
    if (node == kNoNode) break;
    const BlockId block = tree_[node].block;
    if (block != kNoBlock && pool_.owners(block) > 0) ++found.owned;
  }
  return found;
}

int BlockCache::acquire(BlockTable& table, const TokenChain& chain, int blocksMax) {
  SIGNALBOX_CHECK(table.blocks.empty() && table.sealed == 0, std::to_string(table.sealed));
  if (!options_.reuse) return 0;
  while (table.sealed < blocksMax) {
    const NodeId node = tree_.find(keyOf(table.tail, chain, table.sealed));
    if (node == kNoNode) break;
    if (tree_[node].block != kNoBlock) {
      own(node);
    } else if (!restore(node)) {
      break;
    }
    table.blocks.push_back(tree_[node].block);
    table.tail = node;
    ++table.sealed;
  }
  return table.sealed;
}

void BlockCache::own(NodeId node) {
  const BlockId block = tree_[node].block;
  if (pool_.owners(block) == 0) --cached_;
  pool_.share(block);
}

void BlockCache::extend(BlockTable& table) { table.blocks.push_back(takeFresh()); }

BlockId BlockCache::takeFresh() {
  const BlockId block = pool_.next();
  SIGNALBOX_CHECK(block != kNoBlock, "every block has an owner");
  const NodeId node = nodeOfBlock_[static_cast<std::size_t>(block)];
  if (node != kNoNode) evict(node);
  return pool_.take();
}

/// Takes the block from a node that nobody owns; the block stays at the head of the queue.
void BlockCache::evict(NodeId node) {
  const BlockId block = tree_[node].block;
  if (!spill(node)) {
    drop(node, true);
    return;
  }
  nodeOfBlock_[static_cast<std::size_t>(block)] = kNoNode;
  tree_.setBlock(node, kNoBlock);
  --cached_;
}

bool BlockCache::spill(NodeId node) {
  const BlockId slot = slots_.next();
  if (!spilling_ || slot == kNoBlock) return false;
  // The slot's node is the coldest of the spilled ones; what stands on it was spilled before it and
  // is gone already, and `node` cannot stand on it, for its own parents have blocks.
  const NodeId old = nodeOfSlot_[static_cast<std::size_t>(slot)];
  if (old != kNoNode) drop(old, true);
  bytes_.save(tree_[node].block, spillFile_->payload());
  if (!spillFile_->write(slot, tree_[node].uid)) {
    spilling_ = false;
    ++counters_.spillFailures;
    return false;
  }
  slots_.share(slot);
  slots_.release(slot, true);
  nodeOfSlot_[static_cast<std::size_t>(slot)] = node;
  tree_.setSlot(node, slot);
  ++counters_.spilled;
  return true;
}

/// False: the node is gone, and what stood on it.
bool BlockCache::restore(NodeId node) {
  const BlockId slot = tree_[node].slot;
  // Owned while another block may be spilled to make room, or it could take this slot.
  slots_.share(slot);
  const BlockId block = takeFresh();
  const bool whole = spillFile_->read(slot, tree_[node].uid);
  slots_.release(slot, false);
  if (!whole) {
    ++counters_.spillFailures;
    drop(node, true);
    pool_.release(block, false);
    return false;
  }
  bytes_.restore(block, spillFile_->payload());
  freeSlot(node);
  tree_.setBlock(node, block);
  nodeOfBlock_[static_cast<std::size_t>(block)] = node;
  ++counters_.restored;
  return true;
}

/// Removes a node and all that stands on it, none of which anybody owns.
void BlockCache::drop(NodeId top, bool tell) {
  for (bool last = false; !last;) {
    const NodeId node = tree_.leafBelow(top);
    last = node == top;
    const PrefixTree::Node& leaf = tree_[node];
    if (leaf.block != kNoBlock) {
      pool_.forget(leaf.block);
      nodeOfBlock_[static_cast<std::size_t>(leaf.block)] = kNoNode;
      --cached_;
    }
    if (leaf.slot != kNoBlock) freeSlot(node);
    if (tell) events_.push(KvEventKind::kRemoved, leaf.hash, parentHash(node), {});
    tree_.remove(node);
  }
}

void BlockCache::freeSlot(NodeId node) {
  const BlockId slot = tree_[node].slot;
  slots_.forget(slot);
  nodeOfSlot_[static_cast<std::size_t>(slot)] = kNoNode;
  tree_.setSlot(node, kNoBlock);
}

void BlockCache::seal(BlockTable& table, const TokenChain& chain) {
  if (!options_.reuse) return;
  const auto index = static_cast<std::size_t>(table.sealed);
  const BlockId computed = table.blocks[index];
  const NodeKey key = keyOf(table.tail, chain, table.sealed);
  NodeId node = tree_.find(key);
  if (node != kNoNode && tree_[node].block != kNoBlock) {
    own(node);
    pool_.release(computed, false);
    table.blocks[index] = tree_[node].block;
  } else {
    if (node == kNoNode) {
      node = tree_.add(key);
      events_.push(KvEventKind::kStored, key.hash, parentHash(node), key.tokens);
    } else {
      // Another sequence computed it too, ended, and it was spilled.
      freeSlot(node);
    }
    tree_.setBlock(node, computed);
    nodeOfBlock_[static_cast<std::size_t>(computed)] = node;
  }
  table.tail = node;
  ++table.sealed;
}

void BlockCache::release(BlockTable& table) {
  while (!table.blocks.empty()) {
    const BlockId block = table.blocks.back();
    const bool keep = static_cast<int>(table.blocks.size()) <= table.sealed;
    pool_.release(block, keep);
    if (keep && pool_.owners(block) == 0) ++cached_;
    table.blocks.pop_back();
  }
  table.sealed = 0;
  table.tail = kNoNode;
}

void BlockCache::clear() {
  const auto owned = [&](NodeId node) {
    const BlockId block = tree_[node].block;
    return block != kNoBlock && pool_.owners(block) > 0;
  };
  std::vector<NodeId> tops;
  for (NodeId node = tree_.after(kNoNode); node != kNoNode; node = tree_.after(node)) {
    const NodeId parent = tree_[node].parent;
    if (!owned(node) && (parent == kNoNode || owned(parent))) tops.push_back(node);
  }
  if (tops.empty()) return;
  // One event instead of thousands, which would push all others out of the log.
  for (const NodeId node : tops) drop(node, false);
  events_.push(KvEventKind::kCleared, 0, 0, {});
  for (NodeId id = tree_.after(kNoNode); id != kNoNode; id = tree_.after(id)) {
    events_.push(KvEventKind::kStored, tree_[id].hash, parentHash(id), tree_[id].tokens);
  }
}

std::vector<KvEvent> BlockCache::events(std::uint64_t from) const {
  if (from >= events_.first() && from <= events_.next()) return events_.since(from);
  std::vector<KvEvent> events;
  const std::uint64_t sequence = events_.next() - 1;
  events.push_back({sequence, KvEventKind::kCleared, 0, 0, {}});
  for (NodeId id = tree_.after(kNoNode); id != kNoNode; id = tree_.after(id)) {
    const PrefixTree::Node& node = tree_[id];
    events.push_back({sequence, KvEventKind::kStored, node.hash, parentHash(id),
                      {node.tokens.begin(), node.tokens.end()}});
  }
  return events;
}

void BlockCache::checkInvariants(std::span<const BlockTable* const> tables) const {
  pool_.checkInvariants();
  slots_.checkInvariants();
  tree_.checkInvariants();
  std::vector<int> owners(nodeOfBlock_.size(), 0);
  for (const BlockTable* table : tables) {
    SIGNALBOX_CHECK(table->sealed <= static_cast<int>(table->blocks.size()), "sealed");
    // C2: the path from the tail to the root is the table's beginning.
    NodeId node = table->tail;
    for (int i = table->sealed; i-- > 0; node = tree_[node].parent) {
      SIGNALBOX_CHECK(node != kNoNode && tree_[node].uid != 0, "a prefix of another length");
      const BlockId block = table->blocks[static_cast<std::size_t>(i)];
      SIGNALBOX_CHECK(tree_[node].block == block, "block " + std::to_string(block));
    }
    SIGNALBOX_CHECK(node == kNoNode, "a prefix of another length");
    for (std::size_t i = 0; i < table->blocks.size(); ++i) {
      const auto block = static_cast<std::size_t>(table->blocks[i]);
      ++owners[block];
      // C1: what is not full belongs to one sequence alone.
      const bool sealed = static_cast<int>(i) < table->sealed;
      SIGNALBOX_CHECK(sealed || (owners[block] == 1 && nodeOfBlock_[block] == kNoNode),
                      "block " + std::to_string(block) + " is shared before it is full");
    }
  }
  int cached = 0;
  for (BlockId block = 0; block < pool_.blocks(); ++block) {
    const auto at = static_cast<std::size_t>(block);
    SIGNALBOX_CHECK(owners[at] == pool_.owners(block), "owners of " + std::to_string(block));
    const NodeId node = nodeOfBlock_[at];
    if (node == kNoNode) continue;
    SIGNALBOX_CHECK(tree_[node].uid != 0 && tree_[node].block == block, std::to_string(block));
    cached += owners[at] == 0 ? 1 : 0;
  }
  SIGNALBOX_CHECK(cached == cached_, std::to_string(cached) + " " + std::to_string(cached_));
  int named = 0;
  for (NodeId id = tree_.after(kNoNode); id != kNoNode; id = tree_.after(id)) {
    const PrefixTree::Node& node = tree_[id];
    const NodeId back = node.slot != kNoBlock ? nodeOfSlot_[static_cast<std::size_t>(node.slot)]
                                              : nodeOfBlock_[static_cast<std::size_t>(node.block)];
    SIGNALBOX_CHECK(back == id, "node " + std::to_string(id));
    named += node.slot != kNoBlock ? 1 : 0;
  }
  for (const NodeId node : nodeOfSlot_) named -= node != kNoNode ? 1 : 0;
  SIGNALBOX_CHECK(named == 0, "a slot names a node that is not there");
}

void BlockCache::checkTable(const BlockTable& table, const TokenChain& chain) const {
  NodeId node = table.tail;
  for (int i = table.sealed; i-- > 0; node = tree_[node].parent) {
    const NodeKey key = keyOf(tree_[node].parent, chain, i);
    SIGNALBOX_CHECK(tree_.find(key) == node, "block " + std::to_string(i) + " is another prefix's");
  }
}

}  // namespace signalbox
