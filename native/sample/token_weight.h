// Probabilities as whole numbers: sums of them are exact, so they are the same in any order, on any
// number of threads and shards.
#pragma once

#include <cstdint>

#include "core/host_device.h"
#include "core/portable_math.h"

namespace signalbox {

/// The weight of the most likely token: 2^40. What is less likely than 2^-40 of it weighs nothing;
/// 2^23 tokens of this weight, more than any vocabulary has (kVocabMax), sum within 63 bits.
inline constexpr float kWeightOne = 0x1p40f;

/// Below this exponent a weight is 0: e^-28 * 2^40 < 1.
inline constexpr float kWeightlessExponent = -28.0f;

/// trunc(e^exponent * 2^40), for exponents that are not above 0.
SIGNALBOX_BOTH inline std::uint64_t weightOf(float exponent) {
  return static_cast<std::uint64_t>(
      static_cast<std::int64_t>(portableExp(exponent) * kWeightOne));
}

/// The natural logarithm of weight / 2^40, for weights from 1 to 2^63: a power of two apart, and
/// 2 artanh((m - 1) / (m + 1)) of the rest, m in [1, 2), by its series in double. Multiplications,
/// additions and one division, in this order, never fused. Absolute error below 1e-14.
double logOfWeight(std::uint64_t weight);

}  // namespace signalbox
