// Rotation of queries and keys, and the append of keys and values to the cache, in one launch: the
// same bytes as kernels_cpu writes (elementwise_append.inl, A1 to A3).
//
//   R1. A block does one key head in one run: it zeroes what the run begins, and no other block
//       writes there.
//   R2. A warp does both tokens of a pair, one after the other: their values share words.
//   R3. Sums of a head's norm go over 16 lanes, then halves, as on the CPU.
//
// Bound by latency: a decoded token of 8 key heads of 128 is 24 KB of qkv in, 4 KB of cache out.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/codec.h"
#include "core/kv_layout.h"
#include "kernels_cuda/device.h"
#include "kernels_cuda/rope_append_params.h"

namespace signalbox {

namespace append {

/// 1 / sqrt(mean of squares + eps).
__device__ __forceinline__ float normFactor(const float* head, int headDim, float eps) {
  float sum = 0;
  for (int i = device::laneIndex() % 16; i < headDim; i += 16) sum = sum + head[i] * head[i];
  for (int lanes = 8; lanes > 0; lanes /= 2) sum = sum + device::shuffleXor(sum, lanes);
  return 1.0f / sqrtf(sum / static_cast<float>(headDim) + eps);
}

/// warp.rotated = the head, normalised where `norm` is given, rotated; zeros up to headDimPadded.
__device__ __forceinline__ void rotate(const RopeAppendParams& params, const float* head,
                                       const float* norm, std::size_t row, AppendWarp& warp) {
  const int headDim = params.headDim;
  const int half = headDim / 2;
  const float factor = norm == nullptr ? 1.0f : normFactor(head, headDim, params.normEps);
  device::syncWarp();  // Who reads the last head has done so.
  for (int i = device::laneIndex(); i < headDim; i += 32) {
    warp.head[i] = norm == nullptr ? head[i] : head[i] * factor * norm[i];
  }
  device::syncWarp();
  const float* const cosines = params.cosines + row * static_cast<std::size_t>(half);
  const float* const sines = params.sines + row * static_cast<std::size_t>(half);
  for (int i = device::laneIndex(); i < half; i += 32) {
    const float first = warp.head[i];
    const float second = warp.head[i + half];
    warp.rotated[i] = first * cosines[i] - second * sines[i];
    warp.rotated[i + half] = second * cosines[i] + first * sines[i];
  }
  for (int i = headDim + device::laneIndex(); i < params.headDimPadded; i += 32) {
    warp.rotated[i] = 0;
  }
  device::syncWarp();
}

__device__ __forceinline__ void storeQuery(const RopeAppendParams& params, std::size_t row,
                                           int head, const float* rotated) {
  Bf16* const to =
      reinterpret_cast<Bf16*>(params.queries) +
      (row * static_cast<std::size_t>(params.heads) + static_cast<std::size_t>(head)) *
          static_cast<std::size_t>(params.headDimPadded);
  for (int i = 2 * device::laneIndex(); i < params.headDimPadded; i += 64) {
    device::storeWords<1>(to + i, {device::packBf16(rotated[i], rotated[i + 1])});
  }
}

/// The largest magnitude of the warp's elements, as float bits: NaN above infinity above numbers.
__device__ __forceinline__ std::uint32_t largestBits(const float* head, int count) {
  std::uint32_t largest = 0;
  for (int i = device::laneIndex(); i < count; i += 32) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(head[i]) & 0x7fffffffu;
    largest = bits > largest ? bits : largest;
  }
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    const std::uint32_t other = device::shuffleXor(largest, lanes);
    largest = other > largest ? other : largest;
  }
  return largest;
}

/// What of a token goes into the cache: its rotated key, its value, whether both are finite.
struct TokenHead {
  const float* key;    // [headDimPadded]
  const float* value;  // [headDim]
  int headDim;
  int headDimPadded;
  bool finite;

  __device__ float keyAt(int d) const { return finite ? key[d] : std::bit_cast<float>(kNan); }
  __device__ float valueAt(int d) const { return finite && d < headDim ? value[d] : 0.0f; }

  static constexpr std::uint32_t kNan = 0x7fc00000u;
};

__device__ __forceinline__ void storeBf16(const TokenHead& from, std::uint8_t* block, int token) {
  const int padded = from.headDimPadded;
  Bf16* const keys = reinterpret_cast<Bf16*>(block);
  Bf16* const values = reinterpret_cast<Bf16*>(block + kvSideBytes(padded, KvDtype::kBf16));
  for (int d = 2 * device::laneIndex(); d < padded; d += 64) {
    device::storeWords<1>(keys + keyElement(token, d),
                          {device::packBf16(from.keyAt(d), from.keyAt(d + 1))});
  }
  for (int d = device::laneIndex(); d < padded; d += 32) {
    const std::uint32_t pair = device::packBf16(from.valueAt(d), 0.0f);
    Bf16* const to = values + valueElement(token, d, padded);
    // An even token comes first, and leaves its partner zero.
    if (token % 2 == 0) {
      device::storeWords<1>(to, {pair});
    } else {
      device::storeHalfWord(to, static_cast<Bf16>(pair));
    }
  }
}

__device__ __forceinline__ void storeFp8(const TokenHead& from, std::uint8_t* block, int token,
                                         std::uint32_t largestKey, std::uint32_t largestValue) {
  const int padded = from.headDimPadded;
  const std::size_t side = kvSideBytes(padded, KvDtype::kFp8);
  const auto scaleOf = [&](std::uint32_t largest) {
    const float amax = from.finite ? std::bit_cast<float>(largest) : 0.0f;
    return codec::scaleNotBelow(amax / kFp8Max);
  };
  const Fp16 keyScale = scaleOf(largestKey);
  const Fp16 valueScale = scaleOf(largestValue);
  if (device::laneIndex() == 0) {
    device::storeHalfWord(block + 2 * side + static_cast<std::size_t>(token) * 2, keyScale);
    device::storeHalfWord(block + 2 * side + static_cast<std::size_t>(kBlockTokens + token) * 2,
                          valueScale);
  }
  const float ofKey = codec::fp16ToFloat(keyScale);
  const float ofValue = codec::fp16ToFloat(valueScale);
  for (int d = 2 * device::laneIndex(); d < padded; d += 64) {
    device::storeHalfWord(block + keyElement(token, d),
                          device::packFp8(from.keyAt(d) / ofKey, from.keyAt(d + 1) / ofKey));
  }
  for (int d = device::laneIndex(); d < padded; d += 32) {
    const std::uint16_t pair = device::packFp8(from.valueAt(d) / ofValue, 0.0f);
    std::uint8_t* const to = block + side + valueElement(token, d, padded);
    if (token % 2 == 0) {
      device::storeHalfWord(to, pair);
    } else {
      *to = static_cast<std::uint8_t>(pair);
    }
  }
}

/// Row `i` of the run: its key and its value.
__device__ __forceinline__ void appendToken(const RopeAppendParams& params, const RowRun& run,
                                            int kvHeadIndex, int i, std::uint8_t* block,
                                            AppendWarp& warp) {
  const auto row = static_cast<std::size_t>(run.row + i);
  const auto headAt = [&](int head) {
    return params.qkv + row * params.stride +
           static_cast<std::size_t>(head) * static_cast<std::size_t>(params.headDim);
  };
  rotate(params, headAt(params.heads + kvHeadIndex), params.keyNorm, row, warp);
  const float* const value = headAt(params.heads + params.kvHeads + kvHeadIndex);
  const std::uint32_t ofKey = largestBits(warp.rotated, params.headDim);
  const std::uint32_t ofValue = largestBits(value, params.headDim);
  const bool fp8 = params.cache.dtype == KvDtype::kFp8;
  // Beyond this a float rounds to the infinity of bf16.
  const std::uint32_t finiteMax = fp8 ? 0x7f7fffffu : 0x7f7f7fffu;
  const TokenHead head{warp.rotated, value, params.headDim, params.headDimPadded,
                       ofKey <= finiteMax && ofValue <= finiteMax};
  const int token = (run.position + i) % kBlockTokens;
  if (fp8) {
    storeFp8(head, block, token, ofKey, ofValue);
  } else {
    storeBf16(head, block, token);
  }
}

}  // namespace append

__global__ void __launch_bounds__(kAppendThreads) ropeAppendRuns(RopeAppendLaunch launch) {
  const RopeAppendParams& params = launch.params;
  const RowRun run = launch.runs[device::blockX()];
  const int kvHeadIndex = device::blockY();
  AppendWarp& warp =
      reinterpret_cast<AppendShared*>(device::sharedMemory())->warps[device::warpIndex()];
  std::uint8_t* const block = kvHead(params.cache, run.block, params.layer, kvHeadIndex);
  if (run.position % kBlockTokens == 0) {
    const int bytes =
        static_cast<int>(kvBlockHeadBytes(params.headDimPadded, params.cache.dtype));
    for (int at = 16 * device::threadIndex(); at < bytes; at += 16 * kAppendThreads) {
      device::storeWords<4>(block + at, {0, 0, 0, 0});
    }
    device::syncBlock();
  }
  const int group = params.heads / params.kvHeads;
  const int queries = run.count * group;
  const int firstPair = run.position % kBlockTokens / 2;
  const int lastPair = (run.position % kBlockTokens + run.count - 1) / 2;
  const int tasks = queries + lastPair - firstPair + 1;
  for (int task = device::warpIndex(); task < tasks; task += kAppendThreads / 32) {
    if (task < queries) {
      const auto row = static_cast<std::size_t>(run.row + task / group);
      const int head = kvHeadIndex * group + task % group;
      append::rotate(params,
                     params.qkv + row * params.stride +
                         static_cast<std::size_t>(head) * static_cast<std::size_t>(params.headDim),
                     params.queryNorm, row, warp);
      append::storeQuery(params, row, head, warp.rotated);
      continue;
    }
    const int pair = firstPair + task - queries;
    for (int token = 2 * pair; token <= 2 * pair + 1; ++token) {
      const int i = token - run.position % kBlockTokens;
      if (i < 0 || i >= run.count) continue;
      append::appendToken(params, run, kvHeadIndex, i, block, warp);
    }
  }
}

}  // namespace signalbox
