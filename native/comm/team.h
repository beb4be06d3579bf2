// The threads that compute: one team per rank, all teams in one group.
//
// A step is one function run by every thread (SPMD). Inside it, work is split by `forEach`: threads
// take chunks from a counter until none is left and go on when all chunks are done, whoever did
// them. There is no barrier inside a step: a thread that the system does not schedule holds nobody
// up there, unless it holds a chunk. A step ends when all its threads have left it.
//
//   T1. Every thread of a team calls forEach in the same order with the same count.
//   T2. Waiting spins for a bounded time, then sleeps on a futex; every wait ends by the work being
//       done, by the deadline, or by the abort word.
//   T3. The deadline counts time this process ran: stopping and continuing it trips nothing.
//   T4. Under outside load the teams shrink: a thread that keeps others waiting sits out for a
//       while. Who computes what never changes a bit.
//   T5. A late rank is named: the first to notice writes {rank, step, operation} into the abort
//       word, everybody unwinds by StallError, and the group computes no more.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "core/error.h"
#include "kernels_cpu/kernels.h"

namespace signalbox {

/// A reference to a callable that outlives the call; allocates nothing.
template <class Signature>
class FunctionRef;
template <class Result, class... Arguments>
class FunctionRef<Result(Arguments...)> {
 public:
  template <class F>
    requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef>)
  FunctionRef(F&& f)  // NOLINT: implicit, like a function pointer
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(
              static_cast<Arguments>(arguments)...);
        }) {}
  Result operator()(Arguments... arguments) const {
    return call_(object_, static_cast<Arguments>(arguments)...);
  }

 private:
  void* object_;
  Result (*call_)(void*, Arguments...);
};

class StallError : public EngineError {
 public:
  StallError(int rank, std::uint64_t step, const std::string& message)
      : EngineError(ErrorCode::kStalled, message), rank(rank), step(step) {}
  const int rank;
  const std::uint64_t step;
};

/// How late somebody may be. With what unwinding takes at most, a rank is named within 2 s.
inline constexpr int kStallMillis = 1800;
/// How long threads have to leave a step after somebody was found late.
inline constexpr int kUnwindMillis = 100;

struct TeamOptions {
  int ranks = 1;
  /// Of all ranks together; at least one each is made.
  int threads = 0;  // 0: the CPUs this process may run on
  bool pin = true;  // each thread to a CPU, where there are as many as the process may run on
  int spinMicros = 40;       // in a step, before a wait sleeps
  int idleSpinMicros = 200;  // between steps
  int stallMillis = kStallMillis;
  bool shrink = true;
};

struct TeamCounters {
  int threads = 0;        // made
  int active = 0;         // taking part in the last step
  std::uint64_t shrinks = 0;
  std::uint64_t sleeps = 0;  // waits that outlasted the spin
  double waitSeconds = 0;    // of the leader, beyond the spin
};

class TeamGroup;

/// What one thread sees of its rank during a step.
class TeamMember {
 public:
  int rank() const { return rank_; }
  int ranks() const;
  /// 0 .. threads of the rank - 1.
  int thread() const { return thread_; }
  std::uint64_t step() const;
  /// Calls body(chunk) for chunks of [0, count) until all are done by the rank's threads. `what`
  /// names the operation in a stall.
  void forEach(int count, const char* what, FunctionRef<void(int)> body);
  /// Waits until `word` is at least `value`; for exchanges between ranks. `lateRank` is blamed.
  void waitAtLeast(const std::atomic<std::uint32_t>& word, std::uint32_t value, int lateRank,
                   const char* what);
  /// Sets `word` to `value` unless it is beyond, and wakes who waits for it.
  void publish(std::atomic<std::uint32_t>& word, std::uint32_t value);
  /// Throws StallError if somebody was found late.
  void checkAbort() const;

 private:
  friend class TeamGroup;
  bool waitOn(const std::atomic<std::uint32_t>& word, std::atomic<std::uint32_t>& sleepers,
              FunctionRef<bool(std::uint32_t)> reached);
  TeamGroup* group_ = nullptr;
  int rank_ = 0;
  int thread_ = 0;
  int operation_ = 0;
};

class TeamGroup {
 public:
  TeamGroup(const Kernels& kernels, const TeamOptions& options);
  ~TeamGroup();
  TeamGroup(const TeamGroup&) = delete;
  TeamGroup& operator=(const TeamGroup&) = delete;

  /// Runs `body` once on every active thread; the caller is thread 0 of rank 0, always the same
  /// thread. Returns when all have returned. At most `operations` calls of forEach per thread.
  /// Rethrows the first exception, after which every further run throws it again. A StallError may
  /// come while the late thread is still inside `body`: what that touches must outlive the group
  /// (`body` itself is copied; captures of up to 16 bytes allocate nothing).
  void run(std::uint64_t step, int operations, const std::function<void(TeamMember&)>& body);

  int ranks() const { return options_.ranks; }
  int threadsOf(int rank) const;
  TeamCounters counters() const;

 private:
  friend class TeamMember;
  struct Thread;
  struct Rank;
  struct Operation;
  class Governor;

  void start(Thread& thread, std::uint32_t generation);
  void threadMain(Thread& thread);
  void runMember(Thread& thread);
  void fail(std::exception_ptr reason);
  int lateRank() const;
  [[noreturn]] void stall(int rank, const char* what);
  void endThreads();
  void placeThreads(bool pinned);
  bool mayPin() const;

  const Kernels& kernels_;
  TeamOptions options_;
  std::vector<int> cpus_;
  std::vector<std::unique_ptr<Rank>> ranks_;
  std::vector<std::unique_ptr<Thread>> threads_;  // thread 0 is the caller of run
  std::unique_ptr<Governor> governor_;
  // The step in progress; written by the caller between steps.
  std::function<void(TeamMember&)> body_;
  std::uint64_t step_ = 0;
  std::uint32_t generation_ = 0;
  std::atomic<std::uint32_t> finished_{0};
  std::atomic<std::uint32_t> finishSleepers_{0};
  std::atomic<std::uint32_t> wordSleepers_{0};
  std::atomic<bool> stopping_{false};
  // The abort word. `failing_` is taken by the first to fail, who then writes why.
  std::atomic<bool> failing_{false};
  std::atomic<bool> failed_{false};
  std::atomic<bool> stalled_{false};  // somebody waited for the whole deadline
  std::exception_ptr failure_;
  std::atomic<std::uint64_t> sleeps_{0};
  double leaderWaitSeconds_ = 0;  // beyond the spin, in the step in progress
  TeamCounters counters_;
};

/// How many CPUs the calling thread may run on, at most as many as its control groups' quota pays
/// for.
int usableCpus();

}  // namespace signalbox
