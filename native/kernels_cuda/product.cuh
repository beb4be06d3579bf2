// out = activations * weights, for batches of decoding: mma.sync with weights as A and rows as B,
// so that a batch of one wastes 7 of 8 columns of the tensor core and not a byte of memory.
//
// Launch: productLaunch(rows, panels, dtype) of product_plan.h says which weightProduct<rowTiles,
// dtype>, the grid, and the bytes of shared memory (above 48 KB: the function's attribute has to
// allow them); kProductThreads threads. Any number of rows; those beyond 64 read the weights again.
//
//   M1. Weights, and the order of every sum: product_plan.h, L1 to L3. It does not depend on rows,
//       so a row has the same bits in any batch, and ranks that hold whole segments give shares
//       whose tree (rows.cuh, residualNorm) is what one rank sums.
//   M2. fp8 widens to bf16 exactly, products are exact, sums are fp32 in the tensor core's own
//       rounding: a result is the CPU's within that, not by bits.
//   M3. A warp has a ring of its own and waits for nobody there; a block meets only where a
//       segment's sums do.
//   M4. Rows that are not there are copies of the last, inputs beyond an activation row zeros.
//
// Bound by memory: weights, once. At 4096 x 4096 in bf16 33.6 MB are 7.8 us at 4.3 TB/s; one row
// multiplies 0.034 GFLOP, 64 rows 2.1 GFLOP, 2.7 us at 790 TFLOP/s. A block of up to 8 rows has
// 56 KB of weights or more on the way, two blocks an SM; an SM needs 23 KB (700 ns). Activations
// come from L2, once a block: at 32 rows as many bytes as bf16 weights, at 64 twice; L2's rate is
// the bound there.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/numeric.h"
#include "kernels_cuda/device.h"
#include "kernels_cuda/product_plan.h"
#include "kernels_cuda/silu.h"
#include "kernels_cuda/weight_tile.cuh"

namespace signalbox {

namespace product {

template <int kRowTiles, WeightDtype kDtype>
struct Shape {
  static constexpr ProductShared kShared = productShared(kRowTiles, kDtype);
  static constexpr int kStages = kShared.stages;
  static constexpr int kTileBytes = tileBytes(kDtype);
  static constexpr int kRowTileBytes = 8 * kTileK * 2;
};

/// Where a lane's copies come from: its row of each eight rows, its share of a tile.
template <int kRowTiles>
struct Sources {
  const std::uint8_t* weights[kProductPanels];
  const Bf16* rows[kRowTiles];
};

template <int kRowTiles>
__device__ __forceinline__ Sources<kRowTiles> sourcesOf(const WeightProductParams& params,
                                                        int tileBytes) {
  Sources<kRowTiles> from;
  const int lane = device::laneIndex();
  SIGNALBOX_UNROLL
  for (int p = 0; p < kProductPanels; ++p) {
    const int panel = kProductPanels * device::blockX() + p;
    const auto index = static_cast<std::size_t>(panel < params.panels ? panel : params.panels - 1);
    from.weights[p] = params.weights + index * static_cast<std::size_t>(params.k / kTileK) *
                                           static_cast<std::size_t>(tileBytes) +
                      16 * lane;
  }
  SIGNALBOX_UNROLL
  for (int n = 0; n < kRowTiles; ++n) {
    const int row = 8 * (kRowTiles * device::blockY() + n) + lane / 4;
    const auto index = static_cast<std::size_t>(row < params.rows ? row : params.rows - 1);
    from.rows[n] =
        params.activations + index * static_cast<std::size_t>(params.stride) + lane % 4 * 8;
  }
  return from;
}

template <int kRowTiles, WeightDtype kDtype>
__device__ __forceinline__ void fetchTile(const Sources<kRowTiles>& from, int tile, int stride,
                                          std::uint8_t* stage) {
  using Shape = Shape<kRowTiles, kDtype>;
  const int lane = device::laneIndex();
  SIGNALBOX_UNROLL
  for (int p = 0; p < kProductPanels; ++p) {
    SIGNALBOX_UNROLL
    for (int piece = 0; piece < Shape::kTileBytes; piece += 512) {
      device::copyAsync16(stage + p * Shape::kTileBytes + piece + 16 * lane,
                          from.weights[p] + static_cast<std::size_t>(tile) * Shape::kTileBytes +
                              piece);
    }
  }
  stage += kProductPanels * Shape::kTileBytes + activationOffset16(lane / 4, lane % 4);
  const bool there = tile * kTileK + lane % 4 * 8 < stride;
  SIGNALBOX_UNROLL
  for (int n = 0; n < kRowTiles; ++n) {
    std::uint8_t* const to = stage + n * Shape::kRowTileBytes;
    if (there) {
      device::copyAsync16(to, from.rows[n] + tile * kTileK);
    } else {
      device::storeWords<4>(to, {0, 0, 0, 0});
    }
  }
}

template <int kRowTiles>
using Sums = float[kProductPanels][kRowTiles][4];

template <int kRowTiles, WeightDtype kDtype>
__device__ __forceinline__ void multiplyTile(const std::uint8_t* stage, Sums<kRowTiles>& sums) {
  using Shape = Shape<kRowTiles, kDtype>;
  std::uint32_t a[kProductPanels][2][4];
  SIGNALBOX_UNROLL
  for (int p = 0; p < kProductPanels; ++p) {
    loadHalf<kDtype, 0>(stage + p * Shape::kTileBytes, 0, a[p]);
    loadHalf<kDtype, 1>(stage + p * Shape::kTileBytes, 1, a[p]);
  }
  stage += kProductPanels * Shape::kTileBytes + device::laneIndex() % 4 * 4;
  SIGNALBOX_UNROLL
  for (int n = 0; n < kRowTiles; ++n) {
    SIGNALBOX_UNROLL
    for (int step = 0; step < 2; ++step) {
      std::uint32_t b[2];
      SIGNALBOX_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int at = activationOffset16(device::laneIndex() / 4, 2 * step + i);
        b[i] = device::loadWords<1>(stage + n * Shape::kRowTileBytes + at)[0];
      }
      SIGNALBOX_UNROLL
      for (int p = 0; p < kProductPanels; ++p) device::multiplyBf16(sums[p][n], a[p][step], b);
    }
  }
}

/// The warp's sums of its slice to shared memory: [slice][row][output].
template <int kRowTiles>
__device__ __forceinline__ void storeSums(const Sums<kRowTiles>& sums, float* shared) {
  const int output = device::laneIndex() / 4;
  const int row = device::warpIndex() * 8 * kRowTiles + device::laneIndex() % 4 * 2;
  SIGNALBOX_UNROLL
  for (int p = 0; p < kProductPanels; ++p) {
    SIGNALBOX_UNROLL
    for (int n = 0; n < kRowTiles; ++n) {
      SIGNALBOX_UNROLL
      for (int e = 0; e < 4; ++e) {
        shared[(row + 8 * n + e % 2) * kSumStride + p * kPanel + output + e / 2 * 8] =
            sums[p][n][e];
      }
    }
  }
}

/// Of output lane and row 8 n + warp of the block, over all slices in order.
template <int kRowTiles>
__device__ __forceinline__ float sumOfSlices(const float* shared, int n) {
  const float* at = shared + (8 * n + device::warpIndex()) * kSumStride + device::laneIndex();
  float sum = *at;
  SIGNALBOX_UNROLL
  for (int slice = 1; slice < kProductSlices; ++slice) {
    at += 8 * kRowTiles * kSumStride;
    sum = sum + *at;
  }
  return sum;
}

}  // namespace product

template <int kRowTiles, WeightDtype kDtype>
__global__ void __launch_bounds__(kProductThreads, productBlocks(kRowTiles))
    weightProduct(WeightProductParams params) {
  using Shape = product::Shape<kRowTiles, kDtype>;
  std::uint8_t* const ring = device::sharedMemory() + device::warpIndex() * Shape::kStages *
                                                          Shape::kShared.stageBytes;
  float* const meeting =
      reinterpret_cast<float*>(device::sharedMemory() + Shape::kShared.ringBytes);
  const auto from = product::sourcesOf<kRowTiles>(params, Shape::kTileBytes);
  const int tiles = params.k / kTileK / params.segments;
  const int first = sliceBegin(device::warpIndex(), tiles);
  const int count = sliceBegin(device::warpIndex() + 1, tiles) - first;

  // The ring goes on over segments: what is fetched next, and where it goes.
  int left = count * params.segments;
  int tile = first;
  int inSlice = 0;
  int slot = 0;
  const auto fetch = [&] {
    if (left > 0) {
      product::fetchTile<kRowTiles, kDtype>(from, tile, params.stride,
                                            ring + slot * Shape::kShared.stageBytes);
      --left;
      ++tile;
      if (++inSlice == count) {
        inSlice = 0;
        tile += tiles - count;
      }
      slot = slot + 1 == Shape::kStages ? 0 : slot + 1;
    }
    device::commitCopies();
  };
  for (int i = 0; i < Shape::kStages - 1; ++i) fetch();

  const int output = kProductPanels * kPanel * device::blockX() + device::laneIndex();
  const bool packed = output < params.panels * kPanel;
  const float scale = kDtype == WeightDtype::kFp8 && packed ? params.scales[output] : 1.0f;
  float totals[kRowTiles] = {};
  float pairs[kRowTiles] = {};  // of segments 0 and 1
  int ready = 0;
  for (int segment = 0; segment < params.segments; ++segment) {
    product::Sums<kRowTiles> sums = {};
    for (int i = 0; i < count; ++i) {
      device::waitCopies<Shape::kStages - 2>();
      device::syncWarp();  // All lanes' copies are there, and all have read the last tile:
      fetch();             // this one goes over it.
      product::multiplyTile<kRowTiles, kDtype>(ring + ready * Shape::kShared.stageBytes, sums);
      ready = ready + 1 == Shape::kStages ? 0 : ready + 1;
    }
    device::syncBlock();  // The last segment's sums have been read.
    product::storeSums<kRowTiles>(sums, meeting);
    device::syncBlock();
    SIGNALBOX_UNROLL
    for (int n = 0; n < kRowTiles; ++n) {
      float sum = product::sumOfSlices<kRowTiles>(meeting, n);
      if constexpr (kDtype == WeightDtype::kFp8) sum = sum * scale;
      if (segment == 2) pairs[n] = totals[n];
      totals[n] = segment % 2 == 0 ? sum : totals[n] + sum;
      if (segment == 3) totals[n] = pairs[n] + totals[n];
    }
  }

  const bool biased = params.bias != nullptr && packed;
  const float bias = biased ? params.bias[output] : 0.0f;
  SIGNALBOX_UNROLL
  for (int n = 0; n < kRowTiles; ++n) {
    const int row = 8 * (kRowTiles * device::blockY() + n) + device::warpIndex();
    const float value = biased ? totals[n] + bias : totals[n];
    if (params.gated != nullptr) {
      const float up = device::shuffleXor(value, kPanel);
      if (row < params.rows && device::laneIndex() < kPanel) {
        const auto columns = static_cast<std::size_t>(8 * params.panels);
        Bf16* const to = params.gated + static_cast<std::size_t>(row) * columns;
        const std::uint32_t bits = device::packBf16(siluMul(value, up), 0.0f);
        device::storeHalfWord(to + kPanel * device::blockX() + device::laneIndex(),
                              static_cast<std::uint16_t>(bits));
      }
    } else if (row < params.rows && output < params.outputs) {
      params.out[static_cast<std::size_t>(row) * static_cast<std::size_t>(params.outStride) +
                 static_cast<std::size_t>(output)] = value;
    }
  }
}

}  // namespace signalbox
