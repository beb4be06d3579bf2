// The same work on several pinned threads at once, timed from the first start to the last end.
#pragma once

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <vector>

#include "bench/protocol.h"

namespace signalbox::bench {

/// The CPUs this process may use, in order.
inline std::vector<int> cpusAllowed() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> cpus;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
      if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
    }
  }
  if (cpus.empty()) cpus.push_back(0);
  return cpus;
}

/// Seconds of `work(thread)` on `threads` threads. Each is pinned to a CPU of its own while there
/// are enough, and begins when all of them stand.
inline double timedOn(int threads, const std::function<void(int)>& work) {
  const std::vector<int> cpus = cpusAllowed();
  const std::size_t count = static_cast<std::size_t>(threads);
  std::vector<double> begun(count);
  std::vector<double> ended(count);
  std::atomic<int> standing{0};
  std::vector<std::thread> team;
  for (std::size_t i = 0; i < count; ++i) {
    team.emplace_back([&, i] {
      if (count <= cpus.size()) {
        cpu_set_t own;
        CPU_ZERO(&own);
        CPU_SET(cpus[i], &own);
        sched_setaffinity(0, sizeof own, &own);  // Unpinned it measures too, only less steadily.
      }
      standing.fetch_add(1);
      while (standing.load() < threads) std::this_thread::yield();
      begun[i] = secondsNow();
      work(static_cast<int>(i));
      ended[i] = secondsNow();
    });
  }
  for (std::thread& thread : team) thread.join();
  return *std::max_element(ended.begin(), ended.end()) -
         *std::min_element(begun.begin(), begun.end());
}

}  // namespace signalbox::bench
