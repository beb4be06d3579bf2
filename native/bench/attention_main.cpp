// Attention, append and norms apart from a model, beside what memory allows in the same run: for
// tuning kernels_cpu.
//
//   attention_main [--path NAME] [--threads N] [--heads N] [--kv-heads N] [--head-dim N]
//                  [--depth N] [--rows N] [--megabytes N] [--repeats N] [--decode 0] [--prefill 0]
//
// decode one row at `depth` over as many layers as `megabytes` of bf16 cache hold, so that keys and
//          values come from memory as in a model's step; the same layers in fp8 are half of that
// prefill  `rows` rows from position 0, a layer's worth
//
// Blocks lie in random order. Of each call, 10 to 100 microseconds, the best of the repeats counts,
// and the sum of these is divided by the threads: on a shared machine others only ever take time
// away.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "bench/protocol.h"
#include "bench/read_probe.h"
#include "bench/timed_threads.h"
#include "core/memory.h"
#include "kernels_cpu/kernels.h"

using namespace signalbox;

namespace {

struct Options {
  std::string path;
  int threads = 2;
  int heads = 16;
  int kvHeads = 8;
  int headDim = 64;
  int depth = 2048;
  int rows = 512;
  int megabytes = 512;
  int repeats = 7;
  int decode = 1;   // 0: leave it out
  int prefill = 1;  // 0: leave it out
};

/// Roughly normal, mean 0, variance 1: real data is not constant, and constants run faster.
class Normals {
 public:
  float next() {
    float sum = 0;
    for (int i = 0; i < 4; ++i) {
      state_ ^= state_ << 13;
      state_ ^= state_ >> 7;
      state_ ^= state_ << 17;
      sum += static_cast<float>(state_ >> 40) * 0x1p-24f - 0.5f;
    }
    return sum * 1.7f;
  }

 private:
  std::uint64_t state_ = 88172645463325252u;
};

class Bench {
 public:
  Bench(const Kernels& kernels, const Options& options, KvDtype dtype)
      : kernels_(kernels),
        options_(options),
        dtype_(dtype),
        padded_(padTo(options.headDim, kTileK)),
        rowsMax_(std::max(options.rows, kBlockTokens)) {
    const int positions = std::max(options.depth, options.rows);
    const int blocks = (positions + kBlockTokens - 1) / kBlockTokens;
    const auto ofBf16 = static_cast<double>(kernels.kvHeadBytes(options.headDim, KvDtype::kBf16)) *
                        options.kvHeads * blocks;
    layers_ = std::max(1, static_cast<int>(std::ceil(options.megabytes * 1e6 / ofBf16)));
    cache_.headStride = roundUp(kernels.kvHeadBytes(options.headDim, dtype), 64);
    cache_.layerStride = cache_.headStride * static_cast<std::size_t>(options.kvHeads);
    cache_.blockStride = cache_.layerStride * static_cast<std::size_t>(layers_);
    cache_.dtype = dtype;
    pool_ = HugeBuffer(cache_.blockStride * static_cast<std::size_t>(blocks), "cache");
    cache_.pool = pool_.bytes();
    for (int i = 0; i < blocks; ++i) table_.push_back(i);
    for (int i = blocks - 1, seed = 12345; i > 0; --i) {
      seed = static_cast<int>((static_cast<unsigned>(seed) * 1103515245u + 12345u) >> 1);
      std::swap(table_[static_cast<std::size_t>(i)],
                table_[static_cast<std::size_t>(seed % (i + 1))]);
    }
    const auto rows = static_cast<std::size_t>(rowsMax_);
    width_ = (options.heads + 2 * options.kvHeads) * options.headDim;
    Normals normals;
    qkv_.resize(rows * static_cast<std::size_t>(width_));
    for (float& value : qkv_) value = normals.next();
    const std::size_t half = static_cast<std::size_t>(options.headDim / 2);
    for (std::size_t i = 0; i < rows * half; ++i) {
      const double angle = static_cast<double>(i / half) / static_cast<double>(1 + i % half);
      cosines_.push_back(static_cast<float>(std::cos(angle)));
      sines_.push_back(static_cast<float>(std::sin(angle)));
    }
    queries_ = HugeBuffer(kernels.queryBytes(rowsMax_, options.heads, padded_), "queries");
    columns_ = padTo(options.heads * options.headDim, kTileK);
    activations_ = HugeBuffer(kernels.activationBytes(rowsMax_, columns_), "activations");
    for (int i = 0; i < options.threads; ++i) {
      scratch_.emplace_back(
          kernels.attentionScratchBytes(options.heads / options.kvHeads, padded_), "scratch");
    }
    fill(positions);
  }

  int layers() const { return layers_; }
  std::size_t bytesAtDepth() const {
    return static_cast<std::size_t>(options_.depth / kBlockTokens) * cache_.blockStride;
  }
  const HugeBuffer& pool() const { return pool_; }

  /// Seconds of one row at `depth` in all layers.
  double decode() {
    const AttentionParams params = attentionParams(1);
    return best(layers_ * options_.kvHeads, [&](int thread, int item) {
      AttentionParams own = params;
      own.layer = item / options_.kvHeads;
      const AttentionTile tile{0, 1, options_.depth - 1, table_.data()};
      kernels_.attention(own, tile, item % options_.kvHeads, scratchOf(thread));
    });
  }

  /// Seconds of `rows` rows from position 0 in one layer.
  double prefill() {
    const AttentionParams params = attentionParams(options_.rows);
    const int most = kernels_.attentionPositions(options_.heads / options_.kvHeads);
    std::vector<AttentionTile> tiles;
    for (int position = 0; position < options_.rows;) {
      const int inBlock = kBlockTokens - position % kBlockTokens;
      const int count = std::min({most, inBlock, options_.rows - position});
      tiles.push_back({position, count, position, table_.data()});
      position += count;
    }
    std::reverse(tiles.begin(), tiles.end());
    const int items = static_cast<int>(tiles.size()) * options_.kvHeads;
    return best(items, [&](int thread, int item) {
      kernels_.attention(params, tiles[static_cast<std::size_t>(item / options_.kvHeads)],
                         item % options_.kvHeads, scratchOf(thread));
    });
  }

  /// Seconds of rotating and appending `rows` rows in one layer.
  double append() {
    const RopeAppendParams params = appendParams();
    const int runs = (options_.rows + kBlockTokens - 1) / kBlockTokens;
    return best(runs * options_.kvHeads, [&](int, int item) {
      const int position = item / options_.kvHeads * kBlockTokens;
      const int count = std::min(kBlockTokens, options_.rows - position);
      const RowRun run{position, count, position,
                       table_[static_cast<std::size_t>(position / kBlockTokens)]};
      kernels_.ropeAppend(params, run, item % options_.kvHeads);
    });
  }

  /// Seconds of the norms of `rows` rows of heads * headDim.
  double norms() {
    std::vector<float> weight(static_cast<std::size_t>(columns_), 1.0f);
    RmsNormParams params{};
    params.x = qkv_.data();
    params.stride = static_cast<std::size_t>(width_);
    params.weight = weight.data();
    params.hidden = options_.heads * options_.headDim;
    params.eps = 1e-5f;
    params.activations = activations_.bytes();
    params.rows = options_.rows;
    return best(options_.rows, [&](int, int row) { kernels_.rmsNorm(params, row, row); });
  }

 private:
  void* scratchOf(int thread) { return scratch_[static_cast<std::size_t>(thread)].bytes(); }

  RopeAppendParams appendParams() {
    RopeAppendParams params{};
    params.qkv = qkv_.data();
    params.stride = static_cast<std::size_t>(width_);
    params.heads = options_.heads;
    params.kvHeads = options_.kvHeads;
    params.headDim = options_.headDim;
    params.headDimPadded = padded_;
    params.cosines = cosines_.data();
    params.sines = sines_.data();
    params.queries = queries_.bytes();
    params.cache = cache_;
    return params;
  }

  AttentionParams attentionParams(int rows) {
    AttentionParams params{};
    params.queries = queries_.bytes();
    params.heads = options_.heads;
    params.kvHeads = options_.kvHeads;
    params.headDim = options_.headDim;
    params.headDimPadded = padded_;
    params.scale = 1.0f / std::sqrt(static_cast<float>(options_.headDim));
    params.cache = cache_;
    params.activations = activations_.bytes();
    params.rows = rows;
    return params;
  }

  /// All layers, all positions.
  void fill(int positions) {
    kernels_.enter();
    RopeAppendParams params = appendParams();
    for (int layer = 0; layer < layers_; ++layer) {
      params.layer = layer;
      for (int position = 0; position < positions; position += kBlockTokens) {
        const int row = (position + 7 * layer) % (rowsMax_ - kBlockTokens + 1);
        const RowRun run{row, std::min(kBlockTokens, positions - position), position,
                         table_[static_cast<std::size_t>(position / kBlockTokens)]};
        for (int h = 0; h < options_.kvHeads; ++h) kernels_.ropeAppend(params, run, h);
      }
    }
    kernels_.leave();
  }

  /// Seconds of work(thread, item) for all items.
  template <class Work>
  double best(int items, const Work& work) {
    std::vector<double> least(static_cast<std::size_t>(items), 1e9);
    for (int repeat = 0; repeat <= options_.repeats; ++repeat) {
      std::atomic<int> counter{0};
      bench::timedOn(options_.threads, [&](int thread) {
        kernels_.enter();
        for (int item = counter.fetch_add(1); item < items; item = counter.fetch_add(1)) {
          const double begun = bench::secondsNow();
          work(thread, item);
          double& mine = least[static_cast<std::size_t>(item)];
          mine = std::min(mine, bench::secondsNow() - begun);
        }
        kernels_.leave();
      });
    }
    double sum = 0;
    for (const double seconds : least) sum += seconds;
    return sum / options_.threads;
  }

  const Kernels& kernels_;
  const Options& options_;
  const KvDtype dtype_;
  const int padded_;
  const int rowsMax_;
  int layers_ = 0;
  int width_ = 0;
  int columns_ = 0;
  KvLayout cache_{};
  HugeBuffer pool_;
  std::vector<BlockId> table_;
  std::vector<float> qkv_;
  std::vector<float> cosines_;
  std::vector<float> sines_;
  HugeBuffer queries_;
  HugeBuffer activations_;
  std::vector<HugeBuffer> scratch_;
};

/// In pieces of half a megabyte, each timed as a call of the kernels is.
double readGigabytes(const HugeBuffer& from, int threads) {
  constexpr std::size_t kPiece = std::size_t{1} << 19;
  const std::size_t pieces = from.size() / kPiece - 1;
  std::vector<double> least(pieces, 1e9);
  std::atomic<std::uint64_t> seen{0};
  const auto loops = bench::readLoops();
  for (std::size_t repeat = 0; repeat < 2 * loops.size(); ++repeat) {
    const bench::ReadLoop read = loops[repeat % loops.size()];
    std::atomic<std::size_t> counter{0};
    bench::timedOn(threads, [&](int) {
      for (std::size_t i = counter.fetch_add(1); i < pieces; i = counter.fetch_add(1)) {
        const double begun = bench::secondsNow();
        seen += read(from.bytes() + i * kPiece, kPiece);
        least[i] = std::min(least[i], bench::secondsNow() - begun);
      }
    });
  }
  double sum = 0;
  for (const double seconds : least) sum += seconds;
  return static_cast<double>(pieces * kPiece) * threads / sum / 1e9;
}

Options parseOptions(int argc, char** argv) {
  Options options;
  const std::pair<const char*, int*> numbers[] = {
      {"--threads", &options.threads},     {"--heads", &options.heads},
      {"--kv-heads", &options.kvHeads},    {"--head-dim", &options.headDim},
      {"--depth", &options.depth},         {"--rows", &options.rows},
      {"--megabytes", &options.megabytes}, {"--repeats", &options.repeats},
      {"--decode", &options.decode},       {"--prefill", &options.prefill}};
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--path") == 0) {
      options.path = argv[i + 1];
      continue;
    }
    const auto* const number = std::find_if(std::begin(numbers), std::end(numbers), [&](auto& one) {
      return std::strcmp(argv[i], one.first) == 0;
    });
    if (number == std::end(numbers)) {
      std::fprintf(stderr, "no such option: %s\n", argv[i]);
      std::exit(2);
    }
    *number->second = std::atoi(argv[i + 1]);
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parseOptions(argc, argv);
  const Kernels* kernels = kernelsNamed(options.path.c_str());
  if (kernels == nullptr || kernels->numerics == Numerics::kReference) {
    std::fprintf(stderr, "%s: %s\n", options.path.c_str(), whyNotHere(options.path.c_str()));
    return 1;
  }
  std::printf("%s, %d threads, %d heads over %d of %d\n", kernels->name, options.threads,
              options.heads, options.kvHeads, options.headDim);
  double decodeBf16 = 0;
  for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
    Bench bench(*kernels, options, dtype);
    const std::string name(nameOf(dtype));
    if (options.decode != 0) {
      const double decode = bench.decode();
      const double rate = static_cast<double>(bench.bytesAtDepth()) / decode / 1e9;
      const double read = readGigabytes(bench.pool(), options.threads);
      if (dtype == KvDtype::kBf16) decodeBf16 = decode;
      const double steps = static_cast<double>(options.depth / kBlockTokens) * bench.layers() *
                           options.kvHeads;
      std::printf("%s decode at %d: %.1f us a layer, %.0f ns a block and head of one thread, "
                  "%.1f GB/s of %.1f read = %.2f, %.2f times bf16\n",
                  name.c_str(), options.depth, decode / bench.layers() * 1e6,
                  decode * options.threads / steps * 1e9, rate, read, rate / read,
                  decodeBf16 / decode);
    }
    if (options.prefill != 0) {
      const double prefill = bench.prefill();
      const double products = 2.0 * 2.0 * options.heads * options.headDim * options.rows *
                              (options.rows + 1) / 2;
      std::printf("%s prefill of %d: attention %.3f ms a layer (%.0f GFLOP/s of what is visible), "
                  "append %.3f ms, norm %.3f ms\n",
                  name.c_str(), options.rows, prefill * 1e3, products / prefill / 1e9,
                  bench.append() * 1e3, bench.norms() * 1e3);
    }
    std::fflush(stdout);
  }
  return 0;
}
