// Threads of a step: every chunk once, whoever is late is named, a busy machine shrinks the team.
#include "comm/team.h"

#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <set>
#include <string>
#include <thread>

#include "engine/engine.h"
#include "model/cpu_runner.h"
#include "test/check.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

const Kernels& noKernels() {
  static const Kernels kernels = [] {
    Kernels none{};
    none.enter = [] {};
    none.leave = [] {};
    return none;
  }();
  return kernels;
}

TeamOptions options(int ranks, int threads) {
  TeamOptions made;
  made.ranks = ranks;
  made.threads = threads;
  made.shrink = false;
  return made;
}

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

}  // namespace

TEST("every chunk is done exactly once before anyone goes on") {
  Random random(testSeed());
  std::uint64_t shared = 0;  // steps in which more than one thread had work
  for (const auto& [ranks, threads] : {std::pair{1, 1}, {1, 3}, {2, 4}, {4, 4}}) {
    TeamGroup group(noKernels(), options(ranks, threads));
    for (std::uint64_t step = 0; step < 200; ++step) {
      const int chunks = random.between(0, 40);
      std::vector<std::atomic<int>> hits(static_cast<std::size_t>(ranks * 3 * (chunks + 1)));
      std::atomic<int> early{0};
      std::atomic<std::uint32_t> threadsSeen{0};
      group.run(step, 3, [&](TeamMember& member) {
        for (int operation = 0; operation < 3; ++operation) {
          const auto slot = [&](int op, int chunk) -> std::atomic<int>& {
            return hits[static_cast<std::size_t>((member.rank() * 3 + op) * (chunks + 1) + chunk)];
          };
          if (operation > 0) {
            for (int chunk = 0; chunk < chunks; ++chunk) {
              if (slot(operation - 1, chunk).load(std::memory_order_relaxed) != 1) ++early;
            }
          }
          member.forEach(chunks, "count", [&](int chunk) {
            slot(operation, chunk).fetch_add(1, std::memory_order_relaxed);
            threadsSeen |= 1u << (member.rank() * 8 + member.thread());
          });
        }
      });
      for (int rank = 0; rank < ranks; ++rank) {
        for (int op = 0; op < 3; ++op) {
          for (int chunk = 0; chunk < chunks; ++chunk) {
            CHECK(hits[static_cast<std::size_t>((rank * 3 + op) * (chunks + 1) + chunk)] == 1);
          }
        }
      }
      CHECK_SAY(early == 0, early << " chunks were not done");
      shared += (threadsSeen & (threadsSeen - 1)) != 0 ? 1 : 0;
    }
  }
  CHECK(shared > 0);
}

TEST("a rank that does not come is named within the deadline, and the group says so ever after") {
  TeamOptions late = options(4, 4);
  late.stallMillis = 300;
  TeamGroup group(noKernels(), late);
  std::atomic<bool> released{false};
  std::atomic<std::uint32_t> word{0};
  const auto body = [&](TeamMember& member) {
    if (member.rank() == 2) {
      while (!released.load()) {
        std::this_thread::yield();
        try {
          member.checkAbort();
        } catch (...) {
          released.store(true);
        }
      }
      return;
    }
    member.waitAtLeast(word, 1, 2, "all-reduce 7");
  };
  const Clock::time_point start = Clock::now();
  CHECK_THROWS(group.run(17, 1, body), ErrorCode::kStalled,
               "rank 2 did not reach \"all-reduce 7\" of step 17");
  CHECK_SAY(since(start) < 2, since(start) << " s");
  CHECK(released.load());
  CHECK_THROWS(group.run(18, 1, body), ErrorCode::kStalled, "step 17");
}

TEST("a rank that nobody waits for in the step is named at its end") {
  TeamOptions late = options(3, 3);
  late.stallMillis = 200;
  TeamGroup group(noKernels(), late);
  const auto body = [&](TeamMember& member) {
    if (member.rank() != 1) return;
    for (;;) {
      std::this_thread::yield();
      member.checkAbort();
    }
  };
  CHECK_THROWS(group.run(5, 1, body), ErrorCode::kStalled, "rank 1 did not finish step 5");
}

TEST("a thread stuck inside a chunk is found by its own rank") {
  TeamOptions late = options(1, 2);
  late.stallMillis = 200;
  TeamGroup group(noKernels(), late);
  std::atomic<int> stuck{0};
  std::atomic<int> here{0};
  const auto body = [&](TeamMember& member) {
    member.forEach(2, "product", [&](int) {
      // Both threads hold a chunk, so that one of them waits for the other.
      ++here;
      while (here.load() < 2) std::this_thread::yield();
      if (member.thread() == 1) {
        ++stuck;
        for (;;) {
          std::this_thread::yield();
          member.checkAbort();
        }
      }
    });
  };
  CHECK_THROWS(group.run(3, 1, body), ErrorCode::kStalled, "rank 0 did not reach \"product\"");
  CHECK(stuck == 1);
}

TEST("by default a rank is named within 2 s, though it never leaves the step") {
  constexpr int kSlack = 40;  // a wait looks up every 20 ms
  CHECK(TeamOptions{}.stallMillis + kUnwindMillis + kSlack < 2000);
  CHECK(EngineOptions{}.stallMillis == TeamOptions{}.stallMillis);
  CHECK(RunnerOptions{}.stallMillis == TeamOptions{}.stallMillis);

  TeamOptions late = options(2, 2);
  late.stallMillis = 3000;  // long beside kUnwindMillis: a second wait of it would show
  std::atomic<bool> released{false};
  std::atomic<std::uint32_t> word{0};
  TeamGroup group(noKernels(), late);
  const Clock::time_point start = Clock::now();
  const auto body = [&](TeamMember& member) {
    if (member.rank() == 1) {
      // Deaf to the abort word; not for ever, or a failure here would never end.
      while (!released.load() && since(start) < 20) {
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
      }
    } else {
      member.waitAtLeast(word, 1, 1, "sums");
    }
  };
  CHECK_THROWS(group.run(4, 1, body), ErrorCode::kStalled, "rank 1 did not reach \"sums\"");
  const double took = since(start);
  released.store(true);
  CHECK_SAY(took < 2 * late.stallMillis / 1e3, took << " s");
}

#if !defined(__SANITIZE_THREAD__)  // which has no processes made by fork that start threads
TEST("threads that the system does not start are an error, not the end of the process") {
  for (const rlim_t most : {1, 3}) {
    const pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
      // The limit is for users other than root, and counts all of theirs.
      if (geteuid() == 0 && setuid(65534) != 0) _exit(2);
      const rlimit limit{most, most};
      if (setrlimit(RLIMIT_NPROC, &limit) != 0) _exit(3);
      try {
        TeamGroup group(noKernels(), options(2, 8));
        _exit(4);
      } catch (const EngineError& reason) {
        const bool named = std::string(reason.what()).find("8 threads") != std::string::npos;
        _exit(reason.code() == ErrorCode::kNoMemory && named ? 0 : 5);
      }
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_SAY(status == 0, "wait status " << status << " at a limit of " << most);
  }
}
#endif

TEST("threads have CPUs of their own only where the team fills all that the process may use") {
  cpu_set_t allowed;
  CHECK(sched_getaffinity(0, sizeof allowed, &allowed) == 0);
  const int cpus = CPU_COUNT(&allowed);
  for (const int threads : {cpus - 1, cpus, cpus + 1}) {
    if (threads < 1) continue;
    std::atomic<int> alone{0};
    std::thread([&] {
      TeamGroup group(noKernels(), options(1, threads));
      group.run(1, 1, [&](TeamMember&) {
        cpu_set_t mine;
        if (sched_getaffinity(0, sizeof mine, &mine) != 0) throw std::runtime_error("affinity");
        if (CPU_COUNT(&mine) == 1) ++alone;
      });
    }).join();
    // With one CPU there is nothing to choose.
    const int expected = cpus == 1 || threads == cpus ? threads : 0;
    CHECK_SAY(alone == expected, alone << " of " << threads << " threads on " << cpus << " CPUs");
  }
}

TEST("an exception of any thread comes out of run, the others unwind") {
  for (int thrower = 0; thrower < 3; ++thrower) {
    TeamGroup group(noKernels(), options(3, 3));
    std::atomic<std::uint32_t> word{0};
    const auto body = [&](TeamMember& member) {
      if (member.rank() == thrower) throw EngineError(ErrorCode::kInternal, "deliberate");
      member.waitAtLeast(word, 1, thrower, "never");
    };
    const Clock::time_point start = Clock::now();
    CHECK_THROWS(group.run(1, 1, body), ErrorCode::kInternal, "deliberate");
    CHECK_SAY(since(start) < 1, since(start) << " s");
  }
}

TEST("ranks exchange by published numbers, also when those wrap") {
  TeamGroup group(noKernels(), options(2, 2));
  std::atomic<std::uint32_t> words[2] = {0xfffffff0u, 0xfffffff0u};
  int sums[2] = {0, 0};
  int values[2] = {0, 0};
  group.run(0, 1, [&](TeamMember& member) {
    const int me = member.rank();
    for (std::uint32_t round = 1; round <= 64; ++round) {
      values[me] += me + 1;
      member.publish(words[me], 0xfffffff0u + 2 * round - 1);
      member.waitAtLeast(words[1 - me], 0xfffffff0u + 2 * round - 1, 1 - me, "values");
      sums[me] += values[1 - me];
      member.publish(words[me], 0xfffffff0u + 2 * round);
      member.waitAtLeast(words[1 - me], 0xfffffff0u + 2 * round, 1 - me, "sums");
    }
  });
  CHECK_SAY(sums[0] == 2 * 64 * 65 / 2, sums[0]);
  CHECK_SAY(sums[1] == 64 * 65 / 2, sums[1]);
}

TEST("a team under outside load shrinks, and every chunk is still done once") {
  TeamOptions loaded = options(1, usableCpus() + 1);
  loaded.shrink = true;
  // More threads than CPUs and as many busy neighbours: somebody is always waited for.
  std::atomic<bool> stop{false};
  std::vector<std::thread> neighbours;
  for (int i = 0; i < usableCpus(); ++i) {
    neighbours.emplace_back([&] {
      while (!stop.load()) {}
    });
  }
  std::uint64_t shrinks = 0;
  std::uint64_t wrong = 0;
  {
    TeamGroup group(noKernels(), loaded);
    const Clock::time_point start = Clock::now();
    for (std::uint64_t step = 0; shrinks == 0 && since(start) < 20; ++step) {
      std::atomic<int> done{0};
      group.run(step, 8, [&](TeamMember& member) {
        for (int operation = 0; operation < 8; ++operation) {
          member.forEach(16, "work", [&](int) {
            const Clock::time_point began = Clock::now();
            while (since(began) < 50e-6) {}
            ++done;
          });
        }
      });
      wrong += done != 8 * 16 ? 1 : 0;
      shrinks = group.counters().shrinks;
    }
  }
  stop.store(true);
  for (std::thread& neighbour : neighbours) neighbour.join();
  CHECK(shrinks > 0);
  CHECK(wrong == 0);
}

namespace {

/// What the system says of a thread of this process: 'R' runs, 'S' sleeps.
char stateOf(pid_t thread) {
  std::ifstream file("/proc/self/task/" + std::to_string(thread) + "/stat");
  std::string line;
  std::getline(file, line);
  const std::size_t name = line.rfind(") ");
  return name == std::string::npos ? '?' : line[name + 2];
}

constexpr int kShortStallMillis = 1000;

/// Stops this process while rank 0 waits for rank 1; true if both then go on.
bool computesOnAfterStop() {
  TeamOptions made = options(2, 2);
  made.pin = false;
  made.stallMillis = kShortStallMillis;
  TeamGroup group(noKernels(), made);
  std::atomic<std::uint32_t> word{0};
  std::atomic<int> done{0};
  group.run(1, 1, [&](TeamMember& member) {
    if (member.rank() == 0) {
      member.waitAtLeast(word, 1, 1, "the stopped rank");
      return;
    }
    while (stateOf(getpid()) != 'S') std::this_thread::yield();
    raise(SIGSTOP);  // All threads, at once; the parent lets them go on.
    // Rank 0 wakes first, and looks at its deadline before there is anything to see.
    std::this_thread::sleep_for(std::chrono::milliseconds(kShortStallMillis / 10));
    member.publish(word, 1);
  });
  group.run(2, 1, [&](TeamMember& member) { member.forEach(5, "work", [&](int) { ++done; }); });
  return done == 10;
}

}  // namespace

TEST("a process that is stopped for longer than the deadline, and continued, computes on") {
  std::fflush(stdout);
  const pid_t child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    try {
      _exit(computesOnAfterStop() ? 0 : 1);
    } catch (const std::exception& reason) {
      std::fprintf(stderr, "the stopped process: %s\n", reason.what());
      _exit(2);
    }
  }
  int status = 0;
  CHECK(waitpid(child, &status, WUNTRACED) == child);
  CHECK_SAY(WIFSTOPPED(status), "ended before it stopped: " << status);
  std::this_thread::sleep_for(std::chrono::milliseconds(kShortStallMillis * 6 / 5));
  CHECK(kill(child, SIGCONT) == 0);
  CHECK(waitpid(child, &status, 0) == child);
  CHECK_SAY(WIFEXITED(status) && WEXITSTATUS(status) == 0, "ended with " << status);
}

TEST_MAIN
