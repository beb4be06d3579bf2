// A block's fp8 codes to bf16, exactly fp8ToBf16 of each, in the order they lie in.
//
// Bound by: shuffles. Per 64 codes the table needs two two-register lookups (5 to 6 of a port's
// cycles), a permutation and two interleavings, so 4 KB of a block take about as long as memory
// takes to bring them.

namespace signalbox {
namespace {

#if defined(__AVX512VBMI__)

/// bf16 of the codes without sign, by halves.
struct Fp8Halves {
  alignas(64) std::uint8_t high[128];
  alignas(64) std::uint8_t low[128];
};

constexpr Fp8Halves makeFp8Halves() {
  Fp8Halves halves{};
  for (int code = 0; code < 128; ++code) {
    int bits = (code << 4) + 0x3c00;  // The exponent's bias is 7 here and 127 there.
    if (code < 8) {                   // code * 2^-9
      bits = code >= 4 ? 0x3c00 + (code - 4) * 0x20 : code >= 2 ? 0x3b80 + (code - 2) * 0x40
                                                                : code * 0x3b00;
    }
    if (code == 0x7f) bits = 0x7fc0;
    halves.high[code] = static_cast<std::uint8_t>(bits >> 8);
    halves.low[code] = static_cast<std::uint8_t>(bits & 0xff);
  }
  return halves;
}
constexpr Fp8Halves kFp8Halves = makeFp8Halves();

/// `count` % 64 == 0.
SIGNALBOX_INLINE void widenCodes(const std::uint8_t* codes, Bf16* to, std::size_t count) {
  const __m512i high0 = _mm512_load_si512(kFp8Halves.high);
  const __m512i high1 = _mm512_load_si512(kFp8Halves.high + 64);
  const __m512i low0 = _mm512_load_si512(kFp8Halves.low);
  const __m512i low1 = _mm512_load_si512(kFp8Halves.low + 64);
  const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
  // The interleavings below take the lower and the upper half of each quarter.
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  for (std::size_t i = 0; i < count; i += 64) {
    const __m512i code = _mm512_permutexvar_epi64(order, _mm512_loadu_si512(codes + i));
    // sign ? from the code : from the table
    const __m512i high = _mm512_ternarylogic_epi32(
        sign, code, _mm512_permutex2var_epi8(high0, code, high1), 0xca);
    const __m512i low = _mm512_permutex2var_epi8(low0, code, low1);
    _mm512_storeu_si512(to + i, _mm512_unpacklo_epi8(low, high));
    _mm512_storeu_si512(to + i + 32, _mm512_unpackhi_epi8(low, high));
  }
}

#elif defined(__AVX2__)

/// `count` % 32 == 0.
SIGNALBOX_INLINE void widenCodes(const std::uint8_t* codes, Bf16* to, std::size_t count) {
  // By the upper half of the code, sign included.
  const __m256i highOfUpper = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      0x3c, 0x3d, 0x3e, 0x3f, 0x40, 0x41, 0x42, 0x43, static_cast<char>(0xbc),
      static_cast<char>(0xbd), static_cast<char>(0xbe), static_cast<char>(0xbf),
      static_cast<char>(0xc0), static_cast<char>(0xc1), static_cast<char>(0xc2),
      static_cast<char>(0xc3)));
  // Subnormal codes, m * 2^-9, by m.
  const __m256i highOfSmall = _mm256_broadcastsi128_si256(_mm_setr_epi8(
      0, 0x3b, 0x3b, 0x3b, 0x3c, 0x3c, 0x3c, 0x3c, 0, 0, 0, 0, 0, 0, 0, 0));
  const __m256i lowOfSmall = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 0, static_cast<char>(0x80), static_cast<char>(0xc0), 0, 0x20, 0x40, 0x60, 0, 0,
                    0, 0, 0, 0, 0, 0));
  const __m256i nibble = _mm256_set1_epi8(0x0f);
  const __m256i sign = _mm256_set1_epi8(static_cast<char>(0x80));
  const __m256i nan = _mm256_set1_epi8(0x7f);
  for (std::size_t i = 0; i < count; i += 32) {
    const __m256i code = _mm256_permute4x64_epi64(
        _mm256_loadu_si256(reinterpret_cast<const __m256i*>(codes + i)), 0xd8);
    const __m256i magnitude = _mm256_andnot_si256(sign, code);
    const __m256i isSmall = _mm256_cmpgt_epi8(_mm256_set1_epi8(8), magnitude);
    const __m256i isNan = _mm256_cmpeq_epi8(magnitude, nan);
    const __m256i upper = _mm256_and_si256(_mm256_srli_epi16(code, 4), nibble);
    const __m256i smallHigh = _mm256_or_si256(_mm256_shuffle_epi8(highOfSmall, magnitude),
                                              _mm256_and_si256(code, sign));
    __m256i high =
        _mm256_blendv_epi8(_mm256_shuffle_epi8(highOfUpper, upper), smallHigh, isSmall);
    __m256i low = _mm256_andnot_si256(nibble, _mm256_slli_epi16(code, 4));
    low = _mm256_blendv_epi8(low, _mm256_shuffle_epi8(lowOfSmall, magnitude), isSmall);
    // 0x7fc0 and 0xffc0.
    high = _mm256_or_si256(high, _mm256_and_si256(isNan, nan));
    low = _mm256_blendv_epi8(low, _mm256_set1_epi8(static_cast<char>(0xc0)), isNan);
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i), _mm256_unpacklo_epi8(low, high));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + i + 16), _mm256_unpackhi_epi8(low, high));
  }
}

#else

/// `count` % 512 == 0. One table for weights and cache (gemm_fp8.inl).
SIGNALBOX_INLINE void widenCodes(const std::uint8_t* codes, Bf16* to, std::size_t count) {
  for (std::size_t i = 0; i < count; i += 512) widenFp8Tile(codes + i, to + i);
}

#endif

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
