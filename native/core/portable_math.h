// exp as every portable path computes it: the same bits in scalar and in vector code.
//
// 2^(x log2 e) with the fraction by a polynomial of degree 6 (Cephes' expf coefficients for 2^f,
// |f| <= 1/2), multiplications and additions only, in this order, never fused. Relative error below
// 2e-7 (1 + |x|). Arguments are clamped to [-87, 88], so the result is always a normal float.
#pragma once

#include <bit>
#include <cstdint>

#include "core/host_device.h"

namespace signalbox {

inline constexpr float kExpMin = -87.0f;
inline constexpr float kExpMax = 88.0f;
inline constexpr float kLog2E = 1.44269504f;
/// 1.5 * 2^23: adding it rounds to a whole number in the low bits of the float.
inline constexpr float kRoundMagic = 12582912.0f;
inline constexpr std::int32_t kRoundMagicBits = 0x4b400000;
inline constexpr float kExp2Coefficients[] = {1.535336188319500e-4f, 1.339887440266574e-3f,
                                              9.618437357674640e-3f, 5.550332471162809e-2f,
                                              2.402264791363012e-1f, 6.931472028550421e-1f,
                                              1.0f};

/// NaN gives the smallest result, not NaN: a mask never becomes one.
SIGNALBOX_BOTH inline float portableExp(float x) {
  x = x > kExpMin ? x : kExpMin;
  x = x < kExpMax ? x : kExpMax;
  const float scaled = x * kLog2E;
  const float rounded = scaled + kRoundMagic;
  const float fraction = scaled - (rounded - kRoundMagic);
  // Their own constants: an array outside has no place on a device.
  constexpr float kPower[] = {kExp2Coefficients[0], kExp2Coefficients[1], kExp2Coefficients[2],
                              kExp2Coefficients[3], kExp2Coefficients[4], kExp2Coefficients[5],
                              kExp2Coefficients[6]};
  float power = kPower[0];
  for (int i = 1; i < 7; ++i) power = power * fraction + kPower[i];
  const std::int32_t exponent = std::bit_cast<std::int32_t>(rounded) - kRoundMagicBits;
  return std::bit_cast<float>(
      std::bit_cast<std::int32_t>(power) +
      static_cast<std::int32_t>(static_cast<std::uint32_t>(exponent) << 23));
}

}  // namespace signalbox
