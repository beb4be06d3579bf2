// a * b + c of vectors, rounded once, for factors that are bf16; subnormals flushed as the control
// register says.

namespace signalbox {
namespace {

#if defined(__x86_64__) && !defined(__FMA__)
/// Through doubles, where the product is exact and the sum is rounded; rounding that to float once
/// more gives what one rounding would. For a sum that double cannot hold spreads over more than 53
/// bits, so one of product (at most 16 bits) and addend (24) is below 2^-28 of the sum and the
/// other is a float: no tie between two floats is near.
SIGNALBOX_INLINE __m128 fusedHalf(VectorF a, VectorF b, VectorF c) {
  return _mm_cvtpd_ps(
      _mm_add_pd(_mm_mul_pd(_mm_cvtps_pd(a), _mm_cvtps_pd(b)), _mm_cvtps_pd(c)));
}
SIGNALBOX_INLINE VectorF fusedPart(VectorF a, VectorF b, VectorF c) {
  return _mm_movelh_ps(fusedHalf(a, b, c), fusedHalf(_mm_movehl_ps(a, a), _mm_movehl_ps(b, b),
                                                     _mm_movehl_ps(c, c)));
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
