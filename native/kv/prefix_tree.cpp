// The tree's links and the hash table over its nodes.
#include "kv/prefix_tree.h"

#include <algorithm>
#include <bit>

#include "core/error.h"

namespace signalbox {

PrefixTree::PrefixTree(int nodesMax) {
  SIGNALBOX_CHECK(nodesMax >= 0, std::to_string(nodesMax));
  const auto count = static_cast<std::size_t>(nodesMax);
  all_.resize(count);
  free_.reserve(count);
  for (NodeId node = nodesMax; node-- > 0;) free_.push_back(node);
  // Two buckets a node: chains stay short.
  buckets_.assign(std::bit_ceil(std::max<std::size_t>(2 * count, 2)), kNoNode);
}

const PrefixTree::Node& PrefixTree::operator[](NodeId node) const {
  SIGNALBOX_CHECK(node >= 0 && node < static_cast<NodeId>(all_.size()), std::to_string(node));
  return all_[static_cast<std::size_t>(node)];
}

bool PrefixTree::matches(const Node& node, const NodeKey& key) const {
  return node.hash == key.hash && node.parent == key.parent &&
         std::equal(node.tokens.begin(), node.tokens.end(), key.tokens.begin(),
                    key.tokens.end()) &&
         (key.parent != kNoNode || node.salt == key.salt);
}

NodeId PrefixTree::find(const NodeKey& key) const {
  NodeId node = buckets_[bucketOf(key.hash)];
  while (node != kNoNode && !matches((*this)[node], key)) node = (*this)[node].nextInBucket;
  return node;
}

NodeId PrefixTree::add(const NodeKey& key) {
  SIGNALBOX_CHECK(!free_.empty(), "no node left of " + std::to_string(all_.size()));
  SIGNALBOX_CHECK(key.tokens.size() == kBlockTokens, std::to_string(key.tokens.size()));
  const NodeId id = free_.back();
  free_.pop_back();
  Node& node = at(id);
  node.uid = nextUid_++;
  node.hash = key.hash;
  node.block = -1;
  node.slot = -1;
  node.parent = key.parent;
  node.firstChild = kNoNode;
  std::copy(key.tokens.begin(), key.tokens.end(), node.tokens.begin());
  node.salt = key.parent == kNoNode ? key.salt : std::string_view();
  NodeId& first = key.parent == kNoNode ? firstRoot_ : at(key.parent).firstChild;
  node.previousSibling = kNoNode;
  node.nextSibling = first;
  if (first != kNoNode) at(first).previousSibling = id;
  first = id;
  NodeId& bucket = buckets_[bucketOf(key.hash)];
  node.nextInBucket = bucket;
  bucket = id;
  ++nodes_;
  return id;
}

void PrefixTree::remove(NodeId id) {
  Node& node = at(id);
  SIGNALBOX_CHECK(node.uid != 0 && node.firstChild == kNoNode, std::to_string(id));
  NodeId& first = node.parent == kNoNode ? firstRoot_ : at(node.parent).firstChild;
  (node.previousSibling == kNoNode ? first : at(node.previousSibling).nextSibling) =
      node.nextSibling;
  if (node.nextSibling != kNoNode) at(node.nextSibling).previousSibling = node.previousSibling;
  NodeId* link = &buckets_[bucketOf(node.hash)];
  while (*link != id) link = &at(*link).nextInBucket;
  *link = node.nextInBucket;
  node.uid = 0;
  node.salt.clear();
  free_.push_back(id);
  --nodes_;
}

NodeId PrefixTree::leafBelow(NodeId node) const {
  while ((*this)[node].firstChild != kNoNode) node = (*this)[node].firstChild;
  return node;
}

NodeId PrefixTree::after(NodeId node) const {
  if (node == kNoNode) return firstRoot_;
  if ((*this)[node].firstChild != kNoNode) return (*this)[node].firstChild;
  while (node != kNoNode && (*this)[node].nextSibling == kNoNode) node = (*this)[node].parent;
  return node == kNoNode ? kNoNode : (*this)[node].nextSibling;
}

void PrefixTree::checkInvariants() const {
  int seen = 0;
  for (NodeId id = after(kNoNode); id != kNoNode; id = after(id)) {
    const Node& node = (*this)[id];
    const std::string name = "node " + std::to_string(id);
    SIGNALBOX_CHECK(++seen <= nodes_, "the tree is a circle");
    SIGNALBOX_CHECK(node.uid != 0, name);
    SIGNALBOX_CHECK(node.block >= 0 || node.slot >= 0, name + " is nowhere");
    SIGNALBOX_CHECK(node.block < 0 || node.slot < 0, name + " is in two places");
    if (node.parent != kNoNode) {
      const Node& parent = (*this)[node.parent];
      SIGNALBOX_CHECK(parent.uid != 0 && parent.uid < node.uid, name + " is older than its parent");
      SIGNALBOX_CHECK(node.block < 0 || parent.block >= 0, name + " stands on a spilled parent");
      SIGNALBOX_CHECK(node.salt.empty(), name);
    }
    // T1 and T2: it finds itself, so nothing before it in its bucket has the same key.
    SIGNALBOX_CHECK(find({node.parent, node.tokens, node.hash, node.salt}) == id, name);
  }
  SIGNALBOX_CHECK(seen == nodes_, std::to_string(seen) + " of " + std::to_string(nodes_));
}

}  // namespace signalbox
