// Where the parts of one key-value head lie in one block of the cache (core/kv_layout.h).
#pragma once

namespace signalbox {
namespace {

/// Token pairs of a block: what one value tile is deep.
constexpr int kTokenPairs = kBlockTokens / 2;

SIGNALBOX_INLINE int paddedHeadDim(int headDim) {
  return (headDim + kTileK - 1) / kTileK * kTileK;
}

inline std::size_t kvHeadBytes(int headDim, KvDtype dtype) {
  return kvBlockHeadBytes(paddedHeadDim(headDim), dtype);
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
  std::uint8_t* const start = signalbox::kvHead(cache, block, layer, kvHead);
  const std::size_t side = kvSideBytes(headDimPadded, cache.dtype);
  Fp16* const scales = reinterpret_cast<Fp16*>(start + 2 * side);
  return {start, start + side, scales, scales + kBlockTokens};
}

}  // namespace
}  // namespace signalbox
