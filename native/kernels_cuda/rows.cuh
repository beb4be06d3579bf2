// What is done row by row between matrix products: embeddings, the residual stream with its norm,
// the gated activation.
//
// Bound by memory, each: a row is read once and written once. At hidden 4096 an embedding reads
// 8 KB and writes 16; a norm with one share reads 32 and writes 24 (its second look at the row
// meets L1); a gated row of 14336 columns reads 112 and writes 28.
#pragma once

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "core/numeric.h"
#include "core/types.h"
#include "kernels_cuda/device.h"
#include "kernels_cuda/rows_params.h"
#include "kernels_cuda/silu.h"

namespace signalbox {

__global__ void __launch_bounds__(kRowThreads) embedRows(EmbedParams params) {
  const auto hidden = static_cast<std::size_t>(params.hidden);
  const auto row = static_cast<std::size_t>(device::blockX());
  const Bf16* const from = params.table + static_cast<std::size_t>(params.tokens[row]) * hidden;
  float* const to = params.x + row * hidden;
  for (int i = 8 * device::threadIndex(); i < params.hidden; i += 8 * kRowThreads) {
    const auto words = device::loadWords<4>(from + i);
    for (int w = 0; w < 4; ++w) {
      device::storeWords<2>(to + i + 2 * w, {words[static_cast<std::size_t>(w)] << 16,
                                             words[static_cast<std::size_t>(w)] & 0xffff0000u});
    }
  }
}

/// Neighbours, moved as 16 bytes.
struct Four {
  float at[4];
  __device__ Four operator+(const Four& other) const {
    return {{at[0] + other.at[0], at[1] + other.at[1], at[2] + other.at[2],
             at[3] + other.at[3]}};
  }
};
__device__ __forceinline__ Four loadFour(const float* from) {
  return std::bit_cast<Four>(device::loadWords<4>(from));
}
__device__ __forceinline__ void storeFour(float* to, const Four& four) {
  device::storeWords<4>(to, std::bit_cast<std::array<std::uint32_t, 4>>(four));
}

/// Four columns of the row with all shares added, which are then x. The sum of their squares.
__device__ __forceinline__ float addShares(const ResidualNormParams& params, std::size_t at,
                                           int column) {
  Four x = loadFour(params.x + at);
  if (params.ranks > 0) {
    Four sum = loadFour(params.partials[0] + at);
    if (params.ranks >= 2) sum = sum + loadFour(params.partials[1] + at);
    if (params.ranks == 4) {
      sum = sum + (loadFour(params.partials[2] + at) + loadFour(params.partials[3] + at));
    }
    if (params.bias != nullptr) sum = sum + loadFour(params.bias + column);
    x = x + sum;
    storeFour(params.x + at, x);
  }
  return x.at[0] * x.at[0] + x.at[1] * x.at[1] + x.at[2] * x.at[2] + x.at[3] * x.at[3];
}

__global__ void __launch_bounds__(kRowThreads) residualNorm(ResidualNormParams params) {
  auto* const shared = reinterpret_cast<ResidualNormShared*>(device::sharedMemory());
  const std::size_t row =
      static_cast<std::size_t>(device::blockX()) * static_cast<std::size_t>(params.hidden);
  const int first = 4 * device::threadIndex();
  float square = 0;
  for (int i = first; i < params.hidden; i += 4 * kRowThreads) {
    square = square + addShares(params, row + static_cast<std::size_t>(i), i);
  }
  for (int lanes = 16; lanes > 0; lanes /= 2) square = square + device::shuffleXor(square, lanes);
  if (device::laneIndex() == 0) shared->sums[device::warpIndex()] = square;
  device::syncBlock();
  float sum = 0;
  for (int w = 0; w < kRowThreads / 32; ++w) sum = sum + shared->sums[w];
  const float factor = 1.0f / sqrtf(sum / static_cast<float>(params.hidden) + params.eps);
  // A thread reads again what it wrote itself.
  for (int i = first; i < params.hidden; i += 4 * kRowThreads) {
    const Four x = loadFour(params.x + row + static_cast<std::size_t>(i));
    const Four weight = loadFour(params.weight + i);
    const auto pair = [&](int k) {
      return device::packBf16(x.at[k] * factor * weight.at[k],
                              x.at[k + 1] * factor * weight.at[k + 1]);
    };
    device::storeWords<2>(params.normed + row + static_cast<std::size_t>(i), {pair(0), pair(2)});
  }
}

__global__ void __launch_bounds__(kRowThreads) gatedActivation(GatedParams params) {
  const auto columns = static_cast<std::size_t>(params.columns);
  const auto row = static_cast<std::size_t>(device::blockX());
  const float* const from = params.gateUp + 2 * row * columns;
  Bf16* const to = params.gated + row * columns;
  const auto at = [&](int column) {
    const float* const gate = from + column / 16 * 32 + column % 16;
    return siluMul(gate[0], gate[16]);
  };
  for (int i = 2 * device::threadIndex(); i < params.columns; i += 2 * kRowThreads) {
    device::storeWords<1>(to + i, {device::packBf16(at(i), at(i + 1))});
  }
}

}  // namespace signalbox
