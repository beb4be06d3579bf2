// What this machine can do at most: the driver without a model of the engine's benchmark
// (loadtest/engine/README.md has the protocol). Tests: read, arithmetic, file, load.
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/arithmetic_probe.h"
#include "bench/protocol.h"
#include "bench/read_probe.h"
#include "bench/timed_threads.h"
#include "core/memory.h"

namespace signalbox::bench {
namespace {

/// As much as the 1.1 B model: many times any cache, also one shared with other guests.
constexpr std::size_t kReadBytesMax = std::size_t{2} << 30;
constexpr std::size_t kReadBytesMin = std::size_t{64} << 20;
constexpr double kArithmeticSeconds = 0.1;
constexpr std::size_t kFileChunk = std::size_t{8} << 20;

/// Bytes of this process on huge pages.
std::uint64_t hugeBytes() {
  std::ifstream file("/proc/self/smaps_rollup");
  for (std::string line; std::getline(file, line);) {
    std::uint64_t kilobytes = 0;
    if (std::sscanf(line.c_str(), "AnonHugePages: %lu kB", &kilobytes) == 1) return kilobytes << 10;
  }
  return 0;
}

/// Memory to read, touched, allocated on first use.
class ReadProbe {
 public:
  void test(const Json& request, Answer& answer) {
    const int threads = countOf(request, "threads", 1, 1);
    const int steps = countOf(request, "steps", 3, 1);
    prepare();
    const std::size_t part =
        buffer_.size() / static_cast<std::size_t>(threads) & ~std::size_t{2047};
    std::vector<double> best;
    for (const ReadLoop loop : readLoops()) {
      std::vector<double> seconds;
      for (int step = 0; step < steps; ++step) {
        seconds.push_back(timedOn(threads, [&](int thread) {
          const std::uint8_t* from = buffer_.bytes() + part * static_cast<std::size_t>(thread);
          // Prefetching beyond the end is harmless: it faults nothing.
          any_.fetch_or(loop(from, part), std::memory_order_relaxed);
        }));
      }
      if (best.empty() || medianOf(seconds) < medianOf(best)) best = seconds;
    }
    const double bytes = static_cast<double>(part) * threads;
    answer.number("threads", threads).number("bytes", bytes).flag("hugePages", huge_);
    answer.times(best, "gbPerSecond", bytes / 1e9);
  }

 private:
  void prepare() {
    if (buffer_.size() != 0) return;
    const std::size_t available = static_cast<std::size_t>(availableMemoryBytes() / 4);
    const std::size_t bytes = std::clamp(available, kReadBytesMin, kReadBytesMax);
    buffer_ = HugeBuffer(roundUp(bytes, std::size_t{2} << 20), "the read probe");
    auto* words = buffer_.as<std::uint64_t>();
    for (std::size_t i = 0; i < buffer_.size() / sizeof *words; ++i) words[i] = i;
    huge_ = hugeBytes() >= buffer_.size() / 10 * 9;
  }

  HugeBuffer buffer_;
  bool huge_ = false;
  std::atomic<std::uint64_t> any_{0};
};

void arithmeticTest(const Json& request, Answer& answer) {
  const int threads = countOf(request, "threads", 1, 1);
  const int steps = countOf(request, "steps", 5, 1);
  const std::string asked = textOf(request, "kind", "");
  for (const ArithmeticKind& kind : arithmeticKinds()) {
    if (!asked.empty() && asked != kind.name) continue;
    if (!kind.here()) {
      if (asked.empty()) continue;
      throw EngineError(ErrorCode::kInvalidRequest, asked + " is not on this machine");
    }
    std::vector<std::unique_ptr<Operands>> operands;
    for (int i = 0; i < threads; ++i) {
      operands.push_back(
          std::make_unique<Operands>(0x9e3779b97f4a7c15u + static_cast<unsigned>(i)));
    }
    const auto run = [&](long rounds) {
      return timedOn(threads, [&](int thread) {
        kind.run(*operands[static_cast<std::size_t>(thread)], rounds);
      });
    };
    // As many rounds as fill the time; a first measurement says how many that is.
    long rounds = 10000;
    double once = run(rounds);
    while (once < kArithmeticSeconds / 10) once = run(rounds *= 4);
    rounds = static_cast<long>(static_cast<double>(rounds) * kArithmeticSeconds / once) + 1;
    std::vector<double> seconds;
    for (int step = 0; step < steps; ++step) seconds.push_back(run(rounds));
    const double flops = kind.flops * static_cast<double>(rounds) * threads;
    answer.number("threads", threads).text("kind", kind.name);
    answer.times(seconds, "gflops", flops / 1e9);
    return;
  }
  throw EngineError(ErrorCode::kInvalidRequest, asked + " is no kind of arithmetic");
}

/// A plain read of a file's bytes, as `cat FILE >/dev/null` does it, on several threads.
void fileTest(const Json& request, Answer& answer) {
  const int threads = countOf(request, "threads", 1, 1);
  const int steps = countOf(request, "steps", 2, 1);
  const std::string path = textOf(request, "file", "");
  struct stat status {};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0 || fstat(file, &status) != 0) {
    if (file >= 0) close(file);
    throw EngineError(ErrorCode::kIo, path + ": cannot be read");
  }
  const std::size_t bytes = static_cast<std::size_t>(status.st_size);
  std::vector<HugeBuffer> buffers;
  for (int i = 0; i < threads; ++i) {
    buffers.emplace_back(kFileChunk, "reading a file");
    std::fill_n(buffers.back().bytes(), kFileChunk, std::uint8_t{1});
  }
  std::atomic<bool> failed{false};
  std::vector<double> seconds;
  for (int step = 0; step < steps; ++step) {
    std::atomic<std::size_t> next{0};
    seconds.push_back(timedOn(threads, [&](int thread) {
      std::uint8_t* into = buffers[static_cast<std::size_t>(thread)].bytes();
      for (;;) {
        std::size_t at = next.fetch_add(kFileChunk);
        const std::size_t end = std::min(bytes, at + kFileChunk);
        while (at < end) {
          const ssize_t got = pread(file, into, end - at, static_cast<off_t>(at));
          if (got <= 0) {
            failed = true;
            return;
          }
          at += static_cast<std::size_t>(got);
        }
        if (end == bytes) return;
      }
    }));
  }
  close(file);
  if (failed) throw EngineError(ErrorCode::kIo, path + ": ended early or could not be read");
  answer.number("threads", threads).number("bytes", static_cast<double>(bytes));
  answer.times(seconds, "gbPerSecond", static_cast<double>(bytes) / 1e9);
}

double cpuSecondsOfThread() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

/// An outside load: one thread per CPU, each taking `share` of its CPU as measured by its own
/// clock, as far as the machine lets it.
void loadTest(const Json& request, Answer& answer) {
  const double share = numberOf(request, "share", 0.6);
  const double length = numberOf(request, "seconds", 1);
  if (!(share > 0 && share <= 1 && length > 0 && length <= 600)) {
    throw EngineError(ErrorCode::kInvalidRequest, "share is in (0, 1], seconds in (0, 600]");
  }
  const int threads = static_cast<int>(cpusAllowed().size());
  std::atomic<double> used{0};
  const double elapsed = timedOn(threads, [&](int) {
    const double start = secondsNow();
    const double startCpu = cpuSecondsOfThread();
    for (double now = start; now - start < length; now = secondsNow()) {
      if (cpuSecondsOfThread() - startCpu > share * (now - start)) {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
      }
    }
    used.fetch_add(cpuSecondsOfThread() - startCpu);
  });
  answer.number("share", used.load() / (elapsed * threads)).number("elapsed", elapsed);
}

}  // namespace
}  // namespace signalbox::bench

int main(int argc, char** argv) {
  using namespace signalbox;
  using namespace signalbox::bench;
  try {
    optionsOf(argc, argv, {});
    std::string kinds;
    for (const ArithmeticKind& kind : arithmeticKinds()) {
      if (kind.here()) kinds.append(kinds.empty() ? "" : ",").append(quoted(kind.name));
    }
    Answer().flag("ready", true).text("name", "probe").raw("kinds", "[" + kinds + "]").print();
    ReadProbe read;
    serve({
        {"read", [&](const Json& request, Answer& answer) { read.test(request, answer); }},
        {"arithmetic", arithmeticTest},
        {"file", fileTest},
        {"load", loadTest},
    });
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
  return 0;
}
