// What pagedAttention (attention.cuh) takes, and its shared memory: for whoever launches it.
#pragma once

#include "core/kv_layout.h"
#include "kernels_cuda/attention_plan.h"

namespace signalbox {

inline constexpr int kAttentionWarps = 4;
inline constexpr int kAttentionThreads = 32 * kAttentionWarps;

/// Grid: [items][key heads * head tiles].
struct PagedAttentionParams {
  const Bf16* queries;  // [rows][heads][head dim of the kernel], rotated, zeros in the padding
  int heads;
  int kvHeads;
  int headDim;
  float scale;  // 1 / sqrt(headDim)
  int window;   // positions a query sees, itself included; 0: all
  KvLayout cache;
  int layer;
  const BlockId* tables;
  const DeviceTile* tiles;
  const AttentionItem* items;
  float* partials;  // [items][grid y][16][head dim + 2]: output, maximum, sum
  int* tickets;     // [tiles][grid y], zero before and after
  Bf16* attended;   // [rows][heads * headDim]
};

/// How a head of kDim (padded) lies in shared memory, and how it is multiplied.
template <int kDim, KvDtype kDtype>
struct AttentionShape {
  static constexpr bool kFp8 = kDtype == KvDtype::kFp8;
  static constexpr int kElementBytes = kFp8 ? 1 : 2;
  // Rows are 16 bytes (keys of bf16: 32) longer than their elements: a fragment's loads then meet
  // 32 different banks.
  static constexpr int kKeyRowBytes = kBlockTokens * 2 * kElementBytes + (kFp8 ? 16 : 32);
  static constexpr int kValueRowBytes = kDim * 2 * kElementBytes + (kFp8 ? 16 : 32);
  static constexpr int kKeyBytes = kDim / 2 * kKeyRowBytes;
  static constexpr int kValueBytes = kBlockTokens / 2 * kValueRowBytes;
  static constexpr int kScaleBytes = kFp8 ? 2 * kBlockTokens * 2 : 0;
  static constexpr int kStageBytes = kKeyBytes + kValueBytes + kScaleBytes;
  /// Both cache blocks of a warp's part of a segment are fetched at once where they fit.
  static constexpr int kStages = kStageBytes * kAttentionWarps * 2 <= 200 * 1024 ? 2 : 1;
  static constexpr int kMergeBytes = kAttentionWarps * kQueryRows * (kDim + 2) * 4;
  static constexpr int kRingBytes = kStageBytes * kAttentionWarps * kStages;
  /// Queries of the widest heads wait in shared memory: registers do not hold them and the output.
  static constexpr bool kParked = kDim > 128;
  static constexpr int kParkedBytes = kParked ? kAttentionWarps * kDim / 16 * 32 * 16 : 0;
  static constexpr int kParkedAt = kRingBytes > kMergeBytes ? kRingBytes : kMergeBytes;
  static constexpr int kSharedBytes = kParkedAt + kParkedBytes + static_cast<int>(sizeof(int));
};

}  // namespace signalbox
