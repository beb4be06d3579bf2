// fp8 weights widened to bf16, 1 KB at a time.

namespace signalbox {
namespace {

typedef std::int16_t VectorH __attribute__((vector_size(4 * SIGNALBOX_LANES)));

/// 512 codes to 512 bf16, exactly fp8ToBf16 of each.
inline void widenFp8Tile(const std::uint8_t* codes, Bf16* to) {
  for (int i = 0; i < 512; i += kLanes * 2) {
    VectorH code{};
    for (int j = 0; j < kLanes * 2; ++j) code[j] = static_cast<std::int16_t>(codes[i + j]);
    const VectorH magnitude = code & 0x7f;
    const VectorH sign = (code & 0x80) << 8;
    // Normal: the exponent's bias is 7 here and 127 there. Subnormal: m * 2^-9 for m of 1 to 7.
    const VectorH normal = (magnitude << 4) + 0x3c00;
    const VectorH subnormal = magnitude >= 4   ? (magnitude << 5) + 0x3b80
                              : magnitude >= 2 ? (magnitude << 6) + 0x3b00
                                               : (magnitude << 8) * 0x3b;
    VectorH bf16 = magnitude >= 8 ? normal : subnormal;
    bf16 = magnitude == 0x7f ? VectorH{} + 0x7fc0 : bf16;
    bf16 |= sign;
    __builtin_memcpy(to + i, &bf16, sizeof bf16);
  }
}

}  // namespace
}  // namespace signalbox
