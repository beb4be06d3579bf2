// The cache's blocks: sequences own them, full ones outlive their sequences in a prefix tree, and
// cold ones may go to a spill file.
//
// Owned by the scheduler, used by the engine thread alone. Bytes are behind BlockBytes.
//
//   C1. A block is full before it enters the tree, and nothing writes into it from then on.
//   C2. A sequence owns its whole prefix: every block of its table up to the last.
//   C3. A block in the tree that nobody owns is taken when no other is left, the least recently
//       used first, and the deepest of a prefix before what it stands on. So no node ever loses its
//       parent before it goes itself.
//   C4. A block that turns out to hold what the tree has already is given back, and its sequence
//       goes on with the tree's: the same prefix computed twice at once is kept once.
//   C5. What cannot be written to the spill file, or comes back damaged, is simply not cached.
//   C6. Every change of what a prefix may be read from is one event.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kv/block_pool.h"
#include "kv/event_log.h"
#include "kv/prefix_tree.h"
#include "kv/spill_file.h"

namespace signalbox {

/// Where the bytes of blocks are: a model's runner.
class BlockBytes {
 public:
  virtual ~BlockBytes() = default;
  virtual std::size_t blockBytes() const = 0;
  virtual void save(BlockId block, std::uint8_t* to) const = 0;
  virtual void restore(BlockId block, const std::uint8_t* from) = 0;
};

/// One sequence's blocks, in order of position. The first `sealed` of them are in the tree.
struct BlockTable {
  std::vector<BlockId> blocks;
  int sealed = 0;
  NodeId tail = kNoNode;  // the node of the last sealed block
};

/// Tokens with the hashes of their full blocks (extendChain) and the tenant's salt.
struct TokenChain {
  std::span<const TokenId> tokens;
  std::span<const std::uint64_t> hashes;
  std::string_view salt;
};

struct BlockCacheOptions {
  int blocks = 0;
  bool reuse = true;  // false: no tree, no events
  std::string spillFolder = {};  // empty: none
  std::uint64_t spillBytes = 0;
  int eventsMax = 8192;  // in the log
};

struct BlockCacheCounters {
  std::uint64_t spilled = 0;
  std::uint64_t restored = 0;
  std::uint64_t spillFailures = 0;
};

class BlockCache {
 public:
  /// `bytes` must outlive this. Throws as SpillFile does.
  BlockCache(const BlockCacheOptions& options, BlockBytes& bytes);

  int blocks() const { return pool_.blocks(); }
  /// Is there a tree at all?
  bool reuses() const { return options_.reuse; }
  int unowned() const { return pool_.unowned(); }
  /// Unowned blocks with contents that a prefix may use.
  int cached() const { return cached_; }
  const BlockCacheCounters& counters() const { return counters_; }

  /// What acquire() would find of the first `blocksMax` blocks; `owned` by other sequences now.
  struct Found {
    int blocks = 0;
    int owned = 0;
  };
  Found find(const TokenChain& chain, int blocksMax) const;
  /// Gives an empty table what the cache has of the first `blocksMax` blocks, spilled ones
  /// restored, and returns how many. There must be as many unowned blocks as are found but not
  /// owned.
  int acquire(BlockTable& table, const TokenChain& chain, int blocksMax);
  /// Appends a block of unknown contents. There must be an unowned one.
  void extend(BlockTable& table);
  /// The first block that is not sealed is full, of the chain's tokens, and computed.
  void seal(BlockTable& table, const TokenChain& chain);
  /// The table's owner is gone: deepest first.
  void release(BlockTable& table);
  /// Drops what the cache holds and nobody owns.
  void clear();

  std::uint64_t nextEvent() const { return events_.next(); }
  /// Events from `from` on. Where those are gone (or never were), a snapshot: a kCleared and what
  /// is cached now, parents first, all with the sequence of the last event.
  std::vector<KvEvent> events(std::uint64_t from) const;

  /// `tables` are all there are. Throws kInternal.
  void checkInvariants(std::span<const BlockTable* const> tables) const;
  /// The table's sealed blocks are those of the chain's tokens. Throws kInternal.
  void checkTable(const BlockTable& table, const TokenChain& chain) const;

 private:
  NodeKey keyOf(NodeId parent, const TokenChain& chain, int index) const;
  BlockId takeFresh();
  void evict(NodeId node);
  bool spill(NodeId node);
  bool restore(NodeId node);
  void drop(NodeId node, bool tell);
  void own(NodeId node);
  void freeSlot(NodeId node);
  std::uint64_t parentHash(NodeId node) const;

  BlockCacheOptions options_;
  BlockBytes& bytes_;
  std::unique_ptr<SpillFile> spillFile_;
  bool spilling_;    // until the first write that fails
  BlockPool pool_;
  BlockPool slots_;  // of the spill file; all unowned but the one being read, used ones at the tail
  PrefixTree tree_;
  std::vector<NodeId> nodeOfBlock_;
  std::vector<NodeId> nodeOfSlot_;
  int cached_ = 0;
  EventLog events_;
  BlockCacheCounters counters_;
};

}  // namespace signalbox
