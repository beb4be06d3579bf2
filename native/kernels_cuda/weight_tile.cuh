// How a warp takes a tile of weights out of shared memory, as A of matrix products.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels_cuda/device.h"
#include "kernels_cuda/product_plan.h"

namespace signalbox::product {

/// Two codes as bf16, exactly.
__device__ __forceinline__ std::uint32_t widenPair(std::uint32_t codes) {
  const std::uint32_t wide = device::widenFp8(static_cast<std::uint16_t>(codes));
  return device::packBf16(device::widenFp16(static_cast<std::uint16_t>(wide)),
                          device::widenFp16(static_cast<std::uint16_t>(wide >> 16)));
}

/// Half `half` of a tile, for both steps, as rows 8 kTo to 8 kTo + 7 of A.
template <WeightDtype kDtype, std::size_t kTo>
__device__ __forceinline__ void loadHalf(const std::uint8_t* tile, int half,
                                         std::uint32_t (&a)[2][4]) {
  tile += 8 * device::laneIndex();
  if constexpr (kDtype == WeightDtype::kFp8) {
    const auto words = device::loadWords<2>(tile + halfOffset(half, 0, kDtype));
    SIGNALBOX_UNROLL
    for (std::size_t step = 0; step < 2; ++step) {
      a[step][kTo] = widenPair(words[step]);
      a[step][kTo + 2] = widenPair(words[step] >> 16);
    }
  } else {
    SIGNALBOX_UNROLL
    for (std::size_t step = 0; step < 2; ++step) {
      const auto words =
          device::loadWords<2>(tile + halfOffset(half, static_cast<int>(step), kDtype));
      a[step][kTo] = words[0];
      a[step][kTo + 2] = words[1];
    }
  }
}

}  // namespace signalbox::product
