// The softmax of one step: 32 tokens' scores of up to 32 rows to weights, running maxima and sums.
//
//   T1. A row's maximum is -inf until its first visible token. Outputs and sums are zero at the
//       first step; a row that sees nothing of it zeroes its output when it begins, so what earlier
//       steps left there, for the sake of other rows of the tile, does not matter.
//   T2. Maxima only grow, and only a larger one rescales; multiplying by exp(0) = 1 would be the
//       same.
//   T3. A visible score that is NaN, or a maximum that is infinite, makes the row's sum NaN: such a
//       difference passes the lower bound of exp and then exp itself. NaN comes from bf16 or from
//       the processor, so its lower 16 bits are zero, as expInRange asks.
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

/// Lane r is the maximum of best[r], for all 16 rows. Which of equal zeros, or whether a number or
/// NaN comes out, differs by path, and nothing depends on it.
SIGNALBOX_INLINE V16 maximaOfRows(const V16 (&best)[16]) {
#if defined(__AVX512F__)
  // A transposition that keeps the larger of what it would have put side by side: halves, quarters,
  // then pairs and single lanes of each quarter.
  const auto halves = [&](int a, int b) __attribute__((always_inline)) {
    return _mm512_max_ps(_mm512_shuffle_f32x4(best[a].part[0], best[b].part[0], 0x44),
                         _mm512_shuffle_f32x4(best[a].part[0], best[b].part[0], 0xee));
  };
  __m512 quarters[4];  // [i]: rows i, i + 4, i + 8, i + 12, four lanes each
  _Pragma("GCC unroll 4") for (int i = 0; i < 4; ++i) {
    const __m512 upper = halves(i, i + 4);
    const __m512 lower = halves(i + 8, i + 12);
    quarters[i] = _mm512_max_ps(_mm512_shuffle_f32x4(upper, lower, 0x88),
                                _mm512_shuffle_f32x4(upper, lower, 0xdd));
  }
  const auto pairs = [](__m512 a, __m512 b) __attribute__((always_inline)) {
    return _mm512_max_ps(_mm512_shuffle_ps(a, b, 0x44), _mm512_shuffle_ps(a, b, 0xee));
  };
  const __m512 low = pairs(quarters[0], quarters[1]);
  const __m512 high = pairs(quarters[2], quarters[3]);
  V16 r;
  r.part[0] =
      _mm512_max_ps(_mm512_shuffle_ps(low, high, 0x88), _mm512_shuffle_ps(low, high, 0xdd));
  return r;
#else
  alignas(64) float lanes[16];
  for (int r = 0; r < 16; ++r) lanes[r] = maxOfLanes(best[r]);
  return load(lanes);
#endif
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

/// By lane, the larger of a row's two scores; hidden ones -inf. One scale for all tokens is left
/// for later: it is positive, so multiplying the largest gives the same bits as taking the largest
/// product.
template <bool kMasked, bool kScaled>
SIGNALBOX_INLINE V16 largerScores(const TokenScales& scales, const float* row,
                                  const TokenMask& mask) {
  V16 score[2] = {load(row), load(row + 16)};
  for (int i = 0; i < 2; ++i) {
    if constexpr (kScaled) score[i] = score[i] * scales.score[i];
    if constexpr (kMasked) score[i] = select(mask.half[i], score[i], splat(kHidden));
  }
  return max(score[0], score[1]);
}

/// Rows whose exponentials are made side by side: eight registers of them.
#if defined(__AVX512F__)
constexpr int kSoftmaxRows = 4;
#else
constexpr int kSoftmaxRows = 1;
#endif

/// Weights and sums of kRows rows from `row`, whose maxima are up to date.
template <int kRows, bool kMasked, bool kScaled>
SIGNALBOX_INLINE void weighRows(const SoftmaxRows& state, const TokenScales& scales,
                                const float* scores, int row, const TokenMask (&masks)[kRows],
                                WeightElement* weights) {
  V16 power[2 * kRows];
  _Pragma("GCC unroll 8") for (int v = 0; v < 2 * kRows; ++v) {
    const int r = row + v / 2;
    const V16 score = load(scores + r * kBlockTokens + 16 * (v % 2)) * scales.score[v % 2];
    // No difference is above 0. The order of max's arguments lets NaN through (T3).
    power[v] = max(splat(kExpMin), score - splat(state.maxima[r]));
  }
  expInRange(power);
  _Pragma("GCC unroll 4") for (int i = 0; i < kRows; ++i) {
    V16* const pair = power + 2 * i;
    if constexpr (kMasked) {
      pair[0] = select(masks[i].half[0], pair[0], zeros());
      pair[1] = select(masks[i].half[1], pair[1], zeros());
    }
    float* const sum = state.sums + 16 * (row + i);
    store(sum, load(sum) + pair[0] + pair[1]);
    if constexpr (kScaled) {
      pair[0] = pair[0] * scales.value[0];
      pair[1] = pair[1] * scales.value[1];
    }
    storeWeights(weights + (row + i) * kBlockTokens, pair[0], pair[1]);
  }
}

/// Rows [first, first + count), count <= 16, of a step whose first token is at `firstToken`;
/// `atFirst` where it is the first step of all, and there is nothing to rescale.
template <bool kMasked, bool kScaled>
inline void softmaxRows(const SoftmaxRows& state, const TokenScales& scales, const float* scores,
                        int first, int count, int window, int firstToken, bool atFirst,
                        WeightElement* weights) {
  const auto rowAt = [&](int r) __attribute__((always_inline)) {
    return scores + (first + r) * kBlockTokens;
  };
  const auto maskOf = [&](int r) __attribute__((always_inline)) {
    TokenMask mask{};
    if constexpr (kMasked) {
      mask = visibleTokens(state.positions[first + r], window, firstToken);
    }
    return mask;
  };
  const V16 before = load(state.maxima + first);
  V16 largest;
  if (count > 4) {
    V16 best[16];
    _Pragma("GCC unroll 16") for (int r = 0; r < 16; ++r) {
      best[r] =
          r < count ? largerScores<kMasked, kScaled>(scales, rowAt(r), maskOf(r)) : splat(kHidden);
    }
    largest = maximaOfRows(best);
  } else {
    alignas(64) float lanes[16];
    store(lanes, splat(kHidden));
    for (int r = 0; r < count; ++r) {
      lanes[r] = maxOfLanes(largerScores<kMasked, kScaled>(scales, rowAt(r), maskOf(r)));
    }
    largest = load(lanes);
  }
  if constexpr (!kScaled) largest = largest * scales.score[0];
  const V16 now = max(largest, before);
  store(state.maxima + first, now);
  std::uint32_t grown = bitsOfMask(greater(largest, before));
  if (grown != 0 && !atFirst) {
    alignas(64) float factors[16];
    alignas(64) float maximaBefore[16];
    store(factors, exp16(before - now));
    store(maximaBefore, before);
    for (; grown != 0; grown &= grown - 1) {
      const int r = __builtin_ctz(grown);
      rescaleRow(state, first + r, maximaBefore[r], factors[r]);
    }
  }

  int r = 0;
  for (; r + kSoftmaxRows <= count; r += kSoftmaxRows) {
    TokenMask masks[kSoftmaxRows];
    for (int i = 0; i < kSoftmaxRows; ++i) masks[i] = maskOf(r + i);
    weighRows<kSoftmaxRows, kMasked, kScaled>(state, scales, scores, first + r, masks, weights);
  }
  for (; r < count; ++r) {
    const TokenMask masks[1] = {maskOf(r)};
    weighRows<1, kMasked, kScaled>(state, scales, scores, first + r, masks, weights);
  }
}

}  // namespace
}  // namespace signalbox
