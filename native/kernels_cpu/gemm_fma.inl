// Matrix products by fused multiply-adds in the order of TDPBF16PS (kernels.h, K3).

#include "kernels_cpu/gemm_epilogue.inl"
#include "kernels_cpu/gemm_fp8.inl"

namespace signalbox {
namespace {

#if defined(__x86_64__) && !defined(__FMA__)
/// Four exact a * b + c, rounded once to float. The product of two floats is exact in double; the sum
/// is rounded to odd there, after which rounding to float is as if only once (53 >= 2 * 24 + 2 bits).
/// Source: Boldo and Melquiond, Emulation of FMA and correctly rounded sums.
SIGNALBOX_INLINE __m128d fusedOdd(__m128d a, __m128d b, __m128d c) {
  const __m128d product = _mm_mul_pd(a, b);
  const __m128d sum = _mm_add_pd(product, c);
  const __m128d rest = _mm_sub_pd(sum, product);
  const __m128d error =
      _mm_add_pd(_mm_sub_pd(product, _mm_sub_pd(sum, rest)), _mm_sub_pd(c, rest));
  const __m128i bits = _mm_castpd_si128(sum);
  const __m128i one = _mm_set_epi32(0, 1, 0, 1);
  // Inexact, where the error is ordered and not 0; infinities and NaN have a NaN for an error.
  const __m128d zero = _mm_setzero_pd();
  const __m128i inexact =
      _mm_castpd_si128(_mm_or_pd(_mm_cmplt_pd(error, zero), _mm_cmpgt_pd(error, zero)));
  // Truncate towards zero: one less where the error points there; then the last bit sticks.
  const __m128i inwards = _mm_srli_epi64(
      _mm_xor_si128(bits, _mm_castpd_si128(error)), 63);  // 1 where the signs differ
  const __m128i cut = _mm_sub_epi64(bits, _mm_and_si128(inwards, inexact));
  return _mm_castsi128_pd(_mm_or_si128(cut, _mm_and_si128(one, inexact)));
}
SIGNALBOX_INLINE VectorF fusedPart(VectorF a, VectorF b, VectorF c) {
  const __m128d low = fusedOdd(_mm_cvtps_pd(a), _mm_cvtps_pd(b), _mm_cvtps_pd(c));
  const __m128d high =
      fusedOdd(_mm_cvtps_pd(_mm_movehl_ps(a, a)), _mm_cvtps_pd(_mm_movehl_ps(b, b)),
               _mm_cvtps_pd(_mm_movehl_ps(c, c)));
  return _mm_movelh_ps(_mm_cvtpd_ps(low), _mm_cvtpd_ps(high));
}
#elif defined(__AVX512F__)
SIGNALBOX_INLINE VectorF fusedPart(VectorF a, VectorF b, VectorF c) {
  return _mm512_fmadd_ps(a, b, c);
}
#elif defined(__FMA__)
SIGNALBOX_INLINE VectorF fusedPart(VectorF a, VectorF b, VectorF c) {
  return _mm256_fmadd_ps(a, b, c);
}
#else
SIGNALBOX_INLINE VectorF fusedPart(VectorF a, VectorF b, VectorF c) { return vfmaq_f32(c, a, b); }
#endif

/// a * b + c, rounded once.
SIGNALBOX_INLINE V16 fused(V16 a, V16 b, V16 c) {
  V16 r;
  SIGNALBOX_EACH(r, fusedPart(a.part[i], b.part[i], c.part[i]))
  return r;
}

inline std::size_t gemmScratchBytes(int rowsMax, int kMax) {
  (void)kMax;
  const int rows = rowsMax < kTileRows ? rowsMax : kTileRows;
  // The sums of two panels, and a tile of weights widened from fp8.
  return 4 * 2 * sizeof(float) * kPanel * static_cast<std::size_t>(rows) + 1024;
}

inline int gemmPanels(int rows, int k) {
  (void)rows;
  (void)k;
  return 4;
}

/// One segment of one panel for up to 16 rows of one tile of activations.
inline void gemmSegment(const GemmParams& params, const std::uint8_t* panel, int kFirst, int kCount,
                        const Bf16* activations, int tileRows, int rows, float* sums,
                        Bf16* widened) {
  for (int r = 0; r < rows; ++r) store(sums + r * kPanel, zeros());
  for (int k = kFirst; k < kFirst + kCount; k += kTileK) {
    const Bf16* weights;
    if (params.dtype == WeightDtype::kFp8) {
      widenFp8Tile(panel + static_cast<std::size_t>(k) * kPanel, widened);
      weights = widened;
    } else {
      weights = reinterpret_cast<const Bf16*>(panel) + static_cast<std::size_t>(k) * kPanel;
    }
    const Bf16* const tile = activations + static_cast<std::size_t>(k) * tileRows;
    for (int r = 0; r < rows; ++r) {
      const Bf16* const row = tile + r * kTileK;
      V16 even = zeros();
      V16 odd = zeros();
      for (int pair = 0; pair < kTileK / 2; ++pair) {
        const I16 weightPairs = loadInt(weights + pair * 2 * kPanel);
        const auto bits0 = static_cast<std::uint32_t>(row[2 * pair]) << 16;
        const auto bits1 = static_cast<std::uint32_t>(row[2 * pair + 1]) << 16;
        even = fused(splat(__builtin_bit_cast(float, bits0)), widenFirst(weightPairs), even);
        odd = fused(splat(__builtin_bit_cast(float, bits1)), widenSecond(weightPairs), odd);
      }
      float* const sum = sums + r * kPanel;
      store(sum, load(sum) + (even + odd));
    }
  }
}

inline void gemm(const GemmParams& params, int first, int count, void* scratch,
                 const std::uint8_t* next, std::size_t nextBytes) {
  (void)next;
  (void)nextBytes;
  const std::size_t bytesOfPanel = panelBytes(params.k, params.dtype);
  const int tileRows = params.rows < kTileRows ? params.rows : kTileRows;
  float* const sums = static_cast<float*>(scratch);
  const std::size_t panelStride = static_cast<std::size_t>(tileRows) * kPanel;
  const std::size_t segmentStride = 2 * panelStride;
  Bf16* const widened = reinterpret_cast<Bf16*>(sums + 4 * segmentStride);
  const Bf16* const activations = reinterpret_cast<const Bf16*>(params.activations);
  const int kSegment = params.k / params.segments;
  for (int p = first; p < first + count; p += 2) {
    const int panels = p + 2 <= first + count ? 2 : 1;
    for (int row = 0; row < params.rows; row += kTileRows) {
      const int rows = params.rows - row < kTileRows ? params.rows - row : kTileRows;
      const Bf16* const tile = activations + static_cast<std::size_t>(row) *
                                                 static_cast<std::size_t>(params.k);
      for (int i = 0; i < panels; ++i) {
        for (int s = 0; s < params.segments; ++s) {
          gemmSegment(params, params.weights + static_cast<std::size_t>(p + i) * bytesOfPanel,
                      s * kSegment, kSegment, tile, tileRows, rows,
                      sums + static_cast<std::size_t>(s) * segmentStride +
                          static_cast<std::size_t>(i) * panelStride,
                      widened);
        }
      }
      finish(params, Sums{sums, segmentStride, panelStride}, p, panels, row, rows);
    }
  }
}

}  // namespace
}  // namespace signalbox
