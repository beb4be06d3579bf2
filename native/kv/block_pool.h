// Who owns which block, and which unowned block is used next. Blocks are numbers here: of the cache
// (block_cache) and of the spill file (spill_index).
//
//   P1. A block stands in the queue exactly when it has no owner.
//   P2. The queue's head is used next. What is worth keeping goes in at the tail, the rest at the
//       head: so it is the order of least recent use. Owners release a sequence's blocks from the
//       last to the first, so that the deepest part of a prefix goes before what it stands on.
//   P3. Every operation is O(1), out of the middle of the queue too; nothing allocates after
//       construction.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace signalbox {

inline constexpr BlockId kNoBlock = -1;

class BlockPool {
 public:
  explicit BlockPool(int blocks);

  int blocks() const { return static_cast<int>(entries_.size()); }
  int unowned() const { return unowned_; }
  int owners(BlockId block) const;
  /// What take() will give: kNoBlock when every block is owned.
  BlockId next() const { return head_; }
  /// One owner. There must be an unowned block.
  BlockId take();
  /// One owner more; of an unowned block the first.
  void share(BlockId block);
  /// One owner less. The last one says whether what the block holds is worth keeping.
  void release(BlockId block, bool keep);
  /// What an unowned block holds is worth nothing any more.
  void forget(BlockId block);

  /// Throws kInternal where P1 or a link is broken.
  void checkInvariants() const;

 private:
  struct Entry {
    BlockId previous = kNoBlock;
    BlockId next = kNoBlock;
    std::int32_t owners = 0;
  };

  const Entry& at(BlockId block) const;
  Entry& at(BlockId block) {
    return const_cast<Entry&>(static_cast<const BlockPool*>(this)->at(block));
  }
  void unlink(BlockId block);
  void linkHead(BlockId block);
  void linkTail(BlockId block);

  std::vector<Entry> entries_;
  BlockId head_ = kNoBlock;
  BlockId tail_ = kNoBlock;
  int unowned_ = 0;
};

}  // namespace signalbox
