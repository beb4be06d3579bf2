// Who computes how many rows in the next step, and who has the cache's blocks.
//
// Owned by Decoder, used by the engine thread alone. Nothing here reads a clock or touches a model.
//
// A step has a budget of rows. Sequences that decode take one each, first. Then prompts: the one
// long prompt that is being computed has half of what is left for certain and whatever nobody else
// wants; short ones share the rest, the shortest first, and waiting ones are let in behind them. So
// a long prompt holds short ones up by no more than half, and goes on however many short ones come.
//
//   B1. Everybody is served in one order: by priority, then by arrival. A sequence that was
//       preempted keeps its arrival, so it stands before all that came later.
//   B2. A sequence is let in when the cache has room for all its tokens and a reserve; it computes
//       its prompt without asking again. Only growth by drawn tokens can find the cache full, and
//       then the last in order gives its blocks back. So the first in order always goes on.
//   B3. Who waits for room is not overtaken, so room comes. Overtaken are only those that wait for
//       something else: a mask, a prefix that is just being computed, the end of another long
//       prompt.
//   B4. A sequence whose mask has not come is computed up to its last row and then sits out. When
//       it has sat out kIdleStepsMax plans in a row, others may have its blocks.
//   B5. The last token of a sequence is always computed: its row gives the logits.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "batch/sequence.h"
#include "kv/block_cache.h"

namespace signalbox {

/// Prompts that may be partly computed at once. More would only delay each other.
inline constexpr int kPartialPromptsMax = 4;
/// How many may be overtaken in one step: each costs a walk through the prefix tree, of
/// microseconds.
inline constexpr int kOvertakenMax = 128;
/// How many plans a client may take to send a mask before others may have the sequence's blocks.
inline constexpr int kIdleStepsMax = 64;
/// Each preemption of a sequence makes it wait for one more free block per running one, up to this.
inline constexpr int kPatienceMax = 4;

struct SchedulerLimits {
  int stepTokens = 512;
  int sequencesMax = 64;  // at most stepTokens: everybody has a row
};

class Scheduler {
 public:
  /// `cache` must outlive this.
  Scheduler(const SchedulerLimits& limits, BlockCache& cache);

  /// It must fit the cache when it is alone there.
  void add(Sequence& sequence);
  /// It is over: its blocks are free at once.
  void remove(Sequence& sequence);
  /// Sets `rows` of every running sequence and returns those that have any, in order. Empty:
  /// nothing can be computed before a mask or a request comes.
  std::span<Sequence* const> plan();
  /// After an empty plan: does somebody wait for blocks of those who sit out? Then planning again
  /// after a while gets on.
  bool heldUp() const { return heldUp_; }
  /// The planned rows of `sequence` are computed: full blocks are cached, unless it is not to
  /// `share` them because it ends now for what came out.
  void advance(Sequence& sequence, bool share = true);

  std::span<Sequence* const> running() const { return running_; }
  std::span<Sequence* const> waiting() const { return waiting_; }
  std::uint64_t preemptions() const { return preemptions_; }
  std::uint64_t cachedTokens() const { return cachedTokens_; }
  std::uint64_t lookedUpTokens() const { return lookedUpTokens_; }

  /// Throws kInternal.
  void checkInvariants() const;

 private:
  void planDecodes();
  bool grow(Sequence& sequence);
  void planPrompts();
  void give(Sequence& sequence, int rows);
  bool admit();
  bool awaitsPrefix(const Sequence& sequence, int found) const;
  bool partialTooMany(const Sequence& sequence, int found) const;
  bool makeRoom(const Sequence& sequence);
  Sequence* victimFor(const Sequence& sequence) const;
  void start(Sequence& sequence);
  void preempt(Sequence& sequence);
  void countIdle();
  bool isLong(int rows) const { return rows > limits_.stepTokens / 2; }

  const SchedulerLimits limits_;
  BlockCache& cache_;
  const int reserve_;
  std::vector<Sequence*> running_;  // both in order
  std::vector<Sequence*> waiting_;
  std::vector<Sequence*> planned_;
  std::vector<Sequence*> prompts_;
  int left_ = 0;  // of the step's budget
  bool heldUp_ = false;
  std::uint64_t arrivals_ = 0;
  std::uint64_t preemptions_ = 0;
  std::uint64_t cachedTokens_ = 0;
  std::uint64_t lookedUpTokens_ = 0;
};

}  // namespace signalbox
