// Logits as whole numbers in the same order, so that comparing them is exact, fast, and the same
// whatever the thread does with subnormals.
#pragma once

#include <bit>
#include <cstdint>

#include "core/types.h"

namespace signalbox {

/// Subnormals and -0 become +0.
constexpr float flushed(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  return (bits & 0x7f800000u) == 0 ? 0.0f : value;
}

/// Ascending with flushed(value). Not for NaN.
constexpr std::int32_t orderOf(float value) {
  const std::int32_t bits = std::bit_cast<std::int32_t>(value);
  const std::int32_t order = bits ^ ((bits >> 31) & 0x7fffffff);
  return (bits & 0x7f800000) == 0 ? 0 : order;
}

/// The value that has this order.
constexpr float valueOf(std::int32_t order) {
  return std::bit_cast<float>(order ^ ((order >> 31) & 0x7fffffff));
}

/// Larger for what stands first among candidates: by logit, and of equals by the lower id.
constexpr std::uint64_t rankOf(std::int32_t order, TokenId token) {
  return (static_cast<std::uint64_t>(static_cast<std::uint32_t>(order) ^ 0x80000000u) << 32) |
         (0xffffffffu - static_cast<std::uint32_t>(token));
}
constexpr TokenId tokenOf(std::uint64_t rank) {
  return static_cast<TokenId>(0xffffffffu - static_cast<std::uint32_t>(rank));
}
constexpr float logitOf(std::uint64_t rank) {
  return valueOf(static_cast<std::int32_t>(static_cast<std::uint32_t>(rank >> 32) ^ 0x80000000u));
}

}  // namespace signalbox
