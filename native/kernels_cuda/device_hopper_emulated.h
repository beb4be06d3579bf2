// What device_hopper.h offers, as plain C++ on the fibers of emulation.h. Boxes arrive at moments
// drawn from the launch's seed (E5); products are done when they are waited for, with what is in
// registers and shared memory by then. Fragments, descriptors and swizzle as the PTX ISA manual
// says; a GPU has to confirm each twin once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/numeric.h"
#include "kernels_cuda/tensor_map.h"

#define __grid_constant__

namespace signalbox::device {

/// What the driver makes of arguments on a GPU.
inline TensorMap tensorMapOf(const TensorMapArguments& arguments) {
  static_assert(sizeof arguments <= sizeof(TensorMap));
  TensorMap map{};
  std::memcpy(&map, &arguments, sizeof arguments);
  return map;
}

/// Counted from where the block's shared memory begins.
inline std::uint32_t sharedAddress(const void* at) {
  return static_cast<std::uint32_t>(static_cast<const std::uint8_t*>(at) - sharedMemory());
}

inline void initBarrier(std::uint64_t* at, int arrivals) {
  emulation::makePhases(at, arrivals);
}
inline void publishBarriers() {}
inline void arriveAt(std::uint64_t* at) { emulation::arriveAt(at, 0); }
inline void arriveExpecting(std::uint64_t* at, int bytes) { emulation::arriveAt(at, bytes); }
inline void waitPhase(std::uint64_t* at, std::uint32_t parity) {
  emulation::waitPhase(at, parity);
}

/// Makes the copy: element by element, zeros for what lies outside.
inline void bringBox(std::uint8_t* shared, std::uint32_t to, const TensorMapArguments& map,
                     const std::array<int, 3>& at) {
  const auto bytes = static_cast<std::size_t>(bytesOf(map.element));
  const auto* const from = static_cast<const std::uint8_t*>(map.address);
  for (std::uint32_t z = 0; z < (map.rank == 3 ? map.box[2] : 1); ++z) {
    for (std::uint32_t y = 0; y < map.box[1]; ++y) {
      for (std::uint32_t x = 0; x < map.box[0]; ++x, to += static_cast<std::uint32_t>(bytes)) {
        const auto column = static_cast<std::uint64_t>(at[0]) + x;
        const auto row = static_cast<std::uint64_t>(at[1]) + y;
        const auto layer = static_cast<std::uint64_t>(at[2]) + z;
        const bool inside = column < map.sizes[0] && row < map.sizes[1] &&
                            (map.rank < 3 || layer < map.sizes[2]);
        std::uint8_t* const place =
            shared + (map.swizzle == TensorSwizzle::k128Bytes ? swizzled128(to) : to);
        if (inside) {
          std::memcpy(place, from + layer * map.strides[1] + row * map.strides[0] + column * bytes,
                      bytes);
        } else {
          std::memset(place, 0, bytes);
        }
      }
    }
  }
}

template <std::size_t kRank>
void loadBox(void* to, const TensorMap& map, std::uint64_t* barrier, std::array<int, kRank> at) {
  TensorMapArguments arguments;
  std::memcpy(&arguments, &map, sizeof arguments);
  const std::uint32_t address = sharedAddress(to);
  if (arguments.rank != static_cast<int>(kRank)) throw emulation::KernelError("a box's rank");
  if (const char* const why = whyNoTensorMap(arguments)) throw emulation::KernelError(why);
  if (address % (arguments.swizzle == TensorSwizzle::kNone ? 128 : 1024) != 0) {
    throw emulation::KernelError("a box's place in shared memory is not aligned");
  }
  std::array<int, 3> all{};
  for (std::size_t i = 0; i < kRank; ++i) all[i] = at[i];
  std::uint8_t* const shared = sharedMemory();
  emulation::sometime([=] {
    bringBox(shared, address, arguments, all);
    emulation::arrived(barrier, boxBytes(arguments));
  });
}

template <int kRegisters>
void giveRegisters() {
  static_assert(kRegisters % 8 == 0);
}
template <int kRegisters>
void takeRegisters() {
  static_assert(kRegisters % 8 == 0);
}

template <class T, std::size_t kCount>
void settle(T (&)[kCount]) {}
inline void beginProducts() { emulation::self->mayMultiply = true; }

inline void multiplyGroup(float (&c)[64], const std::uint32_t (&a)[4], std::uint64_t descriptor) {
  if (!emulation::self->mayMultiply) {
    throw emulation::KernelError("registers of a product were not handed over before");
  }
  emulation::self->products.push_back({c, a, descriptor});
}

/// One product of four warps' fragments; B of row n and input k.
inline void multiplyNow(emulation::GroupProduct* const* threads, const std::uint8_t* shared) {
  const std::uint64_t descriptor = threads[0]->descriptor;
  if (descriptor >> 62 != 1 || (descriptor >> 49 & 7) != 0) {
    throw emulation::KernelError("a descriptor of another swizzle");
  }
  const auto start = static_cast<std::uint32_t>(descriptor & 0x3fff) << 4;
  const auto stride = static_cast<std::uint32_t>(descriptor >> 32 & 0x3fff) << 4;
  float right[128][16];
  for (std::uint32_t n = 0; n < 128; ++n) {
    for (std::uint32_t k = 0; k < 16; ++k) {
      const std::uint32_t at = start + n / 8 * stride + n % 8 * 128 + 2 * k;
      right[n][k] = bf16ToFloat(loadHalfWord(shared + swizzled128(at)));
    }
  }
  float left[64][16];
  for (int t = 0; t < 128; ++t) {
    for (int r = 0; r < 4; ++r) {
      for (int i = 0; i < 2; ++i) {
        left[t / 32 * 16 + t % 32 / 4 + r % 2 * 8][t % 4 * 2 + r / 2 * 8 + i] =
            bf16ToFloat(static_cast<Bf16>(threads[t]->a[r] >> (16 * i)));
      }
    }
  }
  for (int t = 0; t < 128; ++t) {
    for (int e = 0; e < 64; ++e) {
      const float* const x = left[t / 32 * 16 + t % 32 / 4 + e / 2 % 2 * 8];
      const float* const y = right[e / 4 * 8 + t % 4 * 2 + e % 2];
      for (int k = 0; k < 16; ++k) threads[t]->c[e] += x[k] * y[k];
    }
  }
}

inline void endProducts() {
  emulation::Thread& thread = *emulation::self;
  emulation::withGroup("endProducts", thread.products, [](auto* const* threads) {
    for (std::size_t i = 0; i < threads[0]->size(); ++i) {
      emulation::GroupProduct* one[128];
      for (int t = 0; t < 128; ++t) {
        if (threads[t]->size() != threads[0]->size()) {
          throw emulation::KernelError("threads of a warpgroup differ in their products");
        }
        one[t] = &(*threads[t])[i];
      }
      multiplyNow(one, sharedMemory());
    }
  });
  thread.products.clear();
  thread.mayMultiply = false;
}

}  // namespace signalbox::device
