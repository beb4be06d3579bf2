// The queue of unowned blocks, linked through the blocks themselves.
#include "kv/block_pool.h"

#include "core/error.h"

namespace signalbox {

BlockPool::BlockPool(int blocks) {
  SIGNALBOX_CHECK(blocks >= 0, std::to_string(blocks));
  entries_.resize(static_cast<std::size_t>(blocks));
  for (BlockId block = 0; block < blocks; ++block) linkTail(block);
}

const BlockPool::Entry& BlockPool::at(BlockId block) const {
  SIGNALBOX_CHECK(block >= 0 && block < blocks(), std::to_string(block));
  return entries_[static_cast<std::size_t>(block)];
}

int BlockPool::owners(BlockId block) const {
  return at(block).owners;
}

BlockId BlockPool::take() {
  SIGNALBOX_CHECK(head_ != kNoBlock, "every block has an owner");
  const BlockId block = head_;
  unlink(block);
  at(block).owners = 1;
  return block;
}

void BlockPool::share(BlockId block) {
  if (at(block).owners == 0) unlink(block);
  ++at(block).owners;
}

void BlockPool::release(BlockId block, bool keep) {
  SIGNALBOX_CHECK(at(block).owners > 0, "block " + std::to_string(block) + " has no owner");
  if (--at(block).owners > 0) return;
  if (keep) {
    linkTail(block);
  } else {
    linkHead(block);
  }
}

void BlockPool::forget(BlockId block) {
  SIGNALBOX_CHECK(at(block).owners == 0, "block " + std::to_string(block) + " has an owner");
  unlink(block);
  linkHead(block);
}

void BlockPool::unlink(BlockId block) {
  Entry& entry = at(block);
  (entry.previous == kNoBlock ? head_ : at(entry.previous).next) = entry.next;
  (entry.next == kNoBlock ? tail_ : at(entry.next).previous) = entry.previous;
  entry.previous = kNoBlock;
  entry.next = kNoBlock;
  --unowned_;
}

void BlockPool::linkHead(BlockId block) {
  Entry& entry = at(block);
  entry.previous = kNoBlock;
  entry.next = head_;
  (head_ == kNoBlock ? tail_ : at(head_).previous) = block;
  head_ = block;
  ++unowned_;
}

void BlockPool::linkTail(BlockId block) {
  Entry& entry = at(block);
  entry.next = kNoBlock;
  entry.previous = tail_;
  (tail_ == kNoBlock ? head_ : at(tail_).next) = block;
  tail_ = block;
  ++unowned_;
}

void BlockPool::checkInvariants() const {
  int queued = 0;
  BlockId previous = kNoBlock;
  for (BlockId block = head_; block != kNoBlock;) {
    const Entry& entry = at(block);
    SIGNALBOX_CHECK(entry.owners == 0, "block " + std::to_string(block) + " is owned and queued");
    SIGNALBOX_CHECK(entry.previous == previous, "link of block " + std::to_string(block));
    SIGNALBOX_CHECK(++queued <= blocks(), "the queue is a circle");
    previous = block;
    block = entry.next;
  }
  SIGNALBOX_CHECK(tail_ == previous && queued == unowned_, std::to_string(queued));
  int unowned = 0;
  for (const Entry& entry : entries_) unowned += entry.owners == 0 ? 1 : 0;
  SIGNALBOX_CHECK(unowned == queued, std::to_string(unowned) + " of " + std::to_string(queued));
}

}  // namespace signalbox
