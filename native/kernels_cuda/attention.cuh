// Paged attention over the cache with mma.sync: decoding, and prompts replayed in tiles.
//
// Query heads that share a key head are rows of one tile, so keys and values are read once for all
// of them. bf16 caches multiply in bf16; fp8 caches in fp16, to which E4M3 widens exactly in one
// instruction for two. Sums are fp32.
//
//   F1. A query of an fp8 cache is divided by a power of two that brings it below 2, so it fits
//       fp16; the score is multiplied by it again.
//   F2. Weights are exp2(score + log2(value scale) - maximum of that sum), so they are at most 1
//       whatever the scales; each is divided by its scale again in the sum of weights, in fp32.
//   F3. A hidden token's weight is +0 and its value finite (elementwise_append.inl, A1). A visible
//       score that is NaN makes its row NaN, and no other row.
//   F4. attention_plan.h, P1 to P4.
//
// Bound by memory: the cache, once. 4.3 TB/s over 256 bytes of fp8 of a token and head of 128 is
// 16.8 G tokens and heads a second. A block has 8 cache blocks of its segment on the way at once:
// 68 KB of fp8, three times the 23 KB an SM needs in flight at 700 ns.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/kv_layout.h"
#include "kernels_cuda/attention_params.h"
#include "kernels_cuda/device.h"

namespace signalbox {

namespace attention {

/// A warp's state over the blocks it has seen: rows lane / 4 and lane / 4 + 8 of the tile.
template <int kDim>
struct Running {
  float maximum[2] = {-INFINITY, -INFINITY};
  float sum[2] = {};
  float out[kDim / 8][4] = {};
};

/// What a warp needs of its tile: what the lane's two rows are.
struct LaneRows {
  int position[2];  // -1: no row
  float factor[2];  // of the score, log2(e) in it
};

template <int kDim, KvDtype kDtype>
__device__ __forceinline__ void fetchBlock(const std::uint8_t* block, std::uint8_t* stage) {
  using Shape = AttentionShape<kDim, kDtype>;
  const auto copyRows = [&](const std::uint8_t* from, std::uint8_t* to, int rows, int bytes,
                            int stride) {
    const int pieces = bytes / 16;
    for (int i = device::laneIndex(); i < rows * pieces; i += 32) {
      device::copyAsync16(to + i / pieces * stride + i % pieces * 16, from + i * 16);
    }
  };
  constexpr int kSide = static_cast<int>(kvSideBytes(kDim, kDtype));
  copyRows(block, stage, kDim / 2, kBlockTokens * 2 * Shape::kElementBytes, Shape::kKeyRowBytes);
  copyRows(block + kSide, stage + Shape::kKeyBytes, kBlockTokens / 2,
           kDim * 2 * Shape::kElementBytes, Shape::kValueRowBytes);
  if constexpr (Shape::kFp8) {
    copyRows(block + 2 * kSide, stage + Shape::kKeyBytes + Shape::kValueBytes, 1,
             Shape::kScaleBytes, Shape::kScaleBytes);
  }
}

/// Two neighbours of a row of keys or values, as a word of B.
template <KvDtype kDtype>
__device__ __forceinline__ std::uint32_t pairAt(const std::uint8_t* row, int index) {
  if constexpr (kDtype == KvDtype::kFp8) {
    return device::widenFp8(device::loadHalfWord(row + 2 * index));
  } else {
    return device::loadWords<1>(row + 4 * index)[0];
  }
}

template <KvDtype kDtype>
__device__ __forceinline__ void multiply(float (&c)[4], const std::uint32_t (&a)[4],
                                         const std::uint32_t (&b)[2]) {
  if constexpr (kDtype == KvDtype::kFp8) {
    device::multiplyFp16(c, a, b);
  } else {
    device::multiplyBf16(c, a, b);
  }
}

template <KvDtype kDtype>
__device__ __forceinline__ std::uint32_t packPair(float first, float second) {
  if constexpr (kDtype == KvDtype::kFp8) {
    return device::packFp16(first, second);
  } else {
    return device::packBf16(first, second);
  }
}

/// The largest of the four lanes that share a row. Not NaN unless all are.
__device__ __forceinline__ float largestOfRow(float value) {
  value = fmaxf(value, device::shuffleXor(value, 1));
  return fmaxf(value, device::shuffleXor(value, 2));
}

/// The tile's queries as fragments of A, and what the lane's rows are.
template <int kDim, KvDtype kDtype>
__device__ __forceinline__ LaneRows loadQueries(const PagedAttentionParams& params,
                                                const DeviceTile& tile, int firstHead, int heads,
                                                std::uint32_t (&queries)[kDim / 16][4]) {
  LaneRows rows;
  SIGNALBOX_UNROLL
  for (int half = 0; half < 2; ++half) {
    const int row = device::laneIndex() / 4 + 8 * half;
    const bool there = row < tile.count * heads;
    rows.position[half] = there ? tile.position + row / heads : -1;
    const Bf16* const from =
        params.queries + (static_cast<std::size_t>(there ? tile.row + row / heads : tile.row) *
                              static_cast<std::size_t>(params.heads) +
                          static_cast<std::size_t>(firstHead + (there ? row % heads : 0))) *
                             kDim;
    std::uint32_t largest = 0;
    SIGNALBOX_UNROLL
    for (int k = 0; k < kDim / 16; ++k) {
      SIGNALBOX_UNROLL
      for (int part = 0; part < 2; ++part) {
        const int at = 16 * k + 8 * part + device::laneIndex() % 4 * 2;
        const std::uint32_t pair = there ? device::loadWords<1>(from + at)[0] : 0u;
        queries[k][half + 2 * part] = pair;
        const std::uint32_t low = pair << 16 & 0x7fffffffu;
        const std::uint32_t high = pair & 0x7fff0000u;
        largest = low > largest ? low : largest;
        largest = high > largest ? high : largest;
      }
    }
    rows.factor[half] = params.scale * 1.44269504f;
    if constexpr (kDtype == KvDtype::kFp8) {
      for (int lanes = 1; lanes < 4; lanes *= 2) {
        const std::uint32_t other = device::shuffleXor(largest, lanes);
        largest = other > largest ? other : largest;
      }
      // The exponent of the largest; its inverse must be a normal number too.
      std::uint32_t exponent = largest >> 23;
      exponent = exponent < 1 ? 127 : exponent > 253 ? 253 : exponent;
      const float down = std::bit_cast<float>((254 - exponent) << 23);
      rows.factor[half] = rows.factor[half] * std::bit_cast<float>(exponent << 23);
      SIGNALBOX_UNROLL
      for (int k = 0; k < kDim / 16; ++k) {
        SIGNALBOX_UNROLL
        for (int part = 0; part < 2; ++part) {
          std::uint32_t& pair = queries[k][half + 2 * part];
          pair = device::packFp16(std::bit_cast<float>(pair << 16) * down,
                                  std::bit_cast<float>(pair & 0xffff0000u) * down);
        }
      }
    }
  }
  return rows;
}

/// Where a lane finds its own words of step k, when they are parked.
__device__ __forceinline__ std::uint8_t* parkedAt(std::uint8_t* parked, int k) {
  return parked + (32 * k + device::laneIndex()) * 16;
}

/// scores[n][e] = queries * keys of tokens 8 n + lane % 4 * 2 + e % 2.
template <int kDim, KvDtype kDtype>
__device__ __forceinline__ void scoreBlock(const std::uint8_t* keys,
                                           const std::uint32_t (&queries)[kDim / 16][4],
                                           std::uint8_t* parked, float (&scores)[4][4]) {
  using Shape = AttentionShape<kDim, kDtype>;
  const int pair = device::laneIndex() % 4;
  const int token = device::laneIndex() / 4;
  SIGNALBOX_UNROLL
  for (int k = 0; k < kDim / 16; ++k) {
    std::uint32_t a[4];
    if constexpr (Shape::kParked) {
      const auto words = device::loadWords<4>(parkedAt(parked, k));
      for (std::size_t i = 0; i < 4; ++i) a[i] = words[i];
    } else {
      for (std::size_t i = 0; i < 4; ++i) a[i] = queries[k][i];
    }
    SIGNALBOX_UNROLL
    for (int n = 0; n < 4; ++n) {
      const std::uint8_t* const row = keys + (8 * k + pair) * Shape::kKeyRowBytes;
      const std::uint32_t b[2] = {
          pairAt<kDtype>(row, 8 * n + token),
          pairAt<kDtype>(row + 4 * Shape::kKeyRowBytes, 8 * n + token)};
      multiply<kDtype>(scores[n], a, b);
    }
  }
}

/// A block's scores become weights; maxima, sums and outputs follow.
template <int kDim, KvDtype kDtype>
__device__ __forceinline__ void weighBlock(const std::uint8_t* scales, const LaneRows& rows,
                                           int window, int firstToken, float (&scores)[4][4],
                                           Running<kDim>& running) {
  constexpr bool kFp8 = kDtype == KvDtype::kFp8;
  float inverse[4][2];  // of the tokens' value scales
  float high[2] = {-INFINITY, -INFINITY};
  bool seen[4][4];
  SIGNALBOX_UNROLL
  for (int n = 0; n < 4; ++n) {
    SIGNALBOX_UNROLL
    for (int e = 0; e < 4; ++e) {
      const int token = 8 * n + device::laneIndex() % 4 * 2 + e % 2;
      const int position = rows.position[e / 2];
      const int at = firstToken + token;
      seen[n][e] = at <= position && at >= firstVisible(position, window);
      float score = scores[n][e] * rows.factor[e / 2];
      if constexpr (kFp8) {
        const float ofKey = device::widenFp16(device::loadHalfWord(scales + 2 * token));
        const float ofValue =
            device::widenFp16(device::loadHalfWord(scales + 2 * (kBlockTokens + token)));
        score = score * ofKey + device::log2Near(ofValue);
        inverse[n][e % 2] = 1.0f / ofValue;
      }
      scores[n][e] = score;
      if (seen[n][e]) high[e / 2] = fmaxf(high[e / 2], score);
    }
  }
  SIGNALBOX_UNROLL
  for (int half = 0; half < 2; ++half) {
    const float now = fmaxf(running.maximum[half], largestOfRow(high[half]));
    const float from = now == -INFINITY ? 0.0f : now;
    const float shrink = device::exp2Near(running.maximum[half] - from);
    running.maximum[half] = now;
    running.sum[half] = running.sum[half] * shrink;
    SIGNALBOX_UNROLL
    for (int n = 0; n < kDim / 8; ++n) {
      running.out[n][2 * half] = running.out[n][2 * half] * shrink;
      running.out[n][2 * half + 1] = running.out[n][2 * half + 1] * shrink;
    }
    SIGNALBOX_UNROLL
    for (int n = 0; n < 4; ++n) {
      SIGNALBOX_UNROLL
      for (int e = 2 * half; e < 2 * half + 2; ++e) {
        const float weight = seen[n][e] ? device::exp2Near(scores[n][e] - from) : 0.0f;
        scores[n][e] = weight;
        if (!seen[n][e]) continue;
        running.sum[half] = running.sum[half] + (kFp8 ? weight * inverse[n][e % 2] : weight);
      }
    }
  }
}

/// running.out += weights * values.
template <int kDim, KvDtype kDtype>
__device__ __forceinline__ void addValues(const std::uint8_t* values, const float (&weights)[4][4],
                                          Running<kDim>& running) {
  using Shape = AttentionShape<kDim, kDtype>;
  std::uint32_t a[2][4];
  SIGNALBOX_UNROLL
  for (int j = 0; j < 2; ++j) {
    SIGNALBOX_UNROLL
    for (int part = 0; part < 4; ++part) {
      const float* const pair = weights[2 * j + part / 2] + part % 2 * 2;
      a[j][part] = packPair<kDtype>(pair[0], pair[1]);
    }
  }
  const int pair = device::laneIndex() % 4;
  const int column = device::laneIndex() / 4;
  SIGNALBOX_UNROLL
  for (int n = 0; n < kDim / 8; ++n) {
    SIGNALBOX_UNROLL
    for (int j = 0; j < 2; ++j) {
      const std::uint8_t* const row = values + (8 * j + pair) * Shape::kValueRowBytes;
      const std::uint32_t b[2] = {
          pairAt<kDtype>(row, 8 * n + column),
          pairAt<kDtype>(row + 4 * Shape::kValueRowBytes, 8 * n + column)};
      multiply<kDtype>(running.out[n], a[j], b);
    }
  }
}

/// How much of a part whose maximum is `maximum` counts when `largest` is that of all. 0 times NaN
/// is still NaN.
__device__ __forceinline__ float shareOf(float maximum, float largest) {
  return maximum == -INFINITY ? 0.0f : device::exp2Near(maximum - largest);
}

/// Parts in order, [kDim + 2] floats each, `stride` floats apart: dimension d of their output, and
/// the sum of all weights.
struct Merged {
  float largest;
  float sum;
  float out;
};
template <int kDim>
__device__ __forceinline__ Merged mergeParts(const float* parts, std::size_t stride, int count,
                                             int d) {
  Merged merged{-INFINITY, 0, 0};
  for (int i = 0; i < count; ++i) {
    merged.largest = fmaxf(merged.largest, parts[static_cast<std::size_t>(i) * stride + kDim]);
  }
  for (int i = 0; i < count; ++i) {
    const float* const part = parts + static_cast<std::size_t>(i) * stride;
    const float share = shareOf(part[kDim], merged.largest);
    merged.sum = merged.sum + share * part[kDim + 1];
    merged.out = merged.out + share * part[d];
  }
  return merged;
}

/// Where the warp leaves what it has, as parts of mergeParts.
template <int kDim>
__device__ __forceinline__ void storeRunning(const Running<kDim>& running, float* merge) {
  SIGNALBOX_UNROLL
  for (int half = 0; half < 2; ++half) {
    float sum = running.sum[half];
    sum = sum + device::shuffleXor(sum, 1);
    sum = sum + device::shuffleXor(sum, 2);
    const int row = device::laneIndex() / 4 + 8 * half;
    float* const part = merge + (device::warpIndex() * kQueryRows + row) * (kDim + 2);
    const int column = device::laneIndex() % 4 * 2;
    SIGNALBOX_UNROLL
    for (int n = 0; n < kDim / 8; ++n) {
      part[8 * n + column] = running.out[n][2 * half];
      part[8 * n + column + 1] = running.out[n][2 * half + 1];
    }
    if (column == 0) {
      part[kDim] = running.maximum[half];
      part[kDim + 1] = sum;
    }
  }
}

/// Row `row` of the tile, dimension d.
__device__ __forceinline__ void storeAttended(const PagedAttentionParams& params,
                                              const DeviceTile& tile, int firstHead, int heads,
                                              int row, int d, const Merged& merged) {
  if (d >= params.headDim) return;
  const std::size_t at =
      (static_cast<std::size_t>(tile.row + row / heads) * static_cast<std::size_t>(params.heads) +
       static_cast<std::size_t>(firstHead + row % heads)) *
          static_cast<std::size_t>(params.headDim) +
      static_cast<std::size_t>(d);
  params.attended[at] =
      static_cast<Bf16>(device::packBf16(merged.out / merged.sum + 0.0f, 0.0f));
}

}  // namespace attention

template <int kDim, KvDtype kDtype>
__global__ void __launch_bounds__(kAttentionThreads, 1)
    pagedAttention(PagedAttentionParams params) {
  using Shape = AttentionShape<kDim, kDtype>;
  const AttentionItem item = params.items[device::blockX()];
  if (item.tile < 0) return;
  const DeviceTile tile = params.tiles[item.tile];
  const int group = params.heads / params.kvHeads;
  const int kvHeadIndex = device::blockY() / headTiles(group);
  const int headTile = device::blockY() % headTiles(group);
  const int heads = headsOfTile(group, headTile);
  const int firstHead = kvHeadIndex * group + headTile * kQueryRows;
  std::uint8_t* const shared = device::sharedMemory();
  std::uint8_t* const ring = shared + device::warpIndex() * Shape::kStageBytes * Shape::kStages;

  // Whether the warp's cache block j is seen by any row, and its first position.
  const auto blockOf = [&](int j) {
    return item.segment * kSegmentBlocks + j * kAttentionWarps + device::warpIndex();
  };
  const auto isSeen = [&](int j) {
    return blockOf(j) * kBlockTokens < tile.position + tile.count &&
           blockOf(j) >= firstVisible(tile.position, params.window) / kBlockTokens;
  };
  const auto fetch = [&](int j) {
    if (isSeen(j)) {
      attention::fetchBlock<kDim, kDtype>(
          kvHead(params.cache, params.tables[tile.table + blockOf(j)], params.layer, kvHeadIndex),
          ring + j % Shape::kStages * Shape::kStageBytes);
    }
    device::commitCopies();
  };
  constexpr int kRounds = kSegmentBlocks / kAttentionWarps;
  for (int j = 0; j < Shape::kStages; ++j) fetch(j);

  std::uint32_t queries[kDim / 16][4];
  const attention::LaneRows rows =
      attention::loadQueries<kDim, kDtype>(params, tile, firstHead, heads, queries);
  std::uint8_t* const parked =
      shared + Shape::kParkedAt + device::warpIndex() * (kDim / 16 * 32 * 16);
  if constexpr (Shape::kParked) {
    SIGNALBOX_UNROLL
    for (int k = 0; k < kDim / 16; ++k) {
      const auto& own = queries[k];
      device::storeWords<4>(attention::parkedAt(parked, k), {own[0], own[1], own[2], own[3]});
    }
  }
  attention::Running<kDim> running;
  SIGNALBOX_UNROLL
  for (int j = 0; j < kRounds; ++j) {
    if constexpr (Shape::kStages == kRounds) {
      if (j + 1 < kRounds) {
        device::waitCopies<1>();
      } else {
        device::waitCopies<0>();
      }
    } else {
      if (j > 0) {
        device::syncWarp();  // All lanes have read what is there.
        fetch(j);
      }
      device::waitCopies<0>();
    }
    device::syncWarp();
    if (!isSeen(j)) continue;
    const std::uint8_t* const stage = ring + j % Shape::kStages * Shape::kStageBytes;
    float scores[4][4] = {};
    attention::scoreBlock<kDim, kDtype>(stage, queries, parked, scores);
    attention::weighBlock<kDim, kDtype>(stage + Shape::kKeyBytes + Shape::kValueBytes, rows,
                                        params.window, blockOf(j) * kBlockTokens, scores, running);
    attention::addValues<kDim, kDtype>(stage + Shape::kKeyBytes, scores, running);
  }

  device::syncBlock();  // The rings are read; what follows lies over them.
  float* const merge = reinterpret_cast<float*>(shared);
  attention::storeRunning<kDim>(running, merge);
  device::syncBlock();
  const int outputs = tile.count * heads * kDim;
  constexpr int kPart = kDim + 2;
  constexpr std::size_t kTile = kQueryRows * kPart;
  const std::size_t gridY =
      static_cast<std::size_t>(params.kvHeads) * static_cast<std::size_t>(headTiles(group));
  const auto partOf = [&](int index, int row) {
    return params.partials +
           (static_cast<std::size_t>(index) * gridY + static_cast<std::size_t>(device::blockY())) *
               kTile +
           static_cast<std::size_t>(row * kPart);
  };
  for (int i = device::threadIndex(); i < outputs; i += kAttentionThreads) {
    const int row = i / kDim;
    const int d = i % kDim;
    const attention::Merged merged =
        attention::mergeParts<kDim>(merge + row * kPart, kTile, kAttentionWarps, d);
    if (item.segments == 1) {
      attention::storeAttended(params, tile, firstHead, heads, row, d, merged);
      continue;
    }
    float* const part = partOf(device::blockX(), row);
    part[d] = merged.out;
    if (d == 0) part[kDim] = merged.largest;
    if (d == 0) part[kDim + 1] = merged.sum;
  }
  if (item.segments == 1) return;

  int* const last = reinterpret_cast<int*>(shared + Shape::kSharedBytes - sizeof(int));
  int* const ticket = params.tickets + static_cast<std::size_t>(item.tile) * gridY +
                      static_cast<std::size_t>(device::blockY());
  device::fenceDevice();
  device::syncBlock();
  if (device::threadIndex() == 0) *last = device::addAtomic(ticket, 1) == item.segments - 1;
  device::syncBlock();
  if (*last == 0) return;
  device::fenceDevice();
  for (int i = device::threadIndex(); i < outputs; i += kAttentionThreads) {
    attention::storeAttended(
        params, tile, firstHead, heads, i / kDim, i % kDim,
        attention::mergeParts<kDim>(partOf(item.first, i / kDim), gridY * kTile, item.segments,
                                    i % kDim));
  }
  if (device::threadIndex() == 0) *ticket = 0;
}

}  // namespace signalbox
