// Weights and activations of the portable paths in memory: their sizes, packing and unpacking.

namespace signalbox {
namespace {

inline std::size_t activationBytes(int rows, int k) {
  const int padded = rows < kTileRows ? rows : padTo(rows, kTileRows);
  return static_cast<std::size_t>(padded) * static_cast<std::size_t>(k) * sizeof(Bf16);
}

inline std::size_t panelBytes(int k, WeightDtype dtype) {
  const std::size_t weights = static_cast<std::size_t>(padTo(k, kTileK)) * kPanel;
  return dtype == WeightDtype::kFp8 ? weights : weights * sizeof(Bf16);
}

/// Of weight (output, k) in its panel, in elements.
SIGNALBOX_INLINE std::size_t panelOffset(int output, int k) {
  return (static_cast<std::size_t>(k / 2) * kPanel + static_cast<std::size_t>(output)) * 2 +
         static_cast<std::size_t>(k % 2);
}

/// The exponent of the smallest power of two, not below 2^-126, that brings the largest finite
/// magnitude of `row` to 448 or less. Subnormals count as zeros, as in the product.
inline int fp8ScaleExponent(const Bf16* row, int k) {
  int largest = 0;
  for (int i = 0; i < k; ++i) {
    const int magnitude = row[i] & 0x7fff;
    if (magnitude < 0x7f80 && magnitude > largest) largest = magnitude;
  }
  if (largest < 0x0080) return 0;
  // 448 = 1.75 * 2^8.
  const int exponent = (largest >> 7) - 127 - ((largest & 0x7f) <= 0x60 ? 8 : 7);
  return exponent < -126 ? -126 : exponent;
}

SIGNALBOX_INLINE float powerOfTwo(int exponent) {
  return __builtin_bit_cast(float, static_cast<std::uint32_t>(exponent + 127) << 23);
}

inline void packPanel(const Bf16* rows, std::size_t stride, int count, int k, WeightDtype dtype,
                      std::uint8_t* panel, float* scales) {
  const int padded = padTo(k, kTileK);
  __builtin_memset(panel, 0, panelBytes(k, dtype));
  if (dtype == WeightDtype::kBf16) {
    Bf16* const to = reinterpret_cast<Bf16*>(panel);
    for (int tile = 0; tile < padded; tile += kTileK) {
      const int end = tile + kTileK < k ? tile + kTileK : k;
      for (int n = 0; n < count; ++n) {
        const Bf16* const row = rows + static_cast<std::size_t>(n) * stride;
        for (int i = tile; i < end; ++i) to[panelOffset(n, i)] = row[i];
      }
    }
    return;
  }
  for (int n = 0; n < kPanel; ++n) {
    scales[n] = 1.0f;
    if (n >= count) continue;
    const Bf16* const row = rows + static_cast<std::size_t>(n) * stride;
    const int exponent = fp8ScaleExponent(row, k);
    scales[n] = powerOfTwo(exponent);
    const float inverse = powerOfTwo(-exponent);
    for (int i = 0; i < k; ++i) {
      const bool subnormal = (row[i] & 0x7f80) == 0;
      const std::uint32_t bits = static_cast<std::uint32_t>(row[i]) << 16;
      const float value = __builtin_bit_cast(float, subnormal ? bits & 0x80000000u : bits);
      panel[panelOffset(n, i)] = floatToFp8(value * inverse);
    }
  }
}

inline void unpackOutput(const std::uint8_t* panel, int n, int k, WeightDtype dtype,
                         const float* scales, float* out) {
  const int output = n % kPanel;
  const Bf16* const wide = reinterpret_cast<const Bf16*>(panel);
  for (int i = 0; i < k; ++i) {
    const std::size_t at = panelOffset(output, i);
    out[i] = dtype == WeightDtype::kFp8
                 ? fp8ToFloat(panel[at]) * scales[output]
                 : __builtin_bit_cast(float, static_cast<std::uint32_t>(wide[at]) << 16);
  }
}

}  // namespace
}  // namespace signalbox
