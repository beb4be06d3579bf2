// The softmax of one step: 32 tokens' scores of up to 32 rows to weights, running maxima and sums.
//
//   T1. A row's maximum is -inf until its first visible token; its output is zeroed at that step, so
//       what steps before it left there, for the sake of other rows of the tile, does not matter.
//   T2. Maxima only grow, and only a larger one rescales; multiplying by exp(0) = 1 would be the same.
//   T3. A visible score that is NaN, or a maximum that is infinite, makes the row's sum NaN.
//   T4. A hidden token's weight is +0 and its value finite (elementwise_append.inl, A1): it changes
//       at most the sign of a zero of the output, which the end of attention.inl does away with.

namespace signalbox {
namespace {

/// Rows of one walk: more would leave L1, fewer would use a B tile for less than it could do.
constexpr int kRowsAtOnce = 32;

constexpr float kHidden = -__builtin_inff();

/// What is kept of each row from step to step.
struct SoftmaxRows {
  float* maxima;    // [32]
  float* sums;      // [32][16], by lane
  float* out;       // [32][headDimPadded]
  int* positions;   // [32]
  int headDimPadded;
};

/// Factors of a block's 32 tokens.
struct TokenScales {
  V16 score[2];
  V16 value[2];
};

/// One row's visible tokens in a step, by halves.
struct TokenMask {
  I16 half[2];
};

SIGNALBOX_INLINE TokenMask visibleTokens(int position, int window, int firstToken) {
  const int last = position - firstToken;
  const int hiddenBefore = window == 0 ? -1 : last - window;
  alignas(64) constexpr std::int32_t kOrder[16] = {0, 1, 2,  3,  4,  5,  6,  7,
                                                   8, 9, 10, 11, 12, 13, 14, 15};
  const I16 order = loadInt(kOrder);
  TokenMask mask;
  for (int i = 0; i < 2; ++i) {
    const I16 token = order + splatInt(16 * i);
    mask.half[i] = greater(splatInt(last + 1), token) & greater(token, splatInt(hiddenBefore));
  }
  return mask;
}

SIGNALBOX_INLINE std::uint32_t bitsOfMask(I16 mask) {
#if defined(__AVX512DQ__)
  return _mm512_movepi32_mask(reinterpret_cast<__m512i>(mask.part[0]));
#else
  alignas(64) std::int32_t lanes[16];
  storeInt(lanes, mask);
  std::uint32_t bits = 0;
  for (int i = 0; i < 16; ++i) bits |= static_cast<std::uint32_t>(lanes[i] & 1) << i;
  return bits;
#endif
}

#if defined(__AVX512F__)
/// The maxima of two halves of each vector: of `a` in the lower eight lanes, of `b` above.
SIGNALBOX_INLINE __m512 foldHalves(__m512 a, __m512 b) {
  return _mm512_max_ps(_mm512_shuffle_f32x4(a, b, 0x44), _mm512_shuffle_f32x4(a, b, 0xee));
}
/// Quarters 0 and 1, 2 and 3 of each.
SIGNALBOX_INLINE __m512 foldQuarters(__m512 a, __m512 b) {
  return _mm512_max_ps(_mm512_shuffle_f32x4(a, b, 0x88), _mm512_shuffle_f32x4(a, b, 0xdd));
}
#endif

/// Lane r is the maximum of best[r][0..16), for all 16 rows. Which of equal zeros or of NaN comes out
/// differs by path, and nothing depends on it.
SIGNALBOX_INLINE V16 maximaOfRows(const float* best, int count) {
#if defined(__AVX512F__)
  if (count > 2) {
    const auto row = [&](int r) __attribute__((always_inline)) {
      return _mm512_load_ps(best + 16 * r);
    };
    __m512 quarters[4];  // [i]: rows i, i + 4, i + 8, i + 12, four lanes each
    for (int i = 0; i < 4; ++i) {
      quarters[i] =
          foldQuarters(foldHalves(row(i), row(i + 4)), foldHalves(row(i + 8), row(i + 12)));
    }
    const auto fold = [](__m512 a, __m512 b) __attribute__((always_inline)) {
      return _mm512_max_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
    };
    const __m512 low = fold(quarters[0], quarters[1]);
    const __m512 high = fold(quarters[2], quarters[3]);
    V16 r;
    r.part[0] =
        _mm512_max_ps(_mm512_shuffle_ps(low, high, 0x88), _mm512_shuffle_ps(low, high, 0xdd));
    return r;
  }
#endif
  alignas(64) float lanes[16];
  for (int r = 0; r < 16; ++r) lanes[r] = r < count ? maxOfLanes(load(best + 16 * r)) : kHidden;
  return load(lanes);
}

/// Row `row` goes on with a larger maximum than before; `factor` = exp(before - now).
SIGNALBOX_INLINE void rescaleRow(const SoftmaxRows& state, int row, float before, float factor) {
  float* const out = state.out + row * state.headDimPadded;
  if (before == kHidden) {
    for (int d = 0; d < state.headDimPadded; d += 16) store(out + d, zeros());
    return;
  }
  const V16 by = splat(factor);
  float* const sum = state.sums + 16 * row;
  store(sum, load(sum) * by);
  for (int d = 0; d < state.headDimPadded; d += 16) store(out + d, load(out + d) * by);
}

/// Rows [first, first + count), count <= 16, of a step whose first token is at `firstToken`.
template <bool kMasked, bool kScaled>
inline void softmaxRows(const SoftmaxRows& state, const TokenScales& scales, const float* scores,
                        int first, int count, int window, int firstToken,
                        WeightElement* weights) {
  alignas(64) float best[16 * 16];
  for (int r = 0; r < count; ++r) {
    const float* const row = scores + (first + r) * kBlockTokens;
    V16 score[2] = {load(row) * scales.score[0], load(row + 16) * scales.score[1]};
    if constexpr (kMasked) {
      const TokenMask mask = visibleTokens(state.positions[first + r], window, firstToken);
      for (int i = 0; i < 2; ++i) score[i] = select(mask.half[i], score[i], splat(kHidden));
    }
    store(best + 16 * r, max(score[0], score[1]));
  }
  for (int r = count; r < 16; ++r) store(best + 16 * r, splat(kHidden));

  const V16 before = load(state.maxima + first);
  const V16 largest = maximaOfRows(best, count);
  const V16 now = max(largest, before);
  store(state.maxima + first, now);
  std::uint32_t grown = bitsOfMask(greater(largest, before));
  if (grown != 0) {
    alignas(64) float factors[16];
    alignas(64) float maximaBefore[16];
    store(factors, exp16(before - now));
    store(maximaBefore, before);
    for (; grown != 0; grown &= grown - 1) {
      const int r = __builtin_ctz(grown);
      rescaleRow(state, first + r, maximaBefore[r], factors[r]);
    }
  }

  for (int r = 0; r < count; ++r) {
    const float* const row = scores + (first + r) * kBlockTokens;
    const V16 maximum = splat(state.maxima[first + r]);
    V16 difference[2];
    V16 power[2];
    TokenMask mask;
    if constexpr (kMasked) {
      mask = visibleTokens(state.positions[first + r], window, firstToken);
    }
    for (int i = 0; i < 2; ++i) {
      difference[i] = load(row + 16 * i) * scales.score[i] - maximum;
      if constexpr (kMasked) difference[i] = select(mask.half[i], difference[i], zeros());
      power[i] = exp16(difference[i]);
      if constexpr (kMasked) power[i] = select(mask.half[i], power[i], zeros());
    }
    // Zero, or NaN where a difference is not finite (T3): exp16 alone would take it for very small.
    const V16 both = difference[0] + difference[1];
    const V16 alarm = both - both;
    float* const sum = state.sums + 16 * (first + r);
    store(sum, load(sum) + power[0] + power[1] + alarm);
    if constexpr (kScaled) {
      for (int i = 0; i < 2; ++i) power[i] = power[i] * scales.value[i];
    }
    storeWeights(weights + (first + r) * kBlockTokens, power[0], power[1]);
  }
}

}  // namespace
}  // namespace signalbox
