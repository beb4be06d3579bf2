// Attention's two products in vectors. Portable paths follow TDPBF16PS (kernels.h, K3): for every
// 32 of k an even and an odd chain of fused products from +0, their sum, added to the accumulator.
// The native path takes vdpbf16ps, two products at once in an order of its own.
//
// Bound by: fused products, two a cycle; each key or value register is widened once for all rows at
// hand, queries and weights come as broadcasts from L1.

namespace signalbox {
namespace {

#if defined(__AVX512F__)
constexpr int kRowsTogether = 4;
constexpr int kColumnsTogether = 2;
#elif defined(__AVX2__) || defined(__aarch64__)
constexpr int kRowsTogether = 2;
constexpr int kColumnsTogether = 1;
#else
constexpr int kRowsTogether = 1;
constexpr int kColumnsTogether = 1;
#endif

inline void beginProducts(int) {}
SIGNALBOX_INLINE void keepAwake() {}

#if defined(__AVX512BF16__)

using QueryElement = Bf16;
using WeightElement = Bf16;

SIGNALBOX_INLINE void copyQuery(QueryElement* queries, int row, const Bf16* from,
                                int headDimPadded) {
  __builtin_memcpy(queries + row * headDimPadded, from,
                   static_cast<std::size_t>(headDimPadded) * sizeof(Bf16));
}

SIGNALBOX_INLINE void storeWeights(WeightElement* to, V16 first, V16 second) {
  storeBf16(to, first);
  storeBf16(to + 16, second);
}

/// Chains of even and of odd pairs, `rows` times `columns` of them, over 16 pairs.
template <int kRows, int kColumns>
SIGNALBOX_INLINE void multiplyPairs(const Bf16* a, int aStride, const Bf16* b, int bStride,
                                    V16 (&even)[kRows][kColumns], V16 (&odd)[kRows][kColumns]) {
  for (int pair = 0; pair < kTokenPairs; ++pair) {
    for (int c = 0; c < kColumns; ++c) {
      const auto column =
          reinterpret_cast<__m512bh>(loadInt(b + pair * bStride + c * 32).part[0]);
      for (int r = 0; r < kRows; ++r) {
        std::int32_t both;
        __builtin_memcpy(&both, a + r * aStride + 2 * pair, sizeof both);
        V16& chain = pair % 2 == 0 ? even[r][c] : odd[r][c];
        chain.part[0] = _mm512_dpbf16_ps(chain.part[0], column,
                                         reinterpret_cast<__m512bh>(_mm512_set1_epi32(both)));
      }
    }
  }
}

#else

// Widened once, so that a broadcast is a load.
using QueryElement = float;
using WeightElement = float;

SIGNALBOX_INLINE void copyQuery(QueryElement* queries, int row, const Bf16* from,
                                int headDimPadded) {
  for (int k = 0; k < headDimPadded; k += 16) {
    store(queries + row * headDimPadded + k, loadBf16(from + k));
  }
}

SIGNALBOX_INLINE void storeWeights(WeightElement* to, V16 first, V16 second) {
  store(to, throughBf16(first));
  store(to + 16, throughBf16(second));
}

template <int kRows, int kColumns>
SIGNALBOX_INLINE void multiplyPairs(const float* a, int aStride, const Bf16* b, int bStride,
                                    V16 (&even)[kRows][kColumns], V16 (&odd)[kRows][kColumns]) {
  for (int pair = 0; pair < kTokenPairs; ++pair) {
    for (int c = 0; c < kColumns; ++c) {
      const I16 columns = loadInt(b + pair * bStride + c * 32);
      const V16 first = widenFirst(columns);
      const V16 second = widenSecond(columns);
      for (int r = 0; r < kRows; ++r) {
        even[r][c] = fused(splat(a[r * aStride + 2 * pair]), first, even[r][c]);
        odd[r][c] = fused(splat(a[r * aStride + 2 * pair + 1]), second, odd[r][c]);
      }
    }
  }
}

#endif

/// sum[r][c] += a[r][0..32) . b[16 pairs][16 c .. 16 c + 16)[2]
template <int kRows, int kColumns>
SIGNALBOX_INLINE void addProduct(const WeightElement* a, int aStride, const Bf16* b, int bStride,
                                 V16 (&sum)[kRows][kColumns]) {
  V16 even[kRows][kColumns];
  V16 odd[kRows][kColumns];
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) even[r][c] = odd[r][c] = zeros();
  }
  multiplyPairs<kRows, kColumns>(a, aStride, b, bStride, even, odd);
  for (int r = 0; r < kRows; ++r) {
    for (int c = 0; c < kColumns; ++c) sum[r][c] = sum[r][c] + (even[r][c] + odd[r][c]);
  }
}

template <int kRows>
inline void scoresOfRows(const QueryElement* queries, int headDimPadded, const Bf16* keys,
                         float* scores) {
  constexpr int kPairStride = kBlockTokens * 2;
  for (int token = 0; token < kBlockTokens; token += 16 * kColumnsTogether) {
    V16 sum[kRows][kColumnsTogether];
    for (auto& row : sum) {
      for (V16& lanes : row) lanes = zeros();
    }
    for (int k = 0; k < headDimPadded; k += kTileK) {
      addProduct<kRows, kColumnsTogether>(queries + k, headDimPadded,
                                          keys + k * kBlockTokens + 2 * token, kPairStride, sum);
    }
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kColumnsTogether; ++c) {
        store(scores + r * kBlockTokens + token + 16 * c, sum[r][c]);
      }
    }
  }
}

template <int kRows>
inline void addValuesOfRows(const WeightElement* weights, int headDimPadded, const Bf16* values,
                            float* out) {
  for (int d = 0; d < headDimPadded; d += 16 * kColumnsTogether) {
    V16 sum[kRows][kColumnsTogether];
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kColumnsTogether; ++c) {
        sum[r][c] = load(out + r * headDimPadded + d + 16 * c);
      }
    }
    addProduct<kRows, kColumnsTogether>(weights, kBlockTokens, values + 2 * d, headDimPadded * 2,
                                        sum);
    for (int r = 0; r < kRows; ++r) {
      for (int c = 0; c < kColumnsTogether; ++c) {
        store(out + r * headDimPadded + d + 16 * c, sum[r][c]);
      }
    }
  }
}

/// scores[row][token] = query . key
SIGNALBOX_INLINE void scoresOfBlock(const QueryElement* queries, int rows, int headDimPadded,
                                    const Bf16* keys, float* scores) {
  int row = 0;
  for (; row + kRowsTogether <= rows; row += kRowsTogether) {
    scoresOfRows<kRowsTogether>(queries + row * headDimPadded, headDimPadded, keys,
                                scores + row * kBlockTokens);
  }
  if constexpr (kRowsTogether > 2) {
    if (rows - row >= 2) {
      scoresOfRows<2>(queries + row * headDimPadded, headDimPadded, keys,
                      scores + row * kBlockTokens);
      row += 2;
    }
  }
  for (; row < rows; ++row) {
    scoresOfRows<1>(queries + row * headDimPadded, headDimPadded, keys,
                    scores + row * kBlockTokens);
  }
}

/// out[row][d] += weights of the block's tokens . values
SIGNALBOX_INLINE void addValues(const WeightElement* weights, int rows, int headDimPadded,
                                const Bf16* values, float* out) {
  int row = 0;
  for (; row + kRowsTogether <= rows; row += kRowsTogether) {
    addValuesOfRows<kRowsTogether>(weights + row * kBlockTokens, headDimPadded, values,
                                   out + row * headDimPadded);
  }
  if constexpr (kRowsTogether > 2) {
    if (rows - row >= 2) {
      addValuesOfRows<2>(weights + row * kBlockTokens, headDimPadded, values,
                         out + row * headDimPadded);
      row += 2;
    }
  }
  for (; row < rows; ++row) {
    addValuesOfRows<1>(weights + row * kBlockTokens, headDimPadded, values,
                       out + row * headDimPadded);
  }
}

}  // namespace
}  // namespace signalbox
