// a * b + c of vectors, rounded once, subnormals flushed as the control register says.

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

}  // namespace
}  // namespace signalbox
