// The product of prompts, in numbers: tiles, the ring of stages, descriptors and tensor maps.
//
//   T1. A block's tile is kPromptPanels panels by kPromptRows rows. Each of two warpgroups does
//       four panels, as A from registers, by all rows, as B from shared memory.
//   T2. A stage is a pair of tiles of 32 inputs; the last of a segment may have one that counts.
//   T3. Who fills a slot waits until all warps have left it, who reads it until its bytes are
//       there: two barriers a slot, whose phases follow RingAt.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/host_device.h"
#include "kernels_cuda/product_plan.h"
#include "kernels_cuda/tensor_map.h"

namespace signalbox {

inline constexpr int kPromptPanels = 8;
inline constexpr int kPromptRows = 128;
inline constexpr int kPromptStageK = 2 * kTileK;
/// Warpgroups that multiply; one more fetches.
inline constexpr int kPromptGroups = 2;
inline constexpr int kPromptConsumers = 128 * kPromptGroups;
inline constexpr int kPromptThreads = kPromptConsumers + 128;
/// Sums of a thread: 64 outputs by 128 rows over a warpgroup.
inline constexpr int kPromptSums = 64;
/// Registers of a thread that fetches and of one that multiplies; 65,536 are there.
inline constexpr int kPromptFetchRegisters = 24;
inline constexpr int kPromptMultiplyRegisters = 240;

/// Shared memory: stages (activations, then weights), what segments leave, barriers.
struct PromptShared {
  int activationBytes;  // of a stage
  int stageBytes;
  int stages;
  int parkedAt;
  int fullAt;   // [stages] 8 bytes
  int emptyAt;  // [stages] 8 bytes
  int bytes;
};
inline constexpr PromptShared promptShared(WeightDtype dtype) {
  PromptShared shared{};
  shared.activationBytes = kPromptRows * kPromptStageK * 2;
  shared.stageBytes = shared.activationBytes + 2 * kPromptPanels * tileBytes(dtype);
  const int parked = kPromptSums * kPromptConsumers * 4;
  shared.stages = (kSharedOfSm - kSharedOfSystem - parked - 1024) / shared.stageBytes;
  shared.parkedAt = shared.stages * shared.stageBytes;
  shared.fullAt = shared.parkedAt + parked;
  shared.emptyAt = shared.fullAt + 8 * shared.stages;
  shared.bytes = shared.emptyAt + 8 * shared.stages;
  return shared;
}

/// A slot of the ring and the parity of its barriers' phase: what reads the slot waits for parity
/// `phase` of the full barrier, what fills it for the other of the empty one, which begins free.
struct RingAt {
  int slot = 0;
  std::uint32_t phase = 0;
};
SIGNALBOX_BOTH inline constexpr RingAt nextOf(RingAt at, int stages) {
  return at.slot + 1 == stages ? RingAt{0, at.phase ^ 1u} : RingAt{at.slot + 1, at.phase};
}

/// The matrix descriptor of wgmma (PTX ISA, "Matrix Descriptor Format") for B as rows of 128 bytes
/// of k, swizzled over 128 bytes, at an address % 1024 == 0: address, no leading offset (1), 1024
/// bytes from eight rows to the next, base offset 0, swizzle 1.
SIGNALBOX_BOTH inline constexpr std::uint64_t rowsDescriptor(std::uint32_t sharedAddress) {
  return std::uint64_t{1} << 62 | std::uint64_t{1024 >> 4} << 32 | std::uint64_t{1} << 16 |
         (sharedAddress & 0x3ffffu) >> 4;
}
/// What 16 inputs further adds to a descriptor.
inline constexpr std::uint64_t kDescriptorStep = 32 >> 4;

/// Weights as [panels][k / 32][tile]: a box is a pair of tiles of each panel.
inline TensorMapArguments promptWeightMap(const std::uint8_t* weights, int panels, int k,
                                          WeightDtype dtype) {
  const auto words = static_cast<std::uint32_t>(tileBytes(dtype) / 4);
  const auto tiles = static_cast<std::uint64_t>(k / kTileK);
  return {TensorElement::kUint32,
          TensorSwizzle::kNone,
          3,
          weights,
          {words, tiles, static_cast<std::uint64_t>(panels)},
          {4 * words, 4 * words * tiles},
          {words, 2, kPromptPanels}};
}

/// Activations [rows][stride], % 8 == 0: what lies beyond a row's or the last row's end is zero.
inline TensorMapArguments promptActivationMap(const Bf16* activations, int rows, int stride) {
  return {TensorElement::kBf16,
          TensorSwizzle::k128Bytes,
          2,
          activations,
          {static_cast<std::uint64_t>(stride), static_cast<std::uint64_t>(rows), 0},
          {static_cast<std::uint64_t>(stride) * 2, 0},
          {kPromptStageK, kPromptRows, 0}};
}

/// What promptProduct (product_wgmma.cuh) takes.
struct PromptProductParams {
  TensorMap weights;      // promptWeightMap
  TensorMap activations;  // promptActivationMap
  const float* scales;            // fp8: [panels * 16], powers of two; bf16: null
  const float* bias;              // [panels * 16] or null
  int panels;                     // even for `gated`
  int k;                          // % (32 * segments) == 0
  int segments;                   // 1, 2 or 4
  int rows;                       // > 0
  float* out;                     // [rows][outStride]: sums and bias; or null for `gated`
  int outStride;                  // floats
  int outputs;                    // of out, at most panels * 16
  Bf16* gated;                    // [rows][panels * 8]: panels alternate gate and up; or null
};

/// Of promptProduct<dtype>, kPromptThreads threads a block.
struct PromptLaunch {
  int gridX;
  int gridY;
  int sharedBytes;
};
inline constexpr PromptLaunch promptLaunch(int rows, int panels, WeightDtype dtype) {
  return {(rows + kPromptRows - 1) / kPromptRows, (panels + kPromptPanels - 1) / kPromptPanels,
          promptShared(dtype).bytes};
}

}  // namespace signalbox
