// What a TMA tensor map says, as pure data: a grid in global memory, the box that one load brings,
// and how the box lies in shared memory. Whoever has the driver hands these to
// cuTensorMapEncodeTiled; nothing is interleaved, elements follow each other, and what lies outside
// the grid arrives as zeros.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/host_device.h"

namespace signalbox {

/// CUtensorMapDataType.
enum class TensorElement { kUint32 = 2, kBf16 = 9 };
/// CUtensorMapSwizzle.
enum class TensorSwizzle { kNone = 0, k128Bytes = 3 };
/// CU_TENSOR_MAP_L2_PROMOTION_L2_128B
inline constexpr int kTensorPromotion = 2;
inline constexpr int kTensorRankMax = 3;

/// Innermost dimension first.
struct TensorMapArguments {
  TensorElement element;
  TensorSwizzle swizzle;
  int rank;  // 2 or 3
  const void* address;
  std::uint64_t sizes[kTensorRankMax];        // elements
  std::uint64_t strides[kTensorRankMax - 1];  // bytes from one to the next of dimension 1, 2
  std::uint32_t box[kTensorRankMax];          // elements
};

/// What cuTensorMapEncodeTiled writes: a kernel gets it inside its parameters. Where kernels are
/// emulated it holds the arguments themselves.
struct alignas(128) TensorMap {
  std::uint64_t opaque[16];
};

inline constexpr int bytesOf(TensorElement element) {
  return element == TensorElement::kBf16 ? 2 : 4;
}

inline constexpr int boxBytes(const TensorMapArguments& map) {
  int bytes = bytesOf(map.element);
  for (int d = 0; d < map.rank; ++d) bytes *= static_cast<int>(map.box[d]);
  return bytes;
}

/// Where the byte of shared memory at `address` goes when 16-byte pieces are swizzled over 128
/// bytes: bits 4 to 6 turn by bits 7 to 9. The pattern repeats every 1024 bytes.
SIGNALBOX_BOTH inline constexpr std::uint32_t swizzled128(std::uint32_t address) {
  return address ^ (address >> 3 & 0x70u);
}

/// Which of cuTensorMapEncodeTiled's demands `map` does not meet, in words; null when it meets all.
inline constexpr const char* whyNoTensorMap(const TensorMapArguments& map) {
  if (reinterpret_cast<std::uintptr_t>(map.address) % 16 != 0) return "address % 16 != 0";
  for (int d = 0; d < map.rank; ++d) {
    if (map.sizes[d] == 0 || map.sizes[d] > std::uint64_t{1} << 32) return "a size beyond 2^32";
    if (map.box[d] == 0 || map.box[d] > 256) return "a box of more than 256 elements";
    if (d > 0 && map.strides[d - 1] % 16 != 0) return "stride % 16 != 0";
    if (d > 0 && map.strides[d - 1] >= std::uint64_t{1} << 40) return "a stride beyond 2^40";
  }
  const auto inner = static_cast<int>(map.box[0]) * bytesOf(map.element);
  if (inner % 16 != 0) return "a box whose rows are not whole pieces of 16 bytes";
  if (map.swizzle == TensorSwizzle::k128Bytes && inner > 128) return "a box wider than its swizzle";
  return nullptr;
}

}  // namespace signalbox
