// How the threads of a step meet, wait, shrink and fail.
#include "comm/team.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <thread>

#include "comm/futex.h"
#include "core/control_group.h"

namespace signalbox {

namespace {

using Clock = std::chrono::steady_clock;

/// A sleeping wait looks at the abort word this often, and counts at most this much towards the
/// deadline however long it slept: time in which the whole process stood still does not count.
constexpr int kSliceMillis = 20;

void pauseThread() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// True as soon as `done()`, false after about `micros`.
template <class Done>
bool spinFor(int micros, Done&& done) {
  const Clock::time_point start = Clock::now();
  for (;;) {
    for (int i = 0; i < 64; ++i) {
      if (done()) return true;
      pauseThread();
    }
    if (Clock::now() - start > std::chrono::microseconds(micros)) return done();
  }
}

/// The CPUs the calling thread may run on.
std::vector<int> allowedCpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(static_cast<std::size_t>(cpu), &set)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

void setAffinity(pid_t thread, const std::vector<int>& cpus) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (const int cpu : cpus) CPU_SET(static_cast<std::size_t>(cpu), &set);
  sched_setaffinity(thread, sizeof set, &set);  // Where it is not allowed, nothing is lost.
}

}  // namespace

int usableCpus() {
  const int allowed = static_cast<int>(allowedCpus().size());
  return std::min(allowed, quotaCpus(controlGroupsOfProcess("cpu"), allowed));
}

/// One forEach of one rank in one step. A cache line of its own.
struct alignas(64) TeamGroup::Operation {
  std::atomic<std::uint32_t> next{0};
  std::atomic<std::uint32_t> done{0};
  std::atomic<std::uint32_t> sleepers{0};
};

struct TeamGroup::Rank {
  int threads = 0;
  int active = 0;
  std::unique_ptr<Operation[]> operations;
  int capacity = 0;
  int used = 0;  // operations to reset before the next step
};

struct TeamGroup::Thread {
  TeamMember member;
  int index = 0;
  std::atomic<int> cpu{-1};
  std::atomic<pid_t> id{0};
  alignas(64) std::atomic<std::uint32_t> go{0};
  std::atomic<bool> asleep{false};
  std::uint32_t ran = 0;  // the generation it ran last
  std::atomic<std::uint32_t> ended{0};  // and has left
  std::thread thread;
};

/// Decides how many threads of a rank take part. One that the system does not schedule costs the
/// others more than it brings: when the leader spends more than a quarter of the time waiting for
/// others beyond the spin, a thread sits out for a while, longer each time that happens again.
class TeamGroup::Governor {
 public:
  explicit Governor(int threadsMax) : threadsMax_(threadsMax), active_(threadsMax) {}

  int active() const { return active_; }

  /// True when the number of threads changed.
  bool onStep(double seconds, double waited) {
    const Clock::time_point now = Clock::now();
    observed_ += seconds;
    waited_ += waited;
    if (active_ < threadsMax_ && now >= retryAt_) {
      ++active_;
      trial_ = true;
      observed_ = waited_ = 0;
      return true;
    }
    if (observed_ < kWindowSeconds) return false;
    const bool pressed = waited_ > kWaitShareMax * observed_;
    observed_ = waited_ = 0;
    if (pressed && active_ > 1) {
      --active_;
      hold_ = trial_ ? std::min(2 * hold_, kHoldMax) : kHoldMin;
      retryAt_ = now + std::chrono::duration_cast<Clock::duration>(hold_);
      ++shrinks_;
      trial_ = false;
      return true;
    }
    if (!pressed) trial_ = false;
    return false;
  }

  std::uint64_t shrinks() const { return shrinks_; }

 private:
  static constexpr double kWindowSeconds = 0.02;
  static constexpr double kWaitShareMax = 0.25;
  static constexpr std::chrono::duration<double> kHoldMin{0.1};
  static constexpr std::chrono::duration<double> kHoldMax{1.6};
  int threadsMax_;
  int active_;
  double observed_ = 0;
  double waited_ = 0;
  bool trial_ = false;
  std::chrono::duration<double> hold_{kHoldMin};
  Clock::time_point retryAt_;
  std::uint64_t shrinks_ = 0;
};

TeamGroup::TeamGroup(const Kernels& kernels, const TeamOptions& options)
    : kernels_(kernels), options_(options), cpus_(allowedCpus()) {
  SIGNALBOX_CHECK(options.ranks >= 1, std::to_string(options.ranks));
  const int wanted = options.threads > 0 ? options.threads : usableCpus();
  const int total = std::max(wanted, options.ranks);
  for (int rank = 0; rank < options.ranks; ++rank) {
    ranks_.push_back(std::make_unique<Rank>());
    ranks_[static_cast<std::size_t>(rank)]->threads =
        total / options.ranks + (rank < total % options.ranks ? 1 : 0);
  }
  for (int rank = 0, index = 0; rank < options.ranks; ++rank) {
    for (int thread = 0; thread < threadsOf(rank); ++thread, ++index) {
      auto made = std::make_unique<Thread>();
      made->index = index;
      made->member.group_ = this;
      made->member.rank_ = rank;
      made->member.thread_ = thread;
      threads_.push_back(std::move(made));
    }
  }
  governor_ = std::make_unique<Governor>(threadsOf(0));
  counters_.threads = total;
  try {
    for (std::size_t i = 1; i < threads_.size(); ++i) {
      Thread& thread = *threads_[i];
      thread.thread = std::thread([this, &thread] { threadMain(thread); });
    }
  } catch (const std::system_error& reason) {
    endThreads();
    throw EngineError(ErrorCode::kNoMemory, "the system does not start " + std::to_string(total) +
                                                " threads for the engine: " + reason.what());
  }
}

void TeamGroup::endThreads() {
  stopping_.store(true);
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    Thread& thread = *threads_[i];
    if (!thread.thread.joinable()) continue;  // It never began.
    thread.go.fetch_add(1);
    futexWakeAll(thread.go);
    thread.thread.join();
  }
}

TeamGroup::~TeamGroup() {
  endThreads();
  if (const pid_t leader = threads_[0]->id.load(); leader != 0) setAffinity(leader, cpus_);
}

int TeamGroup::threadsOf(int rank) const {
  return ranks_[static_cast<std::size_t>(rank)]->threads;
}

TeamCounters TeamGroup::counters() const {
  TeamCounters counters = counters_;
  counters.sleeps = sleeps_.load(std::memory_order_relaxed);
  return counters;
}

/// Pinned: one CPU each. Else all of them for everyone, so that the system can move what is left
/// around a busy neighbour.
void TeamGroup::placeThreads(bool pinned) {
  if (!mayPin()) return;
  for (std::size_t i = 0; i < threads_.size(); ++i) {
    Thread& thread = *threads_[i];
    const pid_t id = thread.id.load();
    if (id == 0) continue;  // Not begun yet; it places itself.
    const int cpu = pinned ? cpus_[i] : -1;
    if (thread.cpu.exchange(cpu) == cpu) continue;
    setAffinity(id, pinned ? std::vector<int>{cpu} : cpus_);
  }
}

/// Fewer threads than CPUs leave to the system which: another team would choose the same ones.
bool TeamGroup::mayPin() const { return options_.pin && threads_.size() == cpus_.size(); }

void TeamGroup::start(Thread& thread, std::uint32_t generation) {
  thread.go.store(generation);
  if (thread.asleep.load()) futexWakeAll(thread.go);
}

void TeamGroup::run(std::uint64_t step, int operations,
                    const std::function<void(TeamMember&)>& body) {
  if (failed_.load()) std::rethrow_exception(failure_);
  const Clock::time_point began = Clock::now();
  Thread& leader = *threads_[0];
  if (leader.id.load() == 0) {
    leader.id.store(gettid());
    kernels_.enter();
    placeThreads(true);
  }
  body_ = body;
  step_ = step;
  leaderWaitSeconds_ = 0;
  finished_.store(0, std::memory_order_relaxed);
  for (std::size_t r = 0; r < ranks_.size(); ++r) {
    Rank& rank = *ranks_[r];
    if (rank.capacity < operations) {
      rank.operations = std::make_unique<Operation[]>(static_cast<std::size_t>(operations));
      rank.capacity = operations;
    } else {
      for (int i = 0; i < rank.used; ++i) {
        rank.operations[i].next.store(0, std::memory_order_relaxed);
        rank.operations[i].done.store(0, std::memory_order_relaxed);
      }
    }
    rank.used = operations;
    rank.active = options_.shrink ? std::min(rank.threads, governor_->active()) : rank.threads;
  }
  ++generation_;
  std::uint32_t expected = 0;
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    Thread& thread = *threads_[i];
    if (thread.member.thread_ >= ranks_[static_cast<std::size_t>(thread.member.rank_)]->active) {
      continue;
    }
    ++expected;
    start(thread, generation_);
  }
  counters_.active = static_cast<int>(expected) + 1;
  runMember(leader);
  // After a failure the others unwind. One that is stuck is left to itself: after the deadline, or
  // soon when somebody has waited that long for it already.
  const auto finished = [expected](std::uint32_t count) { return count >= expected; };
  if (!leader.member.waitOn(finished_, finishSleepers_, finished)) {
    const int late = lateRank();
    fail(std::make_exception_ptr(StallError(
        late, step, "rank " + std::to_string(late) + " did not finish step " +
                        std::to_string(step) + " within " +
                        std::to_string(options_.stallMillis) + " ms")));
  }
  const double seconds = secondsSince(began);
  counters_.waitSeconds += leaderWaitSeconds_;
  if (options_.shrink && governor_->onStep(seconds, leaderWaitSeconds_)) {
    counters_.shrinks = governor_->shrinks();
    placeThreads(governor_->active() == threadsOf(0));
  }
  if (failed_.load()) std::rethrow_exception(failure_);
}

void TeamGroup::runMember(Thread& thread) {
  thread.member.operation_ = 0;
  try {
    body_(thread.member);
  } catch (...) {
    fail(std::current_exception());
  }
}

void TeamGroup::fail(std::exception_ptr reason) {
  if (failing_.exchange(true)) return;  // The first failure is the cause; the rest is unwinding.
  failure_ = std::move(reason);
  failed_.store(true);
}

/// Of a thread that was called for this step and has not left it.
int TeamGroup::lateRank() const {
  for (std::size_t i = 1; i < threads_.size(); ++i) {
    const Thread& thread = *threads_[i];
    if (thread.go.load() == generation_ && thread.ended.load() != generation_) {
      return thread.member.rank_;
    }
  }
  return 0;
}

void TeamGroup::stall(int rank, const char* what) {
  stalled_.store(true);
  StallError error(rank, step_,
                   "rank " + std::to_string(rank) + " did not reach \"" + what + "\" of step " +
                       std::to_string(step_) + " within " + std::to_string(options_.stallMillis) +
                       " ms");
  fail(std::make_exception_ptr(error));
  throw error;
}

void TeamGroup::threadMain(Thread& thread) {
  kernels_.enter();
  thread.id.store(gettid());
  if (mayPin()) {
    thread.cpu.store(cpus_[static_cast<std::size_t>(thread.index)]);
    setAffinity(thread.id.load(), {thread.cpu.load()});
  }
  for (;;) {
    const auto called = [&] { return thread.go.load(std::memory_order_acquire) != thread.ran; };
    if (!spinFor(options_.idleSpinMicros, called)) {
      kernels_.leave();
      thread.asleep.store(true);
      while (!called()) futexWait(thread.go, thread.ran, 1000);
      thread.asleep.store(false);
    }
    if (stopping_.load()) break;
    thread.ran = thread.go.load(std::memory_order_acquire);
    runMember(thread);
    thread.ended.store(thread.ran);
    finished_.fetch_add(1);
    if (finishSleepers_.load() != 0) futexWakeAll(finished_);
  }
  kernels_.leave();
}

int TeamMember::ranks() const { return group_->options_.ranks; }

std::uint64_t TeamMember::step() const { return group_->step_; }

void TeamMember::checkAbort() const {
  if (group_->failed_.load(std::memory_order_acquire)) std::rethrow_exception(group_->failure_);
}

/// Spins, then sleeps, until reached(word). False when the deadline came first. Returns early, as
/// if reached, never: after a failure of somebody else it throws that.
bool TeamMember::waitOn(const std::atomic<std::uint32_t>& word,
                        std::atomic<std::uint32_t>& sleepers,
                        FunctionRef<bool(std::uint32_t)> reached) {
  const auto done = [&] { return reached(word.load(std::memory_order_acquire)); };
  if (spinFor(group_->options_.spinMicros, done)) return true;
  const Clock::time_point began = Clock::now();
  group_->sleeps_.fetch_add(1, std::memory_order_relaxed);
  sleepers.fetch_add(1);
  const bool finishing = &word == &group_->finished_;
  int waitedMillis = 0;
  int unwindMillis = 0;
  bool inTime = true;
  for (;;) {
    const std::uint32_t seen = word.load();
    if (reached(seen)) break;
    if (!finishing && group_->failed_.load()) break;
    const bool unwinding = finishing && group_->stalled_.load();
    if (waitedMillis >= group_->options_.stallMillis || unwindMillis >= kUnwindMillis) {
      inTime = false;
      break;
    }
    if (futexWait(word, seen, kSliceMillis)) continue;
    waitedMillis += kSliceMillis;
    if (unwinding) unwindMillis += kSliceMillis;
  }
  sleepers.fetch_sub(1);
  if (rank_ == 0 && thread_ == 0) group_->leaderWaitSeconds_ += secondsSince(began);
  if (inTime && !done()) checkAbort();
  return inTime;
}

void TeamMember::forEach(int count, const char* what, FunctionRef<void(int)> body) {
  TeamGroup::Rank& rank = *group_->ranks_[static_cast<std::size_t>(rank_)];
  checkAbort();
  SIGNALBOX_CHECK(operation_ < rank.used, std::string(what) + " is one operation too many");
  TeamGroup::Operation& operation = rank.operations[operation_++];
  if (rank.active == 1) {
    for (int chunk = 0; chunk < count; ++chunk) body(chunk);
    return;
  }
  const std::uint32_t total = static_cast<std::uint32_t>(count);
  std::uint32_t mine = 0;
  for (;;) {
    const std::uint32_t chunk = operation.next.fetch_add(1, std::memory_order_relaxed);
    if (chunk >= total) break;
    body(static_cast<int>(chunk));
    ++mine;
  }
  if (mine != 0 && operation.done.fetch_add(mine) + mine == total &&
      operation.sleepers.load() != 0) {
    futexWakeAll(operation.done);
  }
  const auto reached = [total](std::uint32_t done) { return done >= total; };
  if (!waitOn(operation.done, operation.sleepers, reached)) group_->stall(rank_, what);
}

void TeamMember::waitAtLeast(const std::atomic<std::uint32_t>& word, std::uint32_t value,
                             int lateRank, const char* what) {
  // Numbers wrap after four billion exchanges; the distance does not.
  const auto reached = [value](std::uint32_t now) {
    return static_cast<std::int32_t>(now - value) >= 0;
  };
  if (!waitOn(word, group_->wordSleepers_, reached)) group_->stall(lateRank, what);
}

void TeamMember::publish(std::atomic<std::uint32_t>& word, std::uint32_t value) {
  std::uint32_t seen = word.load();
  while (static_cast<std::int32_t>(value - seen) > 0) {
    if (word.compare_exchange_weak(seen, value)) {
      if (group_->wordSleepers_.load() != 0) futexWakeAll(word);
      return;
    }
  }
}

}  // namespace signalbox
