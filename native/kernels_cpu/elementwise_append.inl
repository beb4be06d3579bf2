// Rotation of queries and keys, and the append of keys and values to the cache.
//
//   A1. Bytes of the cache that a sequence may meet are finite as values, whatever was computed:
//       its blocks are zeroed when its first position enters them, and only finite values are
//       written after that. So a weight of zero takes a position out of a sum, whatever its bytes.
//   A2. A token whose keys or values are not finite is not hidden by that: its keys become NaN,
//       which reaches every row that sees the token, and no other, because a score is a column of
//       its own.
//   A3. What is written for a token depends on that token alone.

namespace signalbox {
namespace {

/// A head in fp32, zeros from headDim to headDimPadded.
struct PaddedHead {
  alignas(64) float at[kHeadDimMax];
};

/// `to` = the head, normalised where `norm` is given, rotated: pair (i, i + headDim / 2) by angle
/// i.
SIGNALBOX_INLINE void rotateHead(const float* head, int headDim, const float* norm, float eps,
                                 const float* __restrict cosines, const float* __restrict sines,
                                 float* __restrict to) {
  PaddedHead normed;
  if (norm != nullptr) {
    const float factor = normFactor(head, headDim, eps);
    for (int i = 0; i < headDim; ++i) normed.at[i] = head[i] * factor * norm[i];
    head = normed.at;
  }
  const int half = headDim / 2;
  for (int i = 0; i < half; ++i) {
    const float first = head[i];
    const float second = head[i + half];
    to[i] = first * cosines[i] - second * sines[i];
    to[i + half] = second * cosines[i] + first * sines[i];
  }
}

/// Whether all magnitudes have float bits of at most `largest`.
SIGNALBOX_INLINE bool allWithin(const PaddedHead& head, int headDimPadded, std::int32_t largest) {
  I16 beyond = splatInt(0);
  for (int i = 0; i < headDimPadded; i += 16) {
    const I16 magnitude = asInt(load(head.at + i)) & splatInt(0x7fffffff);
    beyond = beyond | greater(magnitude, splatInt(largest));
  }
  alignas(64) std::int32_t lanes[16];
  storeInt(lanes, beyond);
  std::int32_t any = 0;
  for (int i = 0; i < 16; ++i) any |= lanes[i];
  return any == 0;
}

SIGNALBOX_INLINE void fillHead(PaddedHead& head, int headDimPadded, float value) {
  for (int i = 0; i < headDimPadded; i += 16) store(head.at + i, splat(value));
}

/// What stands for a head that is not finite (A2).
SIGNALBOX_INLINE void keepFinite(PaddedHead& key, PaddedHead& value, int headDimPadded,
                                 std::int32_t largest) {
  if (allWithin(key, headDimPadded, largest) && allWithin(value, headDimPadded, largest)) return;
  fillHead(key, headDimPadded, __builtin_nanf(""));
  fillHead(value, headDimPadded, 0.0f);
}

SIGNALBOX_INLINE void appendBf16(const HeadBlock& to, PaddedHead& key, PaddedHead& value,
                                 int headDimPadded, int token) {
  // Beyond this a float rounds to the infinity of bf16.
  keepFinite(key, value, headDimPadded, 0x7f7f7fff);
  alignas(64) Bf16 keys[kHeadDimMax];
  for (int i = 0; i < headDimPadded; i += 16) storeBf16(keys + i, load(key.at + i));
  constexpr std::size_t kPair = 2 * sizeof(Bf16);
  for (int i = 0; i < headDimPadded / 2; ++i) {
    __builtin_memcpy(to.keys + static_cast<std::size_t>(i * kBlockTokens + token) * kPair,
                     keys + 2 * i, kPair);
  }
  std::uint8_t* const pairs =
      to.values + static_cast<std::size_t>(token / 2 * headDimPadded) * kPair;
  for (int i = 0; i < headDimPadded; i += 16) {
    std::uint8_t* const at = pairs + static_cast<std::size_t>(i) * kPair;
    const I16 rounded = roundBf16(load(value.at + i));
    // An even token comes first, and leaves its partner zero.
    storeInt(at, token % 2 == 0 ? rounded
                                : (loadInt(at) & splatInt(0xffff)) | (rounded << 16));
  }
}

/// codes[i] = fp8(head[i] / scale); `scale` is stored.
SIGNALBOX_INLINE void encodeHead(const PaddedHead& head, int headDimPadded, Fp16* scale,
                                 std::uint8_t* codes) {
  V16 largest = zeros();
  for (int i = 0; i < headDimPadded; i += 16) {
    largest = max(asFloat(asInt(load(head.at + i)) & splatInt(0x7fffffff)), largest);
  }
  *scale = scaleNotBelow(maxOfLanes(largest) / kFp8Max);
  const V16 divisor = splat(fp16ToFloat(*scale));
  for (int i = 0; i < headDimPadded; i += 16) {
    alignas(64) std::int32_t lanes[16];
    storeInt(lanes, roundFp8(load(head.at + i) / divisor));
    for (int j = 0; j < 16; ++j) codes[i + j] = static_cast<std::uint8_t>(lanes[j]);
  }
}

SIGNALBOX_INLINE void appendFp8(const HeadBlock& to, PaddedHead& key, PaddedHead& value,
                                int headDimPadded, int token) {
  keepFinite(key, value, headDimPadded, 0x7f7fffff);
  alignas(64) std::uint8_t codes[kHeadDimMax];
  encodeHead(key, headDimPadded, to.keyScales + token, codes);
  for (int i = 0; i < headDimPadded / 2; ++i) {
    __builtin_memcpy(to.keys + static_cast<std::size_t>(i * kBlockTokens + token) * 2,
                     codes + 2 * i, 2);
  }
  encodeHead(value, headDimPadded, to.valueScales + token, codes);
  std::uint8_t* const pairs = to.values + static_cast<std::size_t>(token / 2 * headDimPadded) * 2;
  for (int i = 0; i < headDimPadded; ++i) {
    if (token % 2 == 0) {
      pairs[2 * i] = codes[i];
      pairs[2 * i + 1] = 0;
    } else {
      pairs[2 * i + 1] = codes[i];
    }
  }
}

inline void ropeAppend(const RopeAppendParams& params, const RowRun& run, int kvHead) {
  const int headDim = params.headDim;
  const int padded = params.headDimPadded;
  const int group = params.heads / params.kvHeads;
  const HeadBlock block = headBlock(params.cache, run.block, params.layer, kvHead, padded);
  if (run.position % kBlockTokens == 0) {
    __builtin_memset(block.keys, 0, kvHeadBytes(headDim, params.cache.dtype));
  }
  PaddedHead rotated;
  PaddedHead value;
  fillHead(rotated, padded, 0.0f);
  fillHead(value, padded, 0.0f);
  for (int i = 0; i < run.count; ++i) {
    const auto row = static_cast<std::size_t>(run.row + i);
    const float* const heads = params.qkv + row * params.stride;
    const float* const cosines = params.cosines + row * static_cast<std::size_t>(headDim / 2);
    const float* const sines = params.sines + row * static_cast<std::size_t>(headDim / 2);
    const auto rotate = [&](int head, const float* norm) __attribute__((always_inline)) {
      rotateHead(heads + static_cast<std::size_t>(head) * static_cast<std::size_t>(headDim),
                 headDim, norm, params.normEps, cosines, sines, rotated.at);
    };
    for (int head = kvHead * group; head < (kvHead + 1) * group; ++head) {
      rotate(head, params.queryNorm);
      Bf16* const to = reinterpret_cast<Bf16*>(params.queries) +
                       (row * static_cast<std::size_t>(params.heads) +
                        static_cast<std::size_t>(head)) *
                           static_cast<std::size_t>(padded);
      for (int k = 0; k < padded; k += 16) storeBf16(to + k, load(rotated.at + k));
    }
    rotate(params.heads + kvHead, params.keyNorm);
    const float* const values =
        heads + static_cast<std::size_t>(params.heads + params.kvHeads + kvHead) *
                    static_cast<std::size_t>(headDim);
    for (int k = 0; k < headDim; ++k) value.at[k] = values[k];
    const int token = (run.position + i) % kBlockTokens;
    if (params.cache.dtype == KvDtype::kFp8) {
      appendFp8(block, rotated, value, padded, token);
    } else {
      appendBf16(block, rotated, value, padded, token);
    }
    // A head that was not finite left NaN in the padding.
    if (padded != headDim) fillHead(rotated, padded, 0.0f);
  }
}

}  // namespace
}  // namespace signalbox
