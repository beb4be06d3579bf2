// Planning one step.
#include "batch/scheduler.h"

#include <algorithm>

#include "core/error.h"
#include "kv/chain_hash.h"

namespace signalbox {
namespace {

bool inOrder(const Sequence* a, const Sequence* b) { return goesBefore(*a, *b); }

void insert(std::vector<Sequence*>& queue, Sequence& sequence) {
  queue.insert(std::upper_bound(queue.begin(), queue.end(), &sequence, inOrder), &sequence);
}

}  // namespace

Scheduler::Scheduler(const SchedulerLimits& limits, BlockCache& cache)
    : limits_(limits),
      cache_(cache),
      // What running sequences grow into before anybody has to be preempted.
      reserve_(std::max(1, cache.blocks() / 100)) {
  SIGNALBOX_CHECK(limits.sequencesMax > 0 && limits.sequencesMax <= limits.stepTokens,
                  std::to_string(limits.sequencesMax));
  running_.reserve(static_cast<std::size_t>(limits_.sequencesMax));
  planned_.reserve(static_cast<std::size_t>(limits_.sequencesMax));
  prompts_.reserve(static_cast<std::size_t>(limits_.sequencesMax));
}

void Scheduler::add(Sequence& sequence) {
  sequence.arrival = arrivals_++;
  insert(waiting_, sequence);
}

void Scheduler::remove(Sequence& sequence) {
  std::erase(sequence.running ? running_ : waiting_, &sequence);
  cache_.release(sequence.table);
}

std::span<Sequence* const> Scheduler::plan() {
  left_ = limits_.stepTokens;
  heldUp_ = false;
  for (Sequence* sequence : running_) sequence->rows = 0;
  planDecodes();
  planPrompts();
  countIdle();
  planned_.clear();
  for (Sequence* sequence : running_) {
    if (sequence->rows > 0) planned_.push_back(sequence);
  }
  return planned_;
}

void Scheduler::give(Sequence& sequence, int rows) {
  const int more = std::min({rows, left_, sequence.computable() - sequence.rows});
  sequence.rows += more;
  left_ -= more;
}

void Scheduler::planDecodes() {
  // Preemption takes from the end, so what stands before `i` stays where it is.
  for (std::size_t i = 0; i < running_.size() && left_ > 0; ++i) {
    Sequence& sequence = *running_[i];
    if (sequence.remaining() != 1 || !sequence.drawable()) continue;
    if (grow(sequence)) give(sequence, 1);
  }
}

/// Makes sure that the next position has a block; false: it had to give back its own.
bool Scheduler::grow(Sequence& sequence) {
  const int needed = blocksFor(sequence.computed + 1);
  while (static_cast<int>(sequence.table.blocks.size()) < needed) {
    if (cache_.unowned() > 0) {
      cache_.extend(sequence.table);
      continue;
    }
    Sequence& victim = *running_.back();
    preempt(victim);
    if (&victim == &sequence) return false;
  }
  return true;
}

void Scheduler::planPrompts() {
  prompts_.clear();
  for (Sequence* sequence : running_) {
    if (sequence->remaining() > 1) prompts_.push_back(sequence);
  }
  Sequence* longest = nullptr;
  for (Sequence* sequence : prompts_) {
    if (longest == nullptr && isLong(sequence->remaining())) longest = sequence;
  }
  if (longest != nullptr) give(*longest, (left_ + 1) / 2);
  std::sort(prompts_.begin(), prompts_.end(), [](const Sequence* a, const Sequence* b) {
    return a->remaining() != b->remaining() ? a->remaining() < b->remaining() : inOrder(a, b);
  });
  for (Sequence* sequence : prompts_) {
    if (sequence != longest) give(*sequence, left_);
  }
  // A long prompt that ends in this step makes room for the next one.
  for (bool more = true; more && left_ > 0;) {
    more = admit();
    if (longest == nullptr || !longest->running || left_ == 0) continue;
    const int before = longest->rows;
    give(*longest, left_);
    more |= longest->rows > before;
  }
}

/// Lets in who waits, in order, while there are rows left.
bool Scheduler::admit() {
  bool any = false;
  int overtaken = 0;
  for (std::size_t i = 0; i < waiting_.size() && left_ > 0 && overtaken < kOvertakenMax;) {
    Sequence& sequence = *waiting_[i];
    if (sequence.computable() == 0 || (sequence.needsMask && !sequence.drawable())) {
      ++i;
      continue;
    }
    const int found = cache_.find(sequence.chain(), sequence.reusableBlocks()).blocks;
    if (awaitsPrefix(sequence, found) || partialTooMany(sequence, found)) {
      ++i;
      ++overtaken;
      continue;
    }
    heldUp_ = !makeRoom(sequence);
    if (heldUp_) break;
    // Those who made room wait now too, perhaps before it.
    i = static_cast<std::size_t>(std::find(waiting_.begin(), waiting_.end(), &sequence) -
                                 waiting_.begin());
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    start(sequence);
    give(sequence, left_);
    any = true;
  }
  return any;
}

/// Is somebody who does not go behind it computing the next block of its prompt right now?
bool Scheduler::awaitsPrefix(const Sequence& sequence, int found) const {
  if (found >= sequence.reusableBlocks() || !cache_.reuses()) return false;
  const auto next = static_cast<std::size_t>(found);
  for (const Sequence* other : running_) {
    if (other->priority <= sequence.priority && found < other->reusableBlocks() &&
        other->computed < (found + 1) * kBlockTokens && other->remaining() > 1 &&
        other->hashes[next] == sequence.hashes[next]) {
      return true;
    }
  }
  return false;
}

/// Would it be one partly computed prompt too many?
bool Scheduler::partialTooMany(const Sequence& sequence, int found) const {
  const int remaining = sequence.size() - found * kBlockTokens;
  if (remaining <= left_) return false;
  int partial = 0;
  for (const Sequence* other : running_) {
    const int rest = other->remaining() - other->rows;
    if (other->remaining() <= 1 || other->rows >= other->computable()) continue;
    if (isLong(rest) && isLong(remaining)) return true;
    ++partial;
  }
  return partial >= kPartialPromptsMax;
}

bool Scheduler::makeRoom(const Sequence& sequence) {
  while (true) {
    const int running = static_cast<int>(running_.size());
    const int owned = cache_.find(sequence.chain(), sequence.reusableBlocks()).owned;
    const int needed = blocksFor(sequence.size()) - owned;
    const int patience = std::min(sequence.preemptions, kPatienceMax) * running;
    const int reserve = running == 0 ? 0 : reserve_ + patience;
    if (running < limits_.sequencesMax && needed + reserve <= cache_.unowned()) return true;
    Sequence* victim = victimFor(sequence);
    if (victim == nullptr) return false;
    preempt(*victim);
  }
}

/// Who has to make room for a waiting sequence: the last of those that go behind it by priority, or
/// who has waited for a mask too long.
Sequence* Scheduler::victimFor(const Sequence& sequence) const {
  if (running_.empty()) return nullptr;
  if (running_.back()->priority > sequence.priority) return running_.back();
  const auto idle = std::find_if(running_.rbegin(), running_.rend(), [](const Sequence* other) {
    return other->computable() == 0 && other->idleSteps >= kIdleStepsMax;
  });
  return idle == running_.rend() ? nullptr : *idle;
}

void Scheduler::start(Sequence& sequence) {
  const int found = cache_.acquire(sequence.table, sequence.chain(), sequence.reusableBlocks());
  sequence.computed = found * kBlockTokens;
  while (static_cast<int>(sequence.table.blocks.size()) < blocksFor(sequence.size())) {
    cache_.extend(sequence.table);
  }
  if (!sequence.lookedUp) {
    sequence.lookedUp = true;
    sequence.cachedTokens = std::min(sequence.computed, sequence.promptTokens);
    cachedTokens_ += static_cast<std::uint64_t>(sequence.cachedTokens);
    if (cache_.reuses()) lookedUpTokens_ += static_cast<std::uint64_t>(sequence.promptTokens);
    // All it can grow to, once: drawing a token allocates nothing.
    const auto most = static_cast<std::size_t>(sequence.promptTokens + sequence.sampling.maxTokens);
    sequence.tokens.reserve(most);
    sequence.hashes.reserve(most / kBlockTokens);
    sequence.table.blocks.reserve(most / kBlockTokens + 1);
    if (penalises(sequence.sampling)) {
      sequence.counts.reserve(sequence.counts.entries().size() +
                              static_cast<std::size_t>(sequence.sampling.maxTokens));
    }
  }
  sequence.running = true;
  sequence.needsMask = false;
  sequence.idleSteps = 0;
  insert(running_, sequence);
}

void Scheduler::preempt(Sequence& sequence) {
  std::erase(running_, &sequence);
  cache_.release(sequence.table);
  left_ += sequence.rows;
  sequence.needsMask = !sequence.drawable() && sequence.remaining() == 1;
  sequence.rows = 0;
  sequence.computed = 0;
  sequence.running = false;
  ++sequence.preemptions;
  ++preemptions_;
  insert(waiting_, sequence);
}

void Scheduler::countIdle() {
  for (Sequence* sequence : running_) {
    sequence->idleSteps = sequence->computable() == 0 ? sequence->idleSteps + 1 : 0;
  }
}

void Scheduler::advance(Sequence& sequence, bool share) {
  const int before = sequence.computed / kBlockTokens;
  sequence.computed += sequence.rows;
  sequence.rows = 0;
  if (!share) return;
  extendChain(sequence.hashes, sequence.tokens, sequence.salt);
  for (int full = before; full < sequence.computed / kBlockTokens; ++full) {
    cache_.seal(sequence.table, sequence.chain());
  }
}

void Scheduler::checkInvariants() const {
  std::vector<const BlockTable*> tables;
  int rows = 0;
  const Sequence* last = nullptr;
  for (const Sequence* sequence : running_) {
    const std::string name = "request " + std::to_string(sequence->id);
    SIGNALBOX_CHECK(sequence->running && (last == nullptr || goesBefore(*last, *sequence)), name);
    SIGNALBOX_CHECK(sequence->computed < sequence->size(), name);
    SIGNALBOX_CHECK(sequence->rows >= 0 && sequence->rows <= sequence->computable(), name);
    const int covered = static_cast<int>(sequence->table.blocks.size()) * kBlockTokens;
    SIGNALBOX_CHECK(sequence->computed + sequence->rows <= covered, name);
    const int sealed = cache_.reuses() ? sequence->computed / kBlockTokens : 0;
    SIGNALBOX_CHECK(sequence->table.sealed == sealed, name);
    cache_.checkTable(sequence->table, sequence->chain());
    rows += sequence->rows;
    tables.push_back(&sequence->table);
    last = sequence;
  }
  SIGNALBOX_CHECK(rows <= limits_.stepTokens, std::to_string(rows));
  SIGNALBOX_CHECK(static_cast<int>(running_.size()) <= limits_.sequencesMax, "too many run");
  last = nullptr;
  for (const Sequence* sequence : waiting_) {
    const std::string name = "request " + std::to_string(sequence->id);
    SIGNALBOX_CHECK(!sequence->running && (last == nullptr || goesBefore(*last, *sequence)), name);
    SIGNALBOX_CHECK(sequence->table.blocks.empty() && sequence->computed == 0, name);
    last = sequence;
  }
  cache_.checkInvariants(tables);
}

}  // namespace signalbox
