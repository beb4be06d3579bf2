// What device.h offers, as plain C++ on the fibers of emulation.h. Fragments of matrix products lie
// as the PTX ISA manual says (mma.m16n8k16); a GPU has to confirm each twin once.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/codec.h"
#include "kernels_cuda/emulation.h"

#define __global__ inline
#define __device__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define SIGNALBOX_UNROLL

namespace signalbox::device {

inline int threadIndex() { return emulation::self->index; }
inline int laneIndex() { return emulation::self->index % emulation::kWarp; }
inline int warpIndex() { return emulation::self->index / emulation::kWarp; }
inline int blockX() { return emulation::self->block->x; }
inline int blockY() { return emulation::self->block->y; }

/// The block's shared memory, of the launch's size.
inline std::uint8_t* sharedMemory() { return emulation::self->block->shared.get(); }

inline void syncBlock() { emulation::withBlock("syncBlock"); }
inline void syncWarp() {
  int nothing = 0;
  emulation::withWarp("syncWarp", nothing, [](int* const*) {});
}

template <class T>
T shuffle(T value, int lane) {
  struct Shown {
    T value;
    int lane;
    T result;
  } mine{value, lane, value};
  emulation::withWarp("shuffle", mine, [](Shown* const* lanes) {
    for (int i = 0; i < emulation::kWarp; ++i) {
      lanes[i]->result = lanes[lanes[i]->lane % emulation::kWarp]->value;
    }
  });
  return mine.result;
}
template <class T>
T shuffleXor(T value, int mask) {
  return shuffle(value, laneIndex() ^ mask);
}

template <int kWords>
std::array<std::uint32_t, kWords> loadWords(const void* from) {
  std::array<std::uint32_t, kWords> words;
  std::memcpy(words.data(), from, sizeof words);
  return words;
}
template <std::size_t kWords>
void storeWords(void* to, const std::array<std::uint32_t, kWords>& words) {
  std::memcpy(to, words.data(), sizeof words);
}
inline std::uint16_t loadHalfWord(const void* from) {
  std::uint16_t value;
  std::memcpy(&value, from, sizeof value);
  return value;
}
inline void storeHalfWord(void* to, std::uint16_t value) { std::memcpy(to, &value, sizeof value); }

inline void copyAsync16(void* to, const void* from) {
  emulation::self->copies.push_back({to, from, 16});
}
inline void commitCopies() {
  emulation::self->committed.push_back(std::move(emulation::self->copies));
  emulation::self->copies.clear();
}
/// Until at most `kLeft` of the thread's own committed groups are under way.
template <int kLeft>
void waitCopies() {
  auto& groups = emulation::self->committed;
  while (groups.size() > static_cast<std::size_t>(kLeft)) {
    for (const emulation::Copy& copy : groups.front()) {
      std::memcpy(copy.to, copy.from, copy.bytes);
    }
    groups.pop_front();
  }
}

template <class T>
T addAtomic(T* at, T by) {
  return std::atomic_ref<T>(*at).fetch_add(by);
}
/// All this thread wrote before is seen by other blocks that see what it writes after. Here blocks
/// run one after the other.
inline void fenceDevice() {}

inline float exp2Near(float x) { return std::exp2(x); }
inline float log2Near(float x) { return std::log2(x); }

/// Two floats as bf16, to nearest even; the first is the lower half.
inline std::uint32_t packBf16(float first, float second) {
  return floatToBf16(first) | static_cast<std::uint32_t>(floatToBf16(second)) << 16;
}
inline std::uint32_t packFp16(float first, float second) {
  return codec::floatToFp16(first) | static_cast<std::uint32_t>(codec::floatToFp16(second)) << 16;
}
inline float widenFp16(std::uint16_t bits) { return codec::fp16ToFloat(bits); }
/// Two E4M3 codes as fp16, exactly.
inline std::uint32_t widenFp8(std::uint16_t codes) {
  return packFp16(codec::fp8ToFloat(static_cast<Fp8>(codes)),
                  codec::fp8ToFloat(static_cast<Fp8>(codes >> 8)));
}
/// Two floats as E4M3, to nearest even, saturating.
inline std::uint16_t packFp8(float first, float second) {
  return static_cast<std::uint16_t>(codec::floatToFp8(first) | codec::floatToFp8(second) << 8);
}

/// c += A * B, m16n8k16 in fp32: a is 16 x 16, b is 16 x 8, by the fragments of the manual.
template <float (*kToFloat)(std::uint16_t)>
void multiply(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  struct Fragments {
    float* c;
    const std::uint32_t* a;
    const std::uint32_t* b;
  } mine{c, a, b};
  emulation::withWarp("multiply", mine, [](Fragments* const* lanes) {
    float left[16][16];
    float right[16][8];
    for (int lane = 0; lane < emulation::kWarp; ++lane) {
      const int group = lane / 4;
      const int pair = lane % 4 * 2;
      for (int i = 0; i < 2; ++i) {
        const auto half = [i](std::uint32_t word) {
          return kToFloat(static_cast<std::uint16_t>(word >> (16 * i)));
        };
        for (int r = 0; r < 4; ++r) {
          left[group + r % 2 * 8][pair + i + r / 2 * 8] = half(lanes[lane]->a[r]);
        }
        for (int r = 0; r < 2; ++r) right[pair + i + r * 8][group] = half(lanes[lane]->b[r]);
      }
    }
    for (int lane = 0; lane < emulation::kWarp; ++lane) {
      for (int e = 0; e < 4; ++e) {
        for (int k = 0; k < 16; ++k) {
          lanes[lane]->c[e] +=
              left[lane / 4 + e / 2 * 8][k] * right[k][lane % 4 * 2 + e % 2];
        }
      }
    }
  });
}
inline void multiplyBf16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  multiply<bf16ToFloat>(c, a, b);
}
inline void multiplyFp16(float (&c)[4], const std::uint32_t (&a)[4], const std::uint32_t (&b)[2]) {
  multiply<codec::fp16ToFloat>(c, a, b);
}

}  // namespace signalbox::device
