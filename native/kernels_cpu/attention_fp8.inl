// The scales of a block's fp8 keys and values; the codes are widened as weights are (gemm_fp8.inl).

namespace signalbox {
namespace {

/// Scales of 16 tokens.
SIGNALBOX_INLINE V16 widenScales(const Fp16* scales) {
#if defined(__AVX512F__)
  V16 r;
  r.part[0] = _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(scales)));
  return r;
#elif defined(__F16C__)
  V16 r;
  SIGNALBOX_EACH(
      r, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(scales + i * 8))))
  return r;
#else
  alignas(64) float lanes[16];
  for (int i = 0; i < 16; ++i) lanes[i] = fp16ToFloat(scales[i]);
  return load(lanes);
#endif
}

}  // namespace
}  // namespace signalbox
