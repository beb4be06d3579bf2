// The few words every part of the engine shares.
#pragma once

#include <cstdint>
#include <string_view>

namespace signalbox {

/// Of a head, in elements: kernels keep one head in registers and on the stack.
inline constexpr int kHeadDimMax = 256;

using TokenId = std::int32_t;
/// A block of the key-value cache: the same number on every rank.
using BlockId = std::int32_t;

/// Tokens in a block of the key-value cache: a block is whole AMX tiles.
inline constexpr int kBlockTokens = 32;

/// How weights are held. fp8 is E4M3 with one power of two per output, so widening to bf16 is
/// exact.
enum class WeightDtype { kBf16, kFp8 };

/// How keys and values are held. f32 belongs to the reference path alone.
enum class KvDtype { kBf16, kFp8, kF32 };

/// What may be compared bit for bit with what. `portable`: every x86 path, the same bits.
/// `native`: a machine's own faster order. `reference`: fp32 activations, for tests.
enum class Numerics { kPortable, kNative, kReference };

std::string_view nameOf(WeightDtype dtype);
std::string_view nameOf(KvDtype dtype);
std::string_view nameOf(Numerics numerics);

}  // namespace signalbox
