// The matrix products of a 1.1 B Llama model with cold weights, beside what memory and arithmetic
// allow in the same run: for tuning kernels_cpu.
//
//   gemm_main [--path NAME] [--threads N] [--rows 1,8,32] [--layers N] [--dtype bf16|fp8]
//             [--segments N] [--repeats N] [--hot 1]
//
// A sweep goes through all matrices of all layers, so that weights come from memory as in a model's
// step (8 layers are 840 MB of bf16, more than any cache). Times are the threads' own CPU time,
// summed and divided by their number. Shared machines change speed within milliseconds, so every
// thread multiplies from registers for some microseconds before and after each slice, and a slice
// counts when both ran at full speed; where none did, all count and the line says so. Slices of few
// rows, which memory bounds and those microseconds would distort, all count. Hot: every thread
// multiplies with the same few panels again and again, which shows what memory costs in the other
// mode.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "bench/arithmetic_probe.h"
#include "bench/protocol.h"
#include "bench/read_probe.h"
#include "bench/timed_threads.h"
#include "core/memory.h"
#include "kernels_cpu/kernels.h"

using namespace signalbox;

namespace {

struct Shape {
  const char* name;
  int outputs;
  int k;
  bool rowParallel;  // cut into segments
  Epilogue epilogue;
  bool everyLayer;
};

constexpr Shape kShapes[] = {
    {"qkv", 2560, 2048, false, Epilogue::kStore, true},
    {"o", 2048, 2048, true, Epilogue::kAdd, true},
    {"gate_up", 11264, 2048, false, Epilogue::kSiluMul, true},
    {"down", 2048, 5632, true, Epilogue::kAdd, true},
    {"head", 32000, 2048, false, Epilogue::kStore, false},
};
constexpr int kKMax = 5632;
constexpr int kOutputsMax = 32000;
constexpr int kRowsWatched = 64;

struct Options {
  std::string path;
  int threads = 2;
  std::vector<int> rows = {1, 2, 4, 8, 16, 17, 32, 48, 64, 96, 128, 256, 512};
  int layers = 8;
  WeightDtype dtype = WeightDtype::kBf16;
  int segments = 4;
  int repeats = 5;
  bool hot = false;
};

struct Matrix {
  const Shape* shape;
  std::uint8_t* weights;
};

double threadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Threads meet here between matrices; spinning, because a matrix takes a millisecond.
class Meeting {
 public:
  explicit Meeting(int threads) : threads_(threads) {}
  void wait() {
    const int generation = generation_.load();
    if (arrived_.fetch_add(1) + 1 == threads_) {
      arrived_.store(0);
      generation_.fetch_add(1);
      return;
    }
    while (generation_.load() == generation) {
    }
  }

 private:
  const int threads_;
  std::atomic<int> arrived_{0};
  std::atomic<int> generation_{0};
};

class Bench {
 public:
  Bench(const Kernels& kernels, const Options& options)
      : kernels_(kernels), options_(options), rowsMax_(*std::max_element(options.rows.begin(),
                                                                         options.rows.end())) {
    for (const bench::ArithmeticKind& kind : bench::arithmeticKinds()) {
      if (std::strcmp(kind.name, kernels.name) == 0 && kind.here()) kind_ = &kind;
    }
    std::size_t bytes = 0;
    const auto each = [&](auto&& visit) {
      for (int layer = 0; layer < options.layers; ++layer) {
        for (const Shape& shape : kShapes) {
          if (shape.everyLayer || layer == 0) visit(shape);
        }
      }
    };
    each([&](const Shape& shape) { bytes += bytesOf(shape); });
    weights_ = HugeBuffer(bytes, "weights");
    fillWeights(bytes);
    std::uint8_t* at = weights_.bytes();
    each([&](const Shape& shape) {
      matrices_.push_back({&shape, at});
      at += bytesOf(shape);
    });
    activations_ = HugeBuffer(kernels.activationBytes(rowsMax_, kKMax), "activations");
    Random16 random;
    for (std::size_t i = 0; i < activations_.size() / 2; ++i) {
      activations_.as<std::uint16_t>()[i] = random.next();
    }
    activationsOut_ = HugeBuffer(kernels.activationBytes(rowsMax_, kKMax), "activations");
    out_ = HugeBuffer(sizeof(float) * static_cast<std::size_t>(rowsMax_) * kOutputsMax, "outputs");
    for (int i = 0; i < options.threads; ++i) {
      scratch_.emplace_back(kernels.gemmScratchBytes(rowsMax_, kKMax), "scratch");
    }
    scales_.assign(kOutputsMax, 1.0f);
  }

  /// Seconds that each matrix takes all threads together.
  std::vector<double> sweep(int rows) {
    struct Slices {
      double seconds = 0;
      long panels = 0;
    };
    struct Tally {
      std::vector<Slices> all;
      std::vector<Slices> clean;
    };
    std::vector<Tally> tallies(static_cast<std::size_t>(options_.threads));
    std::vector<std::atomic<int>> counters(matrices_.size());
    Meeting meeting(options_.threads);
    bench::timedOn(options_.threads, [&](int thread) {
      Tally& tally = tallies[static_cast<std::size_t>(thread)];
      tally.all.resize(matrices_.size());
      tally.clean.resize(matrices_.size());
      kernels_.enter();
      for (int repeat = 0; repeat <= options_.repeats; ++repeat) {
        for (std::size_t i = 0; i < matrices_.size(); ++i) {
          if (thread == 0) counters[i] = 0;
          meeting.wait();
          multiply(i, rows, thread, counters[i], [&](double seconds, int panels, bool clean) {
            if (repeat == 0) return;
            for (std::vector<Slices>* slices : {&tally.all, &tally.clean}) {
              if (slices == &tally.clean && !clean) continue;
              (*slices)[i].seconds += seconds;
              (*slices)[i].panels += panels;
            }
          });
          meeting.wait();
        }
      }
      kernels_.leave();
    });
    std::vector<double> seconds;
    for (std::size_t i = 0; i < matrices_.size(); ++i) {
      Slices all;
      Slices clean;
      for (const Tally& tally : tallies) {
        all.seconds += tally.all[i].seconds;
        all.panels += tally.all[i].panels;
        clean.seconds += tally.clean[i].seconds;
        clean.panels += tally.clean[i].panels;
      }
      if (clean.panels == 0) {
        clean = all;
        ++slowMatrices_;
      }
      const double panels = matrices_[i].shape->outputs / kPanel;
      seconds.push_back(clean.seconds / static_cast<double>(clean.panels) * panels /
                        options_.threads);
    }
    return seconds;
  }
  /// Matrices of the last sweep of which no slice ran at full speed.
  int takeSlowMatrices() { return std::exchange(slowMatrices_, 0); }

  const std::vector<Matrix>& matrices() const { return matrices_; }
  std::size_t bytesOf(const Shape& shape) const {
    return kernels_.panelBytes(shape.k, options_.dtype) *
           static_cast<std::size_t>(shape.outputs / kPanel);
  }
  const HugeBuffer& weights() const { return weights_; }

 private:
  /// Whether this core multiplies from registers as fast as it ever did.
  bool fullSpeed() {
    if (kind_ == nullptr) return true;
    const long rounds = static_cast<long>(2e7 / kind_->flops);
    const double begun = threadSeconds();
    kind_->run(operands_, rounds);
    const double rate = static_cast<double>(rounds) / (threadSeconds() - begun);
    double best = bestRate_;
    while (rate > best && !bestRate_.compare_exchange_weak(best, rate)) {
    }
    return rate > 0.93 * bestRate_;
  }

  /// bf16 of both signs between 2^-8 and 1: real data is not constant, and constants run faster.
  struct Random16 {
    std::uint64_t state = 88172645463325252u;
    std::uint16_t next() {
      state ^= state << 13;
      state ^= state >> 7;
      state ^= state << 17;
      return static_cast<std::uint16_t>((state & 0x83ff) | 0x3c00);
    }
  };

  void fillWeights(std::size_t bytes) {
    std::vector<std::uint16_t> block(1 << 16);
    Random16 random;
    for (std::uint16_t& value : block) {
      value = random.next();
      // fp8: any two codes but NaN.
      if (options_.dtype == WeightDtype::kFp8) value = (value & 0x83ff) | ((value & 0x1f) << 10);
      if (options_.dtype == WeightDtype::kFp8) value &= 0xbfbf;
    }
    for (std::size_t at = 0; at < bytes; at += block.size() * 2) {
      std::memcpy(weights_.bytes() + at, block.data(), std::min(block.size() * 2, bytes - at));
    }
  }

  /// `done(seconds, panels, clean)` after each slice.
  void multiply(std::size_t index, int rows, int thread, std::atomic<int>& counter,
                const std::function<void(double, int, bool)>& done) {
    const Shape& shape = *matrices_[index].shape;
    const bool fp8 = options_.dtype == WeightDtype::kFp8;
    const int panels = shape.outputs / kPanel;
    const GemmParams params = {.weights = matrices_[index].weights,
                               .dtype = options_.dtype,
                               .scales = fp8 ? scales_.data() : nullptr,
                               .bias = nullptr,
                               .panels = panels,
                               .k = shape.k,
                               .segments = shape.rowParallel ? options_.segments : 1,
                               .activations = activations_.bytes(),
                               .rows = rows,
                               .epilogue = shape.epilogue,
                               .out = out_.as<float>(),
                               .outStride = static_cast<std::size_t>(shape.outputs),
                               .activationsOut = activationsOut_.bytes()};
    const int step = kernels_.gemmPanels(rows, shape.k);
    const std::size_t panelSize = kernels_.panelBytes(shape.k, options_.dtype);
    for (;;) {
      const int taken = counter.fetch_add(step);
      if (taken >= panels) return;
      const int first = options_.hot ? thread * step : taken;
      const int count = std::min(step, panels - taken);
      // What this thread will probably take next; at the end, its part of the next matrix.
      const int after = options_.hot ? first : first + step * options_.threads;
      const std::uint8_t* next = nullptr;
      std::size_t nextBytes = 0;
      if (after < panels) {
        next = params.weights + static_cast<std::size_t>(after) * panelSize;
        nextBytes = static_cast<std::size_t>(std::min(step, panels - after)) * panelSize;
      } else if (index + 1 < matrices_.size()) {
        const Shape& other = *matrices_[index + 1].shape;
        const int otherStep = kernels_.gemmPanels(rows, other.k);
        nextBytes =
            static_cast<std::size_t>(otherStep) * kernels_.panelBytes(other.k, options_.dtype);
        next = matrices_[index + 1].weights + static_cast<std::size_t>(thread) * nextBytes;
      }
      const bool watched = rows >= kRowsWatched;
      const bool before = !watched || fullSpeed();
      const double begun = threadSeconds();
      kernels_.gemm(params, first, count, scratch_[static_cast<std::size_t>(thread)].bytes(), next,
                    nextBytes);
      const double seconds = threadSeconds() - begun;
      done(seconds, count, before && (!watched || fullSpeed()));
    }
  }

  const Kernels& kernels_;
  const Options& options_;
  const int rowsMax_;
  const bench::ArithmeticKind* kind_ = nullptr;
  const bench::Operands operands_{1};
  std::atomic<double> bestRate_{0};
  int slowMatrices_ = 0;
  HugeBuffer weights_;
  HugeBuffer activations_;
  HugeBuffer activationsOut_;
  HugeBuffer out_;
  std::vector<HugeBuffer> scratch_;
  std::vector<float> scales_;
  std::vector<Matrix> matrices_;
};

/// As Bench::sweep counts time.
double secondsOn(int threads, const std::function<void(int)>& work) {
  std::atomic<double> spent{0};
  bench::timedOn(threads, [&](int thread) {
    const double begun = threadSeconds();
    work(thread);
    spent.fetch_add((threadSeconds() - begun) / threads);
  });
  return spent;
}

double readGigabytes(const HugeBuffer& from, int threads) {
  const std::size_t part = from.size() / static_cast<std::size_t>(threads) / 4096 * 4096;
  double best = 0;
  std::atomic<std::uint64_t> seen{0};
  for (const bench::ReadLoop read : bench::readLoops()) {
    const double seconds = secondsOn(threads, [&](int thread) {
      seen += read(from.bytes() + static_cast<std::size_t>(thread) * part, part - 8192);
    });
    best = std::max(best, static_cast<double>(part) * threads / seconds / 1e9);
  }
  return best;
}

double arithmeticGigaflops(const std::string& path, int threads) {
  static const bench::Operands operands(1);
  for (const bench::ArithmeticKind& kind : bench::arithmeticKinds()) {
    if (path != kind.name || !kind.here()) continue;
    double best = 0;
    const long rounds = static_cast<long>(2e10 / kind.flops);
    for (int repeat = 0; repeat < 2; ++repeat) {
      const double seconds = secondsOn(threads, [&](int) { kind.run(operands, rounds); });
      best = std::max(best, kind.flops * static_cast<double>(rounds) * threads / seconds / 1e9);
    }
    return best;
  }
  return 0;
}

Options parseOptions(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string key = argv[i];
    const std::string value = argv[i + 1];
    if (key == "--path") {
      options.path = value;
    } else if (key == "--threads") {
      options.threads = std::atoi(value.c_str());
    } else if (key == "--layers") {
      options.layers = std::atoi(value.c_str());
    } else if (key == "--segments") {
      options.segments = std::atoi(value.c_str());
    } else if (key == "--repeats") {
      options.repeats = std::atoi(value.c_str());
    } else if (key == "--hot") {
      options.hot = value == "1";
    } else if (key == "--dtype") {
      options.dtype = value == "fp8" ? WeightDtype::kFp8 : WeightDtype::kBf16;
    } else if (key == "--rows") {
      options.rows.clear();
      for (std::size_t at = 0; at < value.size();) {
        std::size_t used = 0;
        options.rows.push_back(std::stoi(value.substr(at), &used));
        at += used + 1;
      }
    } else {
      std::fprintf(stderr, "no such option: %s\n", key.c_str());
      std::exit(2);
    }
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  const Kernels* kernels = kernelsNamed(options.path.c_str());
  if (kernels == nullptr) {
    std::fprintf(stderr, "%s: %s\n", options.path.c_str(), whyNotHere(options.path.c_str()));
    return 1;
  }
  Bench bench(*kernels, options);
  // Machines change speed within seconds: the roofs are measured beside each line.
  const auto roofs = [&] {
    return std::pair(readGigabytes(bench.weights(), options.threads),
                     arithmeticGigaflops(kernels->name, options.threads));
  };
  std::printf("%s, %d threads, %s weights; in brackets the share of the roof beside\n",
              kernels->name, options.threads, options.dtype == WeightDtype::kFp8 ? "fp8" : "bf16");
  auto before = roofs();
  for (const int rows : options.rows) {
    const std::vector<double> seconds = bench.sweep(rows);
    double weights = 0;
    double time = 0;
    double bytes = 0;
    std::string parts;
    for (const Shape& shape : kShapes) {
      double shapeTime = 0;
      double shapeWeights = 0;
      for (std::size_t i = 0; i < seconds.size(); ++i) {
        if (bench.matrices()[i].shape != &shape) continue;
        shapeTime += seconds[i];
        shapeWeights += static_cast<double>(shape.outputs) * shape.k;
        bytes += static_cast<double>(bench.bytesOf(shape));
      }
      weights += shapeWeights;
      time += shapeTime;
      char text[64];
      std::snprintf(text, sizeof text, " %s %.0f", shape.name,
                    2 * shapeWeights * rows / shapeTime / 1e9);
      parts += text;
    }
    const double gigabytes = bytes / time / 1e9;
    const double gigaflops = 2 * weights * rows / time / 1e9;
    const auto after = roofs();
    const double read = std::max(before.first, after.first);
    const double flops = std::max(before.second, after.second);
    std::printf(
        "rows %-4d %6.2f Gweights/s %5.1f of %4.1f GB/s (%.2f) %6.0f of %4.0f GFLOP/s (%.2f) "
        "|%s%s\n",
        rows, weights / time / 1e9, gigabytes, read, gigabytes / read, gigaflops, flops,
        gigaflops / flops, parts.c_str(), bench.takeSlowMatrices() == 0 ? "" : " (slow core)");
    std::fflush(stdout);
    before = after;
  }
  return 0;
}
