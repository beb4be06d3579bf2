// The conversions of numeric.h to and from fp16 and fp8, once, for the host and for a device.
//
// Integer arithmetic only, so that neither FTZ nor DAZ in the caller's control register, nor a
// device's own rounding, changes a bit. numeric.cpp makes functions with an address of them: what
// is compiled for one instruction path calls those, and never includes this.
#pragma once

#include <bit>
#include <cstdint>

#include "core/host_device.h"
#include "core/numeric.h"

namespace signalbox::codec {

inline constexpr std::uint32_t kSign = 0x80000000u;
inline constexpr std::uint32_t kQuietNan = 0x7fc00000u;

/// `magnitude` shifted right by `shift` bits, rounded to nearest even.
SIGNALBOX_BOTH inline std::uint32_t roundShift(std::uint32_t magnitude, unsigned shift) {
  if (shift == 0) return magnitude;
  if (shift > 31) return 0;
  const std::uint32_t half = 1u << (shift - 1);
  const std::uint32_t rest = magnitude & ((1u << shift) - 1);
  const std::uint32_t kept = magnitude >> shift;
  return kept + (rest > half || (rest == half && (kept & 1u) != 0) ? 1u : 0u);
}

/// A float with `exponentBits` and `mantissaBits`, bias 2^(exponentBits-1)-1, to float bits.
SIGNALBOX_BOTH inline std::uint32_t widen(std::uint32_t magnitude, int exponentBits,
                                          int mantissaBits) {
  const int bias = (1 << (exponentBits - 1)) - 1;
  std::uint32_t exponent = magnitude >> mantissaBits;
  std::uint32_t mantissa = magnitude & ((1u << mantissaBits) - 1);
  if (exponent == 0) {
    if (mantissa == 0) return 0;
    int shift = 0;
    while ((mantissa & (1u << mantissaBits)) == 0) {
      mantissa <<= 1;
      ++shift;
    }
    mantissa &= (1u << mantissaBits) - 1;
    return (static_cast<std::uint32_t>(127 - bias + 1 - shift) << 23) |
           (mantissa << (23 - mantissaBits));
  }
  return ((exponent + static_cast<std::uint32_t>(127 - bias)) << 23) |
         (mantissa << (23 - mantissaBits));
}

/// The magnitude of a finite float in a smaller format, to nearest even, unbounded above.
SIGNALBOX_BOTH inline std::uint32_t narrow(std::uint32_t bits, int exponentBits, int mantissaBits) {
  const int bias = (1 << (exponentBits - 1)) - 1;
  const int exponent = static_cast<int>((bits >> 23) & 0xffu);
  if (exponent == 0) return 0;  // A float's subnormals are far below the smallest of both formats.
  const std::uint32_t mantissa = (bits & 0x007fffffu) | 0x00800000u;
  const int target = exponent - 127 + bias;
  const unsigned shift = static_cast<unsigned>(23 - mantissaBits);
  if (target >= 1) {
    // The carry of rounding runs into the exponent, as it should.
    return (static_cast<std::uint32_t>(target - 1) << mantissaBits) + roundShift(mantissa, shift);
  }
  return roundShift(mantissa, shift + static_cast<unsigned>(1 - target));
}

SIGNALBOX_BOTH inline float fp16ToFloat(Fp16 bits) {
  const std::uint32_t sign = (static_cast<std::uint32_t>(bits) << 16) & kSign;
  const std::uint32_t magnitude = bits & 0x7fffu;
  if (magnitude > 0x7c00u) return std::bit_cast<float>(sign | kQuietNan);
  if (magnitude == 0x7c00u) return std::bit_cast<float>(sign | 0x7f800000u);
  return std::bit_cast<float>(sign | widen(magnitude, 5, 10));
}

SIGNALBOX_BOTH inline Fp16 floatToFp16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits & kSign) >> 16;
  const std::uint32_t magnitude = bits & ~kSign;
  if (magnitude > 0x7f800000u) return static_cast<Fp16>(sign | 0x7e00u);
  if (magnitude == 0x7f800000u) return static_cast<Fp16>(sign | 0x7c00u);
  const std::uint32_t narrowed = narrow(magnitude, 5, 10);
  return static_cast<Fp16>(sign | (narrowed < 0x7c00u ? narrowed : 0x7c00u));
}

SIGNALBOX_BOTH inline float fp8ToFloat(Fp8 code) {
  const std::uint32_t sign = (static_cast<std::uint32_t>(code) << 24) & kSign;
  const std::uint32_t magnitude = code & 0x7fu;
  if (magnitude == 0x7fu) return std::bit_cast<float>(sign | kQuietNan);
  return std::bit_cast<float>(sign | widen(magnitude, 4, 3));
}

SIGNALBOX_BOTH inline Bf16 fp8ToBf16(Fp8 code) {
  return static_cast<Bf16>(std::bit_cast<std::uint32_t>(fp8ToFloat(code)) >> 16);
}

SIGNALBOX_BOTH inline Fp8 floatToFp8(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits & kSign) >> 24;
  const std::uint32_t magnitude = bits & ~kSign;
  if (magnitude > 0x7f800000u) return static_cast<Fp8>(sign | 0x7fu);
  if (magnitude == 0x7f800000u) return static_cast<Fp8>(sign | 0x7eu);
  const std::uint32_t narrowed = narrow(magnitude, 4, 3);
  return static_cast<Fp8>(sign | (narrowed < 0x7eu ? narrowed : 0x7eu));
}

/// The smallest fp16 not below `least`, at most 65504; 1 where `least` is 0 or no number.
SIGNALBOX_BOTH inline Fp16 scaleNotBelow(float least) {
  constexpr Fp16 kOne = 0x3c00;
  constexpr Fp16 kLargest = 0x7bff;
  if (!(least > 0.0f)) return kOne;
  Fp16 scale = floatToFp16(least);
  // Positive fp16 are in order of their bits.
  if (fp16ToFloat(scale) < least) ++scale;
  return scale < kLargest ? scale : kLargest;
}

}  // namespace signalbox::codec
