// A cache, one layer of heads and one sequence, on one instruction path: rows are appended and
// attended in chunks of any size. Buffers have exactly the bytes the path asked for, each head's
// part of a block among them, and end where a page begins that nobody may touch.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "kernels_cpu/kernels.h"
#include "test/check.h"
#include "test/exact_bytes.h"

namespace signalbox::test {

struct HeadShape {
  int heads = 1;
  int kvHeads = 1;
  int headDim = 64;
  int window = 0;
  KvDtype dtype = KvDtype::kBf16;
  bool headNorms = false;

  int group() const { return heads / kvHeads; }
  int padded() const { return padTo(headDim, kTileK); }
  int width() const { return (heads + 2 * kvHeads) * headDim; }
  int outputs() const { return heads * headDim; }
  std::string text() const {
    return std::to_string(heads) + "/" + std::to_string(kvHeads) + " heads of " +
           std::to_string(headDim) + ", window " + std::to_string(window) + ", " +
           std::string(nameOf(dtype)) + (headNorms ? ", norms" : "");
  }
};

/// Rows of a sequence: query, key and value heads, and the angles of their positions.
struct Tokens {
  HeadShape shape;
  int count;
  std::vector<float> qkv;  // [count][width]
  std::vector<float> cosines;
  std::vector<float> sines;
  std::vector<float> queryNorm;
  std::vector<float> keyNorm;
};

inline Tokens randomTokens(const HeadShape& shape, int count, Random& random, float scale = 1) {
  Tokens tokens{shape, count, {}, {}, {}, {}, {}};
  const auto rows = static_cast<std::size_t>(count);
  const auto half = static_cast<std::size_t>(shape.headDim / 2);
  for (std::size_t i = 0; i < rows * static_cast<std::size_t>(shape.width()); ++i) {
    tokens.qkv.push_back(random.normal() * scale);
  }
  for (std::size_t i = 0; i < rows * half; ++i) {
    const double angle =
        static_cast<double>(i / half) * std::pow(1e4, -static_cast<double>(i % half) /
                                                          static_cast<double>(half));
    tokens.cosines.push_back(static_cast<float>(std::cos(angle)));
    tokens.sines.push_back(static_cast<float>(std::sin(angle)));
  }
  for (int i = 0; i < shape.headDim; ++i) {
    tokens.queryNorm.push_back(1 + 0.3f * random.normal());
    tokens.keyNorm.push_back(1 + 0.3f * random.normal());
  }
  return tokens;
}

/// The instruction paths of this machine but the reference; `portableOnly`: those that share bits.
inline std::vector<const Kernels*> pathsHere(bool portableOnly) {
  std::vector<const Kernels*> paths;
  for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
    const Kernels* const kernels = kernelsNamed(*name);
    if (kernels->numerics == Numerics::kReference) continue;
    if (portableOnly && kernels->numerics != Numerics::kPortable) continue;
    paths.push_back(kernels);
  }
  return paths;
}

class AttentionRig {
 public:
  static constexpr int kLayers = 2;
  static constexpr int kLayer = 1;  // the other one must stay as it was

  AttentionRig(const Kernels& kernels, const HeadShape& shape, int positionsMax, Random& random,
               std::uint8_t fill = 0xff)
      : kernels_(kernels), shape_(shape) {
    const int needed = (positionsMax + kBlockTokens - 1) / kBlockTokens;
    blocks_ = needed + 3;
    pool_ = ExactBytes(kernels.kvHeadBytes(shape.headDim, shape.dtype), fill,
                       static_cast<std::size_t>(blocks_ * kLayers * shape.kvHeads));
    std::vector<BlockId> all;
    for (int i = 0; i < blocks_; ++i) all.push_back(i);
    for (int i = blocks_ - 1; i > 0; --i) {
      std::swap(all[static_cast<std::size_t>(i)],
                all[static_cast<std::size_t>(random.below(i + 1))]);
    }
    table_.assign(all.begin(), all.begin() + needed);
    scratch_.assign(scratchBytes(kernels, shape));
    kernels.enter();
  }
  ~AttentionRig() { kernels_.leave(); }
  AttentionRig(const AttentionRig&) = delete;
  AttentionRig& operator=(const AttentionRig&) = delete;

  /// A path asks for 64 bytes more than it uses, which begins with a cache line. With 63 fewer that
  /// line begins at the second byte, and what is used ends with the last.
  static std::size_t scratchBytes(const Kernels& kernels, const HeadShape& shape) {
    const std::size_t asked = kernels.attentionScratchBytes(shape.group(), shape.padded());
    return asked - std::min(asked, std::size_t{63});
  }

  KvLayout cache() const {
    const std::size_t layerStride = pool_.stride() * static_cast<std::size_t>(shape_.kvHeads);
    return {pool_.get(), layerStride * kLayers, layerStride, pool_.stride(), shape_.dtype};
  }
  /// Every byte of every block, and those before it.
  std::vector<std::uint8_t> pool() const { return pool_.copyAll(); }
  const std::vector<BlockId>& table() const { return table_; }
  int blocks() const { return blocks_; }
  /// Of one head in the block of `position`.
  std::uint8_t* head(int position, int kvHead) const {
    return signalbox::kvHead(cache(), table_[static_cast<std::size_t>(position / kBlockTokens)],
                             kLayer, kvHead);
  }

  /// Appends positions [first, first + count) and keeps their queries for `attend`.
  void append(const Tokens& tokens, int first, int count) {
    rows_ = count;
    queries_.assign(kernels_.queryBytes(count, shape_.heads, shape_.padded()));
    const auto row = static_cast<std::size_t>(first);
    const auto rows = static_cast<std::size_t>(count);
    const auto width = static_cast<std::size_t>(shape_.width());
    const auto half = static_cast<std::size_t>(shape_.headDim / 2);
    qkv_.copyFrom(tokens.qkv.data() + row * width, rows * width);
    cosines_.copyFrom(tokens.cosines.data() + row * half, rows * half);
    sines_.copyFrom(tokens.sines.data() + row * half, rows * half);
    queryNorm_.copyFrom(tokens.queryNorm.data(), 2 * half);
    keyNorm_.copyFrom(tokens.keyNorm.data(), 2 * half);
    RopeAppendParams params{};
    params.qkv = qkv_.as<float>();
    params.stride = width;
    params.heads = shape_.heads;
    params.kvHeads = shape_.kvHeads;
    params.headDim = shape_.headDim;
    params.headDimPadded = shape_.padded();
    params.cosines = cosines_.as<float>();
    params.sines = sines_.as<float>();
    params.queryNorm = shape_.headNorms ? queryNorm_.as<float>() : nullptr;
    params.keyNorm = shape_.headNorms ? keyNorm_.as<float>() : nullptr;
    params.normEps = 1e-6f;
    params.queries = queries_.get();
    params.cache = cache();
    params.layer = kLayer;
    for (int done = 0; done < count;) {
      const int position = first + done;
      const int rest = kBlockTokens - position % kBlockTokens;
      const RowRun run{done, std::min(rest, count - done), position,
                       table_[static_cast<std::size_t>(position / kBlockTokens)]};
      for (int h = 0; h < shape_.kvHeads; ++h) kernels_.ropeAppend(params, run, h);
      done += run.count;
    }
  }

  /// Of the rows appended last, at positions from `first`: [rows][outputs] as floats. `tileMax`
  /// positions a tile, or as many as the path takes.
  std::vector<float> attend(int first, int tileMax = 0) {
    const int padded = padTo(shape_.outputs(), kTileK);
    // Beyond what is asked for, a path may write nothing; below, everything.
    activations_.assign(kernels_.activationBytes(rows_, padded));
    // Blocks up to the last row's.
    blocksSeen_.copyFrom(table_.data(),
                         static_cast<std::size_t>((first + rows_ - 1) / kBlockTokens + 1));
    AttentionParams params{};
    params.queries = queries_.get();
    params.heads = shape_.heads;
    params.kvHeads = shape_.kvHeads;
    params.headDim = shape_.headDim;
    params.headDimPadded = shape_.padded();
    params.scale = 1.0f / std::sqrt(static_cast<float>(shape_.headDim));
    params.window = shape_.window;
    params.cache = cache();
    params.layer = kLayer;
    params.activations = activations_.get();
    params.rows = rows_;
    const int most = kernels_.attentionPositions(shape_.group());
    for (int done = 0; done < rows_;) {
      const int position = first + done;
      const int rest = kBlockTokens - position % kBlockTokens;
      const int count =
          std::min({rest, rows_ - done, tileMax == 0 ? most : std::min(tileMax, most)});
      const AttentionTile tile{done, count, position, blocksSeen_.as<BlockId>()};
      for (int h = 0; h < shape_.kvHeads; ++h) {
        kernels_.attention(params, tile, h, scratch_.get());
      }
      done += count;
    }
    return outputs(padded);
  }

  /// Of the rows appended last.
  const ExactBytes& queries() const { return queries_; }

 private:
  std::vector<float> outputs(int padded) {
    std::vector<float> all;
    for (int row = 0; row < rows_; ++row) {
      for (int k = 0; k < padded; ++k) {
        float value;
        if (kernels_.numerics == Numerics::kReference) {
          value = activations_.as<float>()[row * padded + k];
        } else {
          value =
              bf16ToFloat(activations_.as<Bf16>()[activationOffset(row, k, padded, rows_)]);
        }
        if (k < shape_.outputs()) {
          all.push_back(value);
        } else {
          CHECK_SAY(std::bit_cast<std::uint32_t>(value) == 0,
                    "padding at row " << row << " k " << k << " of " << shape_.text());
        }
      }
    }
    return all;
  }

  const Kernels& kernels_;
  HeadShape shape_;
  int blocks_ = 0;
  int rows_ = 0;
  ExactBytes pool_;  // [blocks][layers][heads]
  std::vector<BlockId> table_;
  ExactBytes blocksSeen_;
  ExactBytes scratch_;
  ExactBytes qkv_;
  ExactBytes cosines_;
  ExactBytes sines_;
  ExactBytes queryNorm_;
  ExactBytes keyNorm_;
  ExactBytes queries_;
  ExactBytes activations_;
};

/// The whole sequence in chunks of these sizes: [count][outputs].
inline std::vector<float> runChunks(AttentionRig& rig, const Tokens& tokens,
                                    const std::vector<int>& chunks, int tileMax = 0) {
  std::vector<float> all;
  int first = 0;
  for (const int count : chunks) {
    rig.append(tokens, first, count);
    const std::vector<float> part = rig.attend(first, tileMax);
    all.insert(all.end(), part.begin(), part.end());
    first += count;
  }
  return all;
}

inline std::vector<int> randomChunks(int total, int largest, Random& random) {
  std::vector<int> chunks;
  for (int rest = total; rest > 0; rest -= chunks.back()) {
    chunks.push_back(std::min(rest, random.between(1, largest)));
  }
  return chunks;
}

/// The first index whose bits differ, or -1.
inline int firstDifference(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i])) {
      return static_cast<int>(i);
    }
  }
  return -1;
}

/// A stored cache read back by the layout kernels.h documents, for the portable paths.
class CacheReader {
 public:
  CacheReader(AttentionRig& rig, const HeadShape& shape) : rig_(rig), shape_(shape) {}

  float key(int position, int kvHead, int d) { return element(position, kvHead, d, false); }
  float value(int position, int kvHead, int d) { return element(position, kvHead, d, true); }
  float scale(int position, int kvHead, bool ofValue) {
    if (shape_.dtype != KvDtype::kFp8) return 1;
    Fp16 bits;
    const std::size_t elements = static_cast<std::size_t>(shape_.padded()) * kBlockTokens;
    std::memcpy(&bits,
                rig_.head(position, kvHead) + 2 * elements +
                    (ofValue ? kBlockTokens * sizeof(Fp16) : 0) +
                    static_cast<std::size_t>(position % kBlockTokens) * sizeof(Fp16),
                sizeof bits);
    return fp16ToFloat(bits);
  }
  /// Before the scale.
  float element(int position, int kvHead, int d, bool ofValue) {
    const auto token = static_cast<std::size_t>(position % kBlockTokens);
    const auto dims = static_cast<std::size_t>(shape_.padded());
    const auto dim = static_cast<std::size_t>(d);
    const std::size_t at = ofValue ? dims * kBlockTokens + (token / 2 * dims + dim) * 2 + token % 2
                                   : (dim / 2 * kBlockTokens + token) * 2 + dim % 2;
    const std::uint8_t* const head = rig_.head(position, kvHead);
    if (shape_.dtype == KvDtype::kFp8) return fp8ToFloat(head[at]);
    Bf16 bits;
    std::memcpy(&bits, head + at * sizeof bits, sizeof bits);
    return bf16ToFloat(bits);
  }

 private:
  AttentionRig& rig_;
  HeadShape shape_;
};

/// One row of attention in double over what `rig` holds. `spread` becomes, per output, the mean
/// magnitude of the values it averages: what the rounding of weights is relative to.
inline void exactRow(AttentionRig& rig, const HeadShape& shape, const Bf16* query, int position,
                     int head, std::vector<double>& out, std::vector<double>& spread) {
  CacheReader cache(rig, shape);
  const int kvHead = head / shape.group();
  const int first = shape.window == 0 ? 0 : std::max(0, position - shape.window + 1);
  const double scale = 1 / std::sqrt(static_cast<double>(shape.headDim));
  std::vector<double> scores;
  for (int p = first; p <= position; ++p) {
    double sum = 0;
    for (int d = 0; d < shape.headDim; ++d) {
      sum += static_cast<double>(bf16ToFloat(query[d])) *
             static_cast<double>(cache.key(p, kvHead, d));
    }
    scores.push_back(sum * scale * static_cast<double>(cache.scale(p, kvHead, false)));
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double total = 0;
  out.assign(static_cast<std::size_t>(shape.headDim), 0);
  spread.assign(static_cast<std::size_t>(shape.headDim), 0);
  for (int p = first; p <= position; ++p) {
    const double weight = std::exp(scores[static_cast<std::size_t>(p - first)] - largest);
    total += weight;
    for (int d = 0; d < shape.headDim; ++d) {
      const double value = static_cast<double>(cache.value(p, kvHead, d)) *
                           static_cast<double>(cache.scale(p, kvHead, true));
      out[static_cast<std::size_t>(d)] += weight * value;
      spread[static_cast<std::size_t>(d)] += weight * std::abs(value);
    }
  }
  for (double& value : out) value /= total;
  for (double& value : spread) value /= total;
}

}  // namespace signalbox::test
