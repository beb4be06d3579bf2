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

/// floatToFp8 of a bf16 value times 2^-exponent, by integers, so that a row of them vectorises.
SIGNALBOX_INLINE int fp8OfBf16(int bits, int exponent) {
  const int magnitude = bits & 0x7fff;
  // From bf16's bias 127 to fp8's 7; still seven bits of mantissa, of which three stay.
  const int scaled = magnitude - ((exponent + 120) << 7);
  const int normal = (scaled + 7 + ((scaled >> 4) & 1)) >> 4;
  const int below = 5 - (scaled >> 7);
  const int shift = below < 5 ? 5 : below > 15 ? 15 : below;
  const int significand = 0x80 | (magnitude & 0x7f);
  const int subnormal =
      (significand + (1 << (shift - 1)) - 1 + ((significand >> shift) & 1)) >> shift;
  int code = scaled >= 0x80 ? normal : subnormal;
  code = code > 0x7e ? 0x7e : code;
  code = magnitude < 0x80 ? 0 : magnitude > 0x7f80 ? 0x7f : code;
  return code | ((bits >> 8) & 0x80);
}

/// One tile of one output, fp8.
SIGNALBOX_INLINE void packFp8(const Bf16* row, int count, int exponent, std::uint8_t* tile, int n) {
  alignas(32) std::uint8_t codes[kTileK] = {};
  for (int i = 0; i < count; ++i) {
    codes[i] = static_cast<std::uint8_t>(fp8OfBf16(row[i], exponent));
  }
  for (int pair = 0; pair < kTileK / 2; ++pair) {
    __builtin_memcpy(tile + (pair * kPanel + n) * 2, codes + 2 * pair, 2);
  }
}

inline void packPanel(const Bf16* rows, std::size_t stride, int count, int k, WeightDtype dtype,
                      std::uint8_t* panel, float* scales) {
  const std::size_t tileBytes = panelBytes(kTileK, dtype);
  int exponents[kPanel] = {};
  for (int n = 0; n < kPanel && dtype == WeightDtype::kFp8; ++n) {
    if (n < count) exponents[n] = fp8ScaleExponent(rows + static_cast<std::size_t>(n) * stride, k);
    scales[n] = powerOfTwo(exponents[n]);
  }
  for (int at = 0; at < k; at += kTileK, panel += tileBytes) {
    const int columns = k - at < kTileK ? k - at : kTileK;
    const Bf16* const from = rows + at;
    if (count < kPanel || columns < kTileK) __builtin_memset(panel, 0, tileBytes);
    if (dtype == WeightDtype::kFp8) {
      for (int n = 0; n < count; ++n) {
        packFp8(from + static_cast<std::size_t>(n) * stride, columns, exponents[n], panel, n);
      }
    } else if (count == kPanel && columns == kTileK) {
      for (int pair = 0; pair < kTileK / 2; ++pair) {
        for (int n = 0; n < kPanel; ++n) {
          __builtin_memcpy(panel + (pair * kPanel + n) * 4,
                           from + static_cast<std::size_t>(n) * stride + 2 * pair, 4);
        }
      }
    } else {
      for (int n = 0; n < count; ++n) {
        for (int i = 0; i < columns; ++i) {
          __builtin_memcpy(panel + panelOffset(n, i) * sizeof(Bf16),
                           from + static_cast<std::size_t>(n) * stride + i, sizeof(Bf16));
        }
      }
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
