// Runs a kernel's source on the CPU, one block at a time, for tests without a GPU.
//
//   E1. A block's threads are fibers; whenever several may go on, their order is drawn from the
//       launch's seed, so that a missing barrier shows. Under ThreadSanitizer they are real
//       threads, and it reports races in shared and global memory.
//   E2. Shared memory has exactly the bytes of the launch and begins as 0xff: NaN, or -1.
//   E3. What threads do together (barriers, shuffles, matrix products) happens once all have come;
//       different things at one meeting, and a meeting that can never be full, are errors.
//   E4. An asynchronous copy is made when it is waited for, not before.
//   E5. What a barrier with phases waits for beside threads happens at once or later, as drawn; it
//       has to be over when the block ends. Fibers only.
//
// Not shown: the order in which one block's writes reach another, alignment, occupancy, fast
// arithmetic. Blocks run one after the other: a kernel that waits for another block would hang.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#if defined(__SANITIZE_THREAD__)
#include <condition_variable>
#include <mutex>
#include <thread>
#else
#include <ucontext.h>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace signalbox::emulation {

inline constexpr int kWarp = 32;
inline constexpr int kGroup = 4 * kWarp;
inline constexpr int kThreadsMax = 1024;
inline constexpr std::size_t kStackBytes = 128 * 1024;

#if defined(__SANITIZE_THREAD__)
inline constexpr bool kRealThreads = true;
#else
inline constexpr bool kRealThreads = false;
#endif

/// A kernel did what no device allows.
class KernelError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What the threads of a block or of a warp do together.
struct Meeting {
  int size = 0;
  int arrived = 0;
  unsigned generation = 0;
  const char* what = nullptr;  // of the threads that have arrived
  std::vector<void*> shown;    // what each brought, by its place
#if defined(__SANITIZE_THREAD__)
  std::mutex lock;
  std::condition_variable changed;
#endif
};

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
};

/// A product of a warpgroup that was begun: where the thread's registers are.
struct GroupProduct {
  float* c;
  const std::uint32_t* a;
  std::uint64_t descriptor;
};

/// An mbarrier.
struct Phases {
  Meeting ended;  // its generation is how many have
  int expected = 0;
  int missing = 0;  // arrivals
  std::int64_t bytes = 0;  // announced and not arrived
};

struct Block;

#if !defined(__SANITIZE_THREAD__)
/// Where a stack goes on: its frame, its address of code, its top.
struct Place {
  void* words[5];
};

/// In a function of its own: the compiler takes a jump for one to the setjmp beside it.
[[noreturn, gnu::noinline, gnu::no_sanitize_address]] inline void jumpTo(Place& to) {
  __builtin_longjmp(to.words, 1);
}
/// Leaves this stack at `from`, and returns when somebody jumps there. Neither swapcontext, which
/// asks for the signal mask twice, nor longjmp, which under AddressSanitizer makes the whole stack
/// that is left readable: each was most of a kernel's time, and the second hid overruns of what
/// lies there.
[[gnu::noinline, gnu::no_sanitize_address]] inline void change(Place& from, Place& to) {
  if (__builtin_setjmp(from.words) == 0) jumpTo(to);
}

/// What runs one thread after the other, of this launch and the next: to begin one asks the system
/// for its signal mask, which takes longer than most threads of a kernel.
struct Fiber {
  ucontext_t beginning{};
  bool begun = false;
  Place place;  // where it goes on
  std::unique_ptr<char[]> stack;
  void* shadow = nullptr;  // AddressSanitizer's
};
#endif

struct Thread {
  Block* block = nullptr;
  int index = 0;
  bool finished = false;
  std::vector<Copy> copies;                // not committed yet
  std::deque<std::vector<Copy>> committed;  // oldest first
  std::vector<GroupProduct> products;
  bool mayMultiply = false;
#if !defined(__SANITIZE_THREAD__)
  Meeting* waitsAt = nullptr;
  unsigned waitsFor = 0;  // until the meeting's generation is another
  std::unique_ptr<Fiber> fiber;
#endif
};

struct Grid {
  int x = 1;
  int y = 1;
};

struct Block {
  Grid grid;
  int x = 0;
  int y = 0;
  std::vector<Thread> threads;
  std::unique_ptr<std::uint8_t[]> shared;
  Meeting all;
  std::deque<Meeting> warps;
  std::deque<Meeting> groups;  // of four warps
  std::map<const void*, Phases> phases;  // by place in shared memory
  std::vector<std::function<void()>> later;
  std::function<void()> body;
  std::mt19937_64 random;
  std::exception_ptr failure;
#if !defined(__SANITIZE_THREAD__)
  Place scheduler;
  const void* home = nullptr;  // the scheduler's stack, for AddressSanitizer
  std::size_t homeBytes = 0;
#endif
};

inline thread_local Thread* self = nullptr;

inline Meeting& warpOf(const Thread& thread) {
  return thread.block->warps[static_cast<std::size_t>(thread.index / kWarp)];
}

/// Called by a thread that arrives; the last one does it, and the others may go on.
template <class Do>
void arrive(Meeting& meeting, int place, const char* what, void* mine, const Do& action) {
  if (meeting.arrived > 0 && meeting.what != what && std::strcmp(meeting.what, what) != 0) {
    throw KernelError(std::string("at one meeting some threads come for ") + meeting.what +
                      " and some for " + what);
  }
  meeting.what = what;
  meeting.shown[static_cast<std::size_t>(place)] = mine;
  if (++meeting.arrived < meeting.size) return;
  action(meeting.shown);
  meeting.arrived = 0;
  ++meeting.generation;
}

#if defined(__SANITIZE_THREAD__)

template <class Do>
void meet(Meeting& meeting, int place, const char* what, void* mine, const Do& action) {
  std::unique_lock hold(meeting.lock);
  const unsigned before = meeting.generation;
  arrive(meeting, place, what, mine, action);
  meeting.changed.notify_all();
  meeting.changed.wait(hold, [&] { return meeting.generation != before; });
}

inline void leave(Meeting& meeting) {
  const std::unique_lock hold(meeting.lock);
  --meeting.size;
  if (meeting.size > 0 && meeting.arrived == meeting.size) {
    meeting.arrived = 0;
    ++meeting.generation;
  }
  meeting.changed.notify_all();
}

inline void runBlock(Block& block) {
  std::vector<std::thread> running;
  for (Thread& thread : block.threads) {
    running.emplace_back([&block, &thread] {
      self = &thread;
      block.body();
      leave(block.all);
    });
  }
  for (std::thread& one : running) one.join();
}

#else

inline void giveWay(Thread& thread) {
  Block& block = *thread.block;
  Fiber& fiber = *thread.fiber;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&fiber.shadow, block.home, block.homeBytes);
#endif
  change(fiber.place, block.scheduler);
#if defined(__SANITIZE_ADDRESS__)
  Block& next = *self->block;  // Another launch's, when the fiber went on with a new thread.
  __sanitizer_finish_switch_fiber(fiber.shadow, &next.home, &next.homeBytes);
#endif
}

/// Even the last to arrive gives way: otherwise it would always go on first.
template <class Do>
void meet(Meeting& meeting, int place, const char* what, void* mine, const Do& action) {
  Thread& thread = *self;
  thread.waitsAt = &meeting;
  thread.waitsFor = meeting.generation;
  arrive(meeting, place, what, mine, action);
  giveWay(thread);
}

inline void runThread(Thread& thread) {
  Block& block = *thread.block;
  try {
    block.body();
  } catch (...) {
    if (!block.failure) block.failure = std::current_exception();
  }
  thread.finished = true;
  // Barriers of the block do not count those who have ended; a warp's shuffle would read them.
  --block.all.size;
  if (block.all.size > 0 && block.all.arrived == block.all.size) {
    block.all.arrived = 0;
    ++block.all.generation;
  }
}

inline void enterFiber() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &self->block->home, &self->block->homeBytes);
#endif
  for (;;) {
    runThread(*self);
    giveWay(*self);
  }
}

/// The fiber's first time; as `change`.
[[gnu::noinline, gnu::no_sanitize_address]] inline void begin(Place& from, Fiber& fiber) {
  fiber.begun = true;
  if (__builtin_setjmp(from.words) == 0) setcontext(&fiber.beginning);
}

inline void goOn(Block& block, Thread& thread) {
  self = &thread;
  thread.waitsAt = nullptr;
  Fiber& fiber = *thread.fiber;
#if defined(__SANITIZE_ADDRESS__)
  void* shadow = nullptr;
  __sanitizer_start_switch_fiber(&shadow, fiber.stack.get(), kStackBytes);
#endif
  if (fiber.begun) {
    change(block.scheduler, fiber.place);
  } else {
    begin(block.scheduler, fiber);
  }
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(shadow, nullptr, nullptr);
#endif
  self = nullptr;
}

/// Those that wait for a thread, of launches that have ended.
inline thread_local std::vector<std::unique_ptr<Fiber>> spareFibers;

inline std::unique_ptr<Fiber> takeFiber() {
  if (!spareFibers.empty()) {
    std::unique_ptr<Fiber> fiber = std::move(spareFibers.back());
    spareFibers.pop_back();
    return fiber;
  }
  auto fiber = std::make_unique<Fiber>();
  fiber->stack = std::make_unique_for_overwrite<char[]>(kStackBytes);
  getcontext(&fiber->beginning);
  fiber->beginning.uc_stack.ss_sp = fiber->stack.get();
  fiber->beginning.uc_stack.ss_size = kStackBytes;
  fiber->beginning.uc_link = nullptr;
  makecontext(&fiber->beginning, enterFiber, 0);
  return fiber;
}

inline void runBlock(Block& block) {
  for (Thread& thread : block.threads) {
    if (!thread.fiber) thread.fiber = takeFiber();
  }
  std::vector<Thread*> ready;
  for (;;) {
    ready.clear();
    bool unfinished = false;
    for (Thread& thread : block.threads) {
      if (thread.finished) continue;
      unfinished = true;
      if (thread.waitsAt == nullptr || thread.waitsAt->generation != thread.waitsFor) {
        ready.push_back(&thread);
      }
    }
    if (!block.later.empty() && (ready.empty() || block.random() % 4 == 0)) {
      if (!unfinished) throw KernelError("a block ended before what it had begun");
      const auto at = static_cast<std::ptrdiff_t>(block.random() % block.later.size());
      const std::function<void()> now = std::move(*(block.later.begin() + at));
      block.later.erase(block.later.begin() + at);
      now();
      continue;
    }
    if (!unfinished) return;
    if (ready.empty()) {
      throw KernelError("deadlock: some threads wait for others that never come");
    }
    std::shuffle(ready.begin(), ready.end(), block.random);
    for (Thread* thread : ready) {
      goOn(block, *thread);
      if (block.failure) std::rethrow_exception(block.failure);
    }
  }
}

/// `action` is done now or, where its seed says so, when others have gone on.
inline void sometime(std::function<void()> action) {
  Block& block = *self->block;
  if (block.random() % 2 == 0) return action();
  block.later.push_back([&block, action] {
    self = &block.threads.front();  // Of whose block it is.
    action();
  });
}

inline void makePhases(const void* at, int arrivals) {
  Phases& phases = self->block->phases[at];
  phases.expected = phases.missing = arrivals;
}
inline Phases& phasesAt(const void* at) {
  const auto found = self->block->phases.find(at);
  if (found == self->block->phases.end()) throw KernelError("a barrier that nobody made");
  return found->second;
}
inline void endPhase(Phases& phases) {
  if (phases.missing > 0 || phases.bytes != 0) return;
  phases.missing = phases.expected;
  ++phases.ended.generation;
}
inline void arriveAt(const void* at, int bytes) {
  Phases& phases = phasesAt(at);
  if (phases.missing == 0) throw KernelError("more arrivals than a barrier expects");
  phases.bytes += bytes;
  --phases.missing;
  endPhase(phases);
}
inline void arrived(const void* at, int bytes) {
  Phases& phases = phasesAt(at);
  phases.bytes -= bytes;
  endPhase(phases);
}
inline void waitPhase(const void* at, std::uint32_t parity) {
  Phases& phases = phasesAt(at);
  while (phases.ended.generation % 2 == parity) {
    self->waitsAt = &phases.ended;
    self->waitsFor = phases.ended.generation;
    giveWay(*self);
  }
}

#endif

struct Launch {
  Grid grid;
  int threads = kWarp;  // of a block, whole warps
  std::size_t sharedBytes = 0;
  std::uint64_t seed = 1;
};

/// kernel<<<grid, threads, sharedBytes>>>(arguments...). Throws KernelError.
template <class Kernel, class... Arguments>
void launch(const Launch& how, Kernel kernel, const Arguments&... arguments) {
  if (how.threads <= 0 || how.threads > kThreadsMax || how.threads % kWarp != 0) {
    throw KernelError("a block has 32 to 1024 threads, in whole warps");
  }
  Block block;
  block.grid = how.grid;
  block.random.seed(how.seed);
  block.threads = std::vector<Thread>(static_cast<std::size_t>(how.threads));
  block.warps.resize(static_cast<std::size_t>(how.threads / kWarp));
  block.all.shown.resize(static_cast<std::size_t>(how.threads));
  for (Meeting& warp : block.warps) warp.shown.resize(kWarp);
  block.groups.resize(static_cast<std::size_t>(how.threads / kGroup));
  for (Meeting& group : block.groups) group.shown.resize(kGroup);
  block.shared = std::make_unique<std::uint8_t[]>(how.sharedBytes);
  block.body = [&] { kernel(arguments...); };
  for (block.y = 0; block.y < how.grid.y; ++block.y) {
    for (block.x = 0; block.x < how.grid.x; ++block.x) {
      std::memset(block.shared.get(), 0xff, how.sharedBytes);
      block.all.size = how.threads;
      for (Meeting& warp : block.warps) warp.size = kWarp;
      for (Meeting& group : block.groups) group.size = kGroup;
      block.phases.clear();
      int index = 0;
      for (Thread& thread : block.threads) {
        thread.block = &block;
        thread.index = index++;
        thread.finished = false;
        thread.copies.clear();
        thread.committed.clear();
        thread.products.clear();
        thread.mayMultiply = false;
#if !defined(__SANITIZE_THREAD__)
        thread.waitsAt = nullptr;
#endif
      }
      runBlock(block);
    }
  }
#if !defined(__SANITIZE_THREAD__)
  for (Thread& thread : block.threads) spareFibers.push_back(std::move(thread.fiber));
#endif
}

/// All lanes of the warp show `mine`; once they have, `action(shown)` is done, once, with the
/// pointers of all 32.
template <class Mine, class Do>
void withWarp(const char* what, Mine& mine, const Do& action) {
  Thread& thread = *self;
  meet(warpOf(thread), thread.index % kWarp, what, &mine, [&](const std::vector<void*>& shown) {
    Mine* lanes[kWarp];
    for (std::size_t i = 0; i < kWarp; ++i) lanes[i] = static_cast<Mine*>(shown[i]);
    action(lanes);
  });
}

/// The same for the four warps of a warpgroup.
template <class Mine, class Do>
void withGroup(const char* what, Mine& mine, const Do& action) {
  Thread& thread = *self;
  Meeting& group = thread.block->groups[static_cast<std::size_t>(thread.index / kGroup)];
  meet(group, thread.index % kGroup, what, &mine, [&](const std::vector<void*>& shown) {
    Mine* threads[kGroup];
    for (std::size_t i = 0; i < kGroup; ++i) threads[i] = static_cast<Mine*>(shown[i]);
    action(threads);
  });
}

inline void withBlock(const char* what) {
  Thread& thread = *self;
  meet(thread.block->all, thread.index, what, nullptr, [](const std::vector<void*>&) {});
}

}  // namespace signalbox::emulation
