// Where the parts of one key-value head lie in one block of the cache (kernels.h, KvLayout).
#pragma once

namespace signalbox {
namespace {

constexpr int kHeadDimMax = 256;
/// Token pairs of a block: what one value tile is deep.
constexpr int kTokenPairs = kBlockTokens / 2;

SIGNALBOX_INLINE int paddedHeadDim(int headDim) {
  return (headDim + kTileK - 1) / kTileK * kTileK;
}

/// Of keys, and again of values: [headDimPadded / 2][32][2] and [16][headDimPadded][2].
SIGNALBOX_INLINE std::size_t sideBytes(int headDimPadded, KvDtype dtype) {
  const std::size_t elements =
      static_cast<std::size_t>(headDimPadded) * static_cast<std::size_t>(kBlockTokens);
  return dtype == KvDtype::kFp8 ? elements : elements * sizeof(Bf16);
}

inline std::size_t kvHeadBytes(int headDim, KvDtype dtype) {
  const std::size_t scales = dtype == KvDtype::kFp8 ? 2 * kBlockTokens * sizeof(Fp16) : 0;
  return 2 * sideBytes(paddedHeadDim(headDim), dtype) + scales;
}

inline std::size_t queryBytes(int rows, int heads, int headDimPadded) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(heads) *
         static_cast<std::size_t>(headDimPadded) * sizeof(Bf16);
}

struct HeadBlock {
  std::uint8_t* keys;
  std::uint8_t* values;
  Fp16* keyScales;    // fp8: [32]
  Fp16* valueScales;  // fp8: [32]
};

SIGNALBOX_INLINE HeadBlock headBlock(const KvLayout& cache, BlockId block, int layer, int kvHead,
                                     int headDimPadded) {
  std::uint8_t* const start = cache.pool + static_cast<std::size_t>(block) * cache.blockStride +
                              static_cast<std::size_t>(layer) * cache.layerStride +
                              static_cast<std::size_t>(kvHead) * cache.headStride;
  const std::size_t side = sideBytes(headDimPadded, cache.dtype);
  Fp16* const scales = reinterpret_cast<Fp16*>(start + 2 * side);
  return {start, start + side, scales, scales + kBlockTokens};
}

}  // namespace
}  // namespace signalbox
