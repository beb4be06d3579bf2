// The number formats the engine stores, as scalar code every faster conversion is tested against.
//
//   bf16   1-8-7, the upper half of a float. Rounded to nearest even; subnormal floats become
//          signed zeros (what vcvtneps2bf16 does), NaN stays a quiet NaN.
//   fp16   IEEE 754 binary16.
//   fp8    E4M3FN of the OCP 8-bit floating point specification: 1-4-3, no infinity, S.1111.111 is
//          NaN, largest 448. Encoding rounds to nearest even and saturates at 448.
#pragma once

#include <bit>
#include <cstdint>

#include "core/host_device.h"

namespace signalbox {

using Bf16 = std::uint16_t;
using Fp16 = std::uint16_t;
using Fp8 = std::uint8_t;

SIGNALBOX_BOTH inline float bf16ToFloat(Bf16 bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

SIGNALBOX_BOTH inline Bf16 floatToBf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t exponent = bits & 0x7f800000u;
  if (exponent == 0) return static_cast<Bf16>((bits & 0x80000000u) >> 16);
  if (exponent == 0x7f800000u && (bits & 0x007fffffu) != 0) {
    return static_cast<Bf16>((bits >> 16) | 0x0040u);
  }
  return static_cast<Bf16>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

float fp16ToFloat(Fp16 bits);
/// To nearest even; beyond 65504 infinity.
Fp16 floatToFp16(float value);

/// Exact for every code; the two NaN codes give a quiet NaN.
float fp8ToFloat(Fp8 code);
/// The same value as bf16: exact for every code.
Bf16 fp8ToBf16(Fp8 code);
/// To nearest even, saturating at 448; NaN stays NaN, infinities saturate.
Fp8 floatToFp8(float value);

/// The scale of a head whose largest magnitude is `least` * kFp8Max: the smallest fp16 not below
/// `least`, at most 65504; 1 where `least` is 0 or no number.
Fp16 scaleNotBelow(float least);

/// The largest finite value of fp8 E4M3FN.
inline constexpr float kFp8Max = 448.0f;

}  // namespace signalbox
