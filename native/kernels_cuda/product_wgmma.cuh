// out = activations * weights, for prompts: wgmma with weights as A from registers and rows as B
// from shared memory, both brought there by TMA.
//
// Launch: promptLaunch(rows, panels, dtype) of product_wgmma_plan.h; kPromptThreads threads;
// promptProduct<dtype>. The tensor maps are encoded from promptWeightMap and promptActivationMap.
//
//   Q1. Weights, and the order of every sum: product_plan.h, L1 to L3, as for few rows. Where the
//       tensor core adds the sixteen inputs of a step alike for mma.sync and wgmma, results are
//       weightProduct's bit for bit; on the emulated device they are. Until a GPU has shown it, who
//       needs a replayed prefix to equal decoding replays it through weightProduct.
//   Q2. fp8 weights widen to bf16 in registers. Products of fp8 by fp8 (QGMMA) would need
//       activations rounded to fp8: other numerics than the CPU's, so none are made.
//   Q3. Gate and up of the same 8 outputs are the two halves of one warp's A: one thread has both
//       sums.
//   Q4. A warpgroup waits for its products before it loads the next weights; the other multiplies
//       meanwhile.
//
// Bound by the tensor cores, or L2: 2048 rows of 4096 x 4096 are 69 GFLOP, 87 us at 790 TFLOP/s. A
// tile of 128 x 128 makes 64 FLOP of a byte from L2, so a rate of 5.5 TB/s there caps it at 350
// TFLOP/s; blocks of a cluster that share their loads would lift that. Shared memory: per 16 inputs
// of a tile 8 KB in, 8 KB read as B, 4 KB as A, in 128 cycles that could move 16.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/numeric.h"
#include "kernels_cuda/device_hopper.h"
#include "kernels_cuda/product_wgmma_plan.h"
#include "kernels_cuda/silu.h"
#include "kernels_cuda/weight_tile.cuh"

namespace signalbox {

namespace prompt {

/// The block's shared memory.
template <WeightDtype kDtype>
struct Ring {
  static constexpr PromptShared kShared = promptShared(kDtype);

  __device__ __forceinline__ static std::uint8_t* stage(int slot) {
    return device::sharedMemory() + slot * kShared.stageBytes;
  }
  __device__ __forceinline__ static std::uint64_t* full(int slot) {
    return reinterpret_cast<std::uint64_t*>(device::sharedMemory() + kShared.fullAt) + slot;
  }
  __device__ __forceinline__ static std::uint64_t* empty(int slot) {
    return reinterpret_cast<std::uint64_t*>(device::sharedMemory() + kShared.emptyAt) + slot;
  }
  /// Of the thread, kPromptConsumers floats from one to the next.
  __device__ __forceinline__ static float* parked() {
    return reinterpret_cast<float*>(device::sharedMemory() + kShared.parkedAt) +
           device::threadIndex();
  }
};

/// One thread brings all stages.
template <WeightDtype kDtype>
__device__ __forceinline__ void fetchStages(const PromptProductParams& params) {
  using Ring = Ring<kDtype>;
  const int tiles = params.k / kTileK / params.segments;
  RingAt at;
  for (int segment = 0; segment < params.segments; ++segment) {
    for (int tile = 0; tile < tiles; tile += 2, at = nextOf(at, Ring::kShared.stages)) {
      device::waitPhase(Ring::empty(at.slot), at.phase ^ 1u);
      std::uint64_t* const full = Ring::full(at.slot);
      std::uint8_t* const stage = Ring::stage(at.slot);
      const int first = segment * tiles + tile;
      device::arriveExpecting(full, Ring::kShared.stageBytes);
      device::loadBox(stage, params.activations, full,
                      std::array{first * kTileK, kPromptRows * device::blockX()});
      device::loadBox(stage + Ring::kShared.activationBytes, params.weights, full,
                      std::array{0, first, kPromptPanels * device::blockY()});
    }
  }
}

/// Which weights are rows 8 i to 8 i + 7 of the warp's A.
struct WarpRows {
  int panel[2];  // of the block's
  int half[2];
};
__device__ __forceinline__ WarpRows warpRows(bool gated) {
  const int warp = device::warpIndex();
  if (!gated) return {{warp, warp}, {0, 1}};
  return {{warp / 2 * 2, warp / 2 * 2 + 1}, {warp % 2, warp % 2}};
}

using Sums = float[kPromptSums];

/// The products of kTiles tiles, added to `chain`.
template <int kTiles>
__device__ __forceinline__ void multiplyTiles(const std::uint32_t (&a)[2][2][4],
                                              std::uint64_t descriptor, Sums& chain) {
  device::beginProducts();
  SIGNALBOX_UNROLL
  for (int step = 0; step < 2 * kTiles; ++step) {
    device::multiplyGroup(chain, a[step / 2][step % 2],
                          descriptor + static_cast<std::uint64_t>(step) * kDescriptorStep);
  }
  device::endProducts();
}

/// The products of a stage: of both its tiles, or of the first.
template <WeightDtype kDtype>
__device__ __forceinline__ void multiplyStage(const std::uint8_t* stage, const WarpRows& rows,
                                              bool both, Sums& chain) {
  using Ring = Ring<kDtype>;
  const std::uint8_t* const weights = stage + Ring::kShared.activationBytes;
  std::uint32_t a[2][2][4];
  SIGNALBOX_UNROLL
  for (int tile = 0; tile < 2; ++tile) {
    const std::uint8_t* const low = weights + (2 * rows.panel[0] + tile) * tileBytes(kDtype);
    const std::uint8_t* const high = weights + (2 * rows.panel[1] + tile) * tileBytes(kDtype);
    product::loadHalf<kDtype, 0>(low, rows.half[0], a[tile]);
    product::loadHalf<kDtype, 1>(high, rows.half[1], a[tile]);
    device::settle(a[tile][0]);
    device::settle(a[tile][1]);
  }
  device::settle(chain);
  const std::uint64_t descriptor = rowsDescriptor(device::sharedAddress(stage));
  if (both) {
    multiplyTiles<2>(a, descriptor, chain);
  } else {
    multiplyTiles<1>(a, descriptor, chain);
  }
  device::settle(chain);
}

/// What the thread's sums e are of: output `output[e / 2 % 2]`, counted as weights are packed.
struct ThreadOutputs {
  int output[2];
  float scale[2];
};
template <WeightDtype kDtype>
__device__ __forceinline__ ThreadOutputs threadOutputs(const PromptProductParams& params,
                                                       const WarpRows& rows) {
  ThreadOutputs outputs;
  SIGNALBOX_UNROLL
  for (int i = 0; i < 2; ++i) {
    outputs.output[i] = kPanel * (kPromptPanels * device::blockY() + rows.panel[i]) +
                        8 * rows.half[i] + device::laneIndex() / 4;
    const bool scaled = kDtype == WeightDtype::kFp8 && outputs.output[i] < params.panels * kPanel;
    outputs.scale[i] = scaled ? params.scales[outputs.output[i]] : 1.0f;
  }
  return outputs;
}

/// `sum`, of a segment, joins the tree: `held` is what of it is not parked.
__device__ __forceinline__ void addSegment(int segment, const Sums& sum, float* parked,
                                           Sums& held) {
  if (segment % 2 == 0) {
    SIGNALBOX_UNROLL
    for (int e = 0; e < kPromptSums; ++e) {
      if (segment == 2) parked[e * kPromptConsumers] = held[e];
      held[e] = sum[e];
    }
    return;
  }
  SIGNALBOX_UNROLL
  for (int e = 0; e < kPromptSums; ++e) {
    held[e] = held[e] + sum[e];
    if (segment == 3) held[e] = parked[e * kPromptConsumers] + held[e];
  }
}

__device__ __forceinline__ void storeSums(const PromptProductParams& params,
                                          const ThreadOutputs& outputs, const Sums& held) {
  float bias[2] = {};
  bool there[2];
  SIGNALBOX_UNROLL
  for (int i = 0; i < 2; ++i) {
    there[i] = outputs.output[i] < params.panels * kPanel;
    if (params.bias != nullptr && there[i]) bias[i] = params.bias[outputs.output[i]];
    there[i] = there[i] && (params.gated != nullptr || outputs.output[i] < params.outputs);
  }
  const bool biased = params.bias != nullptr;
  const auto value = [&](int e) { return biased ? held[e] + bias[e / 2 % 2] : held[e]; };
  const int first = kPromptRows * device::blockX() + device::laneIndex() % 4 * 2;
  SIGNALBOX_UNROLL
  for (int e = 0; e < kPromptSums; ++e) {
    const int row = first + e / 4 * 8 + e % 2;
    if (row >= params.rows || !there[e / 2 % 2]) continue;
    const auto at = static_cast<std::size_t>(row);
    if (params.gated == nullptr) {
      params.out[at * static_cast<std::size_t>(params.outStride) +
                 static_cast<std::size_t>(outputs.output[e / 2 % 2])] = value(e);
    } else if (e / 2 % 2 == 0) {
      const int column = outputs.output[0] / (2 * kPanel) * kPanel + outputs.output[0] % kPanel;
      const std::uint32_t bits = device::packBf16(siluMul(value(e), value(e + 2)), 0.0f);
      Bf16* const to = params.gated + at * static_cast<std::size_t>(8 * params.panels);
      device::storeHalfWord(to + column, static_cast<std::uint16_t>(bits));
    }
  }
}

/// What a warpgroup that multiplies does.
template <WeightDtype kDtype>
__device__ __forceinline__ void multiplyStages(const PromptProductParams& params) {
  using Ring = Ring<kDtype>;
  const WarpRows rows = warpRows(params.gated != nullptr);
  const ThreadOutputs outputs = threadOutputs<kDtype>(params, rows);
  const int tiles = params.k / kTileK / params.segments;
  Sums held = {};
  RingAt at;
  for (int segment = 0; segment < params.segments; ++segment) {
    Sums sum = {};
    for (int slice = 0; slice < kProductSlices; ++slice) {
      const int end = sliceBegin(slice + 1, tiles);
      int tile = sliceBegin(slice, tiles);
      if (tile == end) continue;
      Sums chain = {};
      for (; tile < end; tile += 2, at = nextOf(at, Ring::kShared.stages)) {
        device::waitPhase(Ring::full(at.slot), at.phase);
        multiplyStage<kDtype>(Ring::stage(at.slot), rows, tile + 1 < end, chain);
        if (device::laneIndex() == 0) device::arriveAt(Ring::empty(at.slot));
      }
      SIGNALBOX_UNROLL
      for (int e = 0; e < kPromptSums; ++e) sum[e] = sum[e] + chain[e];
    }
    if constexpr (kDtype == WeightDtype::kFp8) {
      SIGNALBOX_UNROLL
      for (int e = 0; e < kPromptSums; ++e) sum[e] = sum[e] * outputs.scale[e / 2 % 2];
    }
    addSegment(segment, sum, Ring::parked(), held);
  }
  storeSums(params, outputs, held);
}

}  // namespace prompt

template <WeightDtype kDtype>
__global__ void __launch_bounds__(kPromptThreads, 1)
    promptProduct(const __grid_constant__ PromptProductParams params) {
  using Ring = prompt::Ring<kDtype>;
  if (device::threadIndex() == 0) {
    for (int slot = 0; slot < Ring::kShared.stages; ++slot) {
      device::initBarrier(Ring::full(slot), 1);
      device::initBarrier(Ring::empty(slot), kPromptConsumers / 32);
    }
    device::publishBarriers();
  }
  device::syncBlock();
  if (device::threadIndex() >= kPromptConsumers) {
    device::giveRegisters<kPromptFetchRegisters>();
    if (device::threadIndex() == kPromptConsumers) prompt::fetchStages<kDtype>(params);
    return;
  }
  device::takeRegisters<kPromptMultiplyRegisters>();
  prompt::multiplyStages<kDtype>(params);
}

}  // namespace signalbox
