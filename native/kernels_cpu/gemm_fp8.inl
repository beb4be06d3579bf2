// fp8 codes to bf16, exactly fp8ToBf16 of each, in the order they lie in: weights and cache.
//
// Bound by: shuffles. Per 64 codes the table needs two two-register lookups (5 to 6 of a port's
// cycles), a permutation and two interleavings, so 4 KB of a block take about as long as memory
// takes to bring them. Without VBMI it is four byte shuffles and two compares instead of the
// lookups.

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

#elif defined(__AVX512BW__)

/// `count` % 64 == 0.
SIGNALBOX_INLINE void widenCodes(const std::uint8_t* codes, Bf16* to, std::size_t count) {
  // By the upper half of the code, sign included: 0x3c to 0x43, 0xbc to 0xc3.
  const __m512i highOfUpper =
      _mm512_broadcast_i64x2(_mm_set_epi64x(static_cast<long long>(0xc3c2c1c0bfbebdbcull),
                                            0x434241403f3e3d3cll));
  // Subnormal codes, m * 2^-9, by m.
  const __m512i highOfSmall = _mm512_set1_epi64(0x3c3c3c3c3b3b3b00ll);
  const __m512i lowOfSmall = _mm512_set1_epi64(0x60402000c0800000ll);
  const __m512i nibble = _mm512_set1_epi8(0x0f);
  const __m512i sign = _mm512_set1_epi8(static_cast<char>(0x80));
  const __m512i nan = _mm512_set1_epi8(0x7f);
  const __m512i order = _mm512_setr_epi64(0, 4, 1, 5, 2, 6, 3, 7);
  for (std::size_t i = 0; i < count; i += 64) {
    const __m512i code = _mm512_permutexvar_epi64(order, _mm512_loadu_si512(codes + i));
    const __m512i magnitude = _mm512_andnot_si512(sign, code);
    const __mmask64 isSmall = _mm512_cmplt_epu8_mask(magnitude, _mm512_set1_epi8(8));
    const __mmask64 isNan = _mm512_cmpeq_epi8_mask(magnitude, nan);
    __m512i high = _mm512_shuffle_epi8(
        highOfUpper, _mm512_and_si512(_mm512_srli_epi16(code, 4), nibble));
    high = _mm512_mask_shuffle_epi8(high, isSmall, highOfSmall, magnitude);
    __m512i low = _mm512_andnot_si512(nibble, _mm512_slli_epi16(code, 4));
    low = _mm512_mask_shuffle_epi8(low, isSmall, lowOfSmall, magnitude);
    if (isNan != 0) {  // 0x7fc0 and 0xffc0
      high = _mm512_or_si512(high, _mm512_maskz_mov_epi8(isNan, nan));
      low = _mm512_mask_mov_epi8(low, isNan, _mm512_set1_epi8(static_cast<char>(0xc0)));
    }
    high = _mm512_or_si512(high, _mm512_and_si512(code, sign));
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
      _mm_setr_epi8(0, 0, static_cast<char>(0x80), static_cast<char>(0xc0), 0, 0x20, 0x40, 0x60, 0,
                    0, 0, 0, 0, 0, 0, 0));
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

/// `count` % 32 == 0.
SIGNALBOX_INLINE void widenCodes(const std::uint8_t* codes, Bf16* to, std::size_t count) {
  typedef std::uint16_t Vector16 __attribute__((vector_size(4 * SIGNALBOX_LANES)));
  for (std::size_t i = 0; i < count; i += kLanes * 2) {
    Vector16 code{};
    for (int j = 0; j < kLanes * 2; ++j) {
      code[j] = codes[i + static_cast<std::size_t>(j)];
    }
    const Vector16 magnitude = code & 0x7f;
    const Vector16 sign = (code & 0x80) << 8;
    // Normal: the exponent's bias is 7 here and 127 there. Subnormal: m * 2^-9 for m of 1 to 7.
    const Vector16 normal = (magnitude << 4) + 0x3c00;
    const Vector16 subnormal = magnitude >= 4   ? (magnitude << 5) + 0x3b80
                               : magnitude >= 2 ? (magnitude << 6) + 0x3b00
                                                : (magnitude << 8) * 0x3b;
    Vector16 bf16 = magnitude >= 8 ? normal : subnormal;
    bf16 = magnitude == 0x7f ? Vector16{} + 0x7fc0 : bf16;
    bf16 |= sign;
    __builtin_memcpy(to + i, &bf16, sizeof bf16);
  }
}

#endif

/// A tile of weights.
inline void widenFp8Tile(const std::uint8_t* codes, Bf16* to) {
  widenCodes(codes, to, kTileK * kPanel);
}

}  // namespace
}  // namespace signalbox
