// What device.h offers, on a GPU: one instruction or intrinsic each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <cuda_bf16.h>
#include <cuda_fp16.h>

#define SIGNALBOX_UNROLL _Pragma("unroll")

namespace signalbox::device {

__device__ __forceinline__ int threadIndex() { return static_cast<int>(threadIdx.x); }
__device__ __forceinline__ int laneIndex() { return static_cast<int>(threadIdx.x & 31); }
__device__ __forceinline__ int warpIndex() { return static_cast<int>(threadIdx.x >> 5); }
__device__ __forceinline__ int blockX() { return static_cast<int>(blockIdx.x); }
__device__ __forceinline__ int blockY() { return static_cast<int>(blockIdx.y); }

__device__ __forceinline__ std::uint8_t* sharedMemory() {
  extern __shared__ __align__(1024) std::uint8_t signalboxShared[];
  return signalboxShared;
}

__device__ __forceinline__ void syncBlock() { __syncthreads(); }
__device__ __forceinline__ void syncWarp() { __syncwarp(); }
template <class T>
__device__ __forceinline__ T shuffle(T value, int lane) {
  return __shfl_sync(~0u, value, lane);
}
template <class T>
__device__ __forceinline__ T shuffleXor(T value, int mask) {
  return __shfl_xor_sync(~0u, value, mask);
}

/// Aligned to their size.
template <int kWords>
__device__ __forceinline__ std::array<std::uint32_t, kWords> loadWords(const void* from) {
  static_assert(kWords == 1 || kWords == 2 || kWords == 4);
  if constexpr (kWords == 1) return {*static_cast<const std::uint32_t*>(from)};
  if constexpr (kWords == 2) {
    const uint2 words = *static_cast<const uint2*>(from);
    return {words.x, words.y};
  }
  if constexpr (kWords == 4) {
    const uint4 words = *static_cast<const uint4*>(from);
    return {words.x, words.y, words.z, words.w};
  }
}
template <std::size_t kWords>
__device__ __forceinline__ void storeWords(void* to,
                                           const std::array<std::uint32_t, kWords>& words) {
  static_assert(kWords == 1 || kWords == 2 || kWords == 4);
  if constexpr (kWords == 1) *static_cast<std::uint32_t*>(to) = words[0];
  if constexpr (kWords == 2) *static_cast<uint2*>(to) = make_uint2(words[0], words[1]);
  if constexpr (kWords == 4) {
    *static_cast<uint4*>(to) = make_uint4(words[0], words[1], words[2], words[3]);
  }
}
__device__ __forceinline__ std::uint16_t loadHalfWord(const void* from) {
  return *static_cast<const std::uint16_t*>(from);
}
__device__ __forceinline__ void storeHalfWord(void* to, std::uint16_t value) {
  *static_cast<std::uint16_t*>(to) = value;
}

__device__ __forceinline__ void copyAsync16(void* to, const void* from) {
  const auto shared = static_cast<std::uint32_t>(__cvta_generic_to_shared(to));
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared), "l"(from) : "memory");
}
__device__ __forceinline__ void commitCopies() {
  asm volatile("cp.async.commit_group;" ::: "memory");
}
template <int kLeft>
__device__ __forceinline__ void waitCopies() {
  asm volatile("cp.async.wait_group %0;" ::"n"(kLeft) : "memory");
}

template <class T>
__device__ __forceinline__ T addAtomic(T* at, T by) {
  return atomicAdd(at, by);
}
__device__ __forceinline__ std::uint64_t addAtomic(std::uint64_t* at, std::uint64_t by) {
  static_assert(sizeof(unsigned long long) == sizeof(std::uint64_t));
  return atomicAdd(reinterpret_cast<unsigned long long*>(at), by);
}
__device__ __forceinline__ void fenceDevice() { __threadfence(); }

__device__ __forceinline__ float exp2Near(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}
__device__ __forceinline__ float log2Near(float x) { return __log2f(x); }

__device__ __forceinline__ std::uint32_t packBf16(float first, float second) {
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}
__device__ __forceinline__ std::uint32_t packFp16(float first, float second) {
  std::uint32_t pair;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}
__device__ __forceinline__ float widenFp16(std::uint16_t bits) {
  float value;
  asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
  return value;
}
__device__ __forceinline__ std::uint32_t widenFp8(std::uint16_t codes) {
  std::uint32_t pair;
  asm("cvt.rn.f16x2.e4m3x2 %0, %1;" : "=r"(pair) : "h"(codes));
  return pair;
}
__device__ __forceinline__ std::uint16_t packFp8(float first, float second) {
  std::uint16_t codes;
  asm("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(codes) : "f"(second), "f"(first));
  return codes;
}

__device__ __forceinline__ void multiplyBf16(float (&c)[4], const std::uint32_t (&a)[4],
                                             const std::uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
__device__ __forceinline__ void multiplyFp16(float (&c)[4], const std::uint32_t (&a)[4],
                                             const std::uint32_t (&b)[2]) {
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
      "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}

}  // namespace signalbox::device
