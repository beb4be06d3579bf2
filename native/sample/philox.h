// Random numbers without a state: Philox4x32-10. Source: Salmon, Moraes, Dror and Shaw, "Parallel
// random numbers: as easy as 1, 2, 3", SC 2011; checked against Random123's known answers.
#pragma once

#include <array>
#include <cstdint>

#include "core/host_device.h"

namespace signalbox {

/// Ten rounds over `counter` under `key`.
SIGNALBOX_BOTH inline std::array<std::uint32_t, 4> philox4x32(
    std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t low = std::uint64_t{0xd2511f53u} * counter[0];
    const std::uint64_t high = std::uint64_t{0xcd9e8d57u} * counter[2];
    counter = {static_cast<std::uint32_t>(high >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(high),
               static_cast<std::uint32_t>(low >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(low)};
    key = {key[0] + 0x9e3779b9u, key[1] + 0xbb67ae85u};
  }
  return counter;
}

/// What decides the token at absolute position `position` of a request with this seed: the first
/// two words, the first of them low. The counter is {position low, position high, 0, 0}.
SIGNALBOX_BOTH inline std::uint64_t drawAt(std::uint64_t seed, std::uint64_t position) {
  const auto words = philox4x32(
      {static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(position >> 32), 0, 0},
      {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
  return words[0] | std::uint64_t{words[1]} << 32;
}

/// The upper 64 bits of a product: a number below `bound` from 64 random bits.
SIGNALBOX_BOTH inline std::uint64_t multiplyHigh(std::uint64_t a, std::uint64_t bound) {
  const std::uint64_t aLow = a & 0xffffffffu, aHigh = a >> 32;
  const std::uint64_t bLow = bound & 0xffffffffu, bHigh = bound >> 32;
  const std::uint64_t middle = aHigh * bLow + (aLow * bLow >> 32);
  const std::uint64_t other = aLow * bHigh + (middle & 0xffffffffu);
  return aHigh * bHigh + (middle >> 32) + (other >> 32);
}

}  // namespace signalbox
