// Where the keys and values of the cache lie, the same on every portable path of the CPU and on a
// CUDA device: blocks move between them as bytes.
//
// A pair of keys' dimensions and a pair of tokens' values lie side by side because that is what a
// tile of B is made of, for AMX as for mma.sync: nobody transposes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/numeric.h"
#include "core/types.h"

namespace signalbox {

/// Keys and values of one layer and one head in one block, one after the other without gaps:
///   keys    [headDimPadded / 2][32 tokens][2]
///   values  [16 pairs of tokens][headDimPadded][2]
///   fp8     then fp16 key scales [32], fp16 value scales [32]
/// f32 (reference): keys [32 tokens][headDim], values [32 tokens][headDim], floats.
struct KvLayout {
  std::uint8_t* pool;        // the rank's
  std::size_t blockStride;   // bytes from a block to the next: all layers, all heads of the rank
  std::size_t layerStride;   // bytes from a layer to the next inside a block
  std::size_t headStride;    // bytes from a head to the next inside a layer; % 64 == 0
  KvDtype dtype;
};

/// Where the head's bytes begin.
[[gnu::always_inline]] inline constexpr std::uint8_t* kvHead(const KvLayout& cache, BlockId block,
                                                             int layer, int head) {
  return cache.pool + static_cast<std::size_t>(block) * cache.blockStride +
         static_cast<std::size_t>(layer) * cache.layerStride +
         static_cast<std::size_t>(head) * cache.headStride;
}

/// Of keys, and again of values, of one head in one block. bf16 or fp8.
[[gnu::always_inline]] inline constexpr std::size_t kvSideBytes(int headDimPadded, KvDtype dtype) {
  const std::size_t elements =
      static_cast<std::size_t>(headDimPadded) * static_cast<std::size_t>(kBlockTokens);
  return dtype == KvDtype::kFp8 ? elements : elements * sizeof(Bf16);
}

/// Keys, values and scales of one head in one block. bf16 or fp8.
[[gnu::always_inline]] inline constexpr std::size_t kvBlockHeadBytes(int headDimPadded,
                                                                     KvDtype dtype) {
  const std::size_t scales = dtype == KvDtype::kFp8 ? 2 * kBlockTokens * sizeof(Fp16) : 0;
  return 2 * kvSideBytes(headDimPadded, dtype) + scales;
}

/// Where dimension `d` of a token's key lies, in elements from the first key.
[[gnu::always_inline]] inline constexpr std::size_t keyElement(int token, int d) {
  return static_cast<std::size_t>((d / 2 * kBlockTokens + token) * 2 + d % 2);
}

/// Where dimension `d` of a token's value lies, in elements from the first value.
[[gnu::always_inline]] inline constexpr std::size_t valueElement(int token, int d,
                                                                 int headDimPadded) {
  return static_cast<std::size_t>((token / 2 * headDimPadded + d) * 2 + token % 2);
}

}  // namespace signalbox
