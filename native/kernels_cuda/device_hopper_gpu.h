// What device_hopper.h offers, on a GPU: one instruction each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "kernels_cuda/tensor_map.h"

namespace signalbox::device {

__device__ __forceinline__ std::uint32_t sharedAddress(const void* at) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(at));
}

__device__ __forceinline__ void initBarrier(std::uint64_t* at, int arrivals) {
  asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(sharedAddress(at)), "r"(arrivals)
               : "memory");
}
/// Before the block meets: what loads boxes sees the barriers too.
__device__ __forceinline__ void publishBarriers() {
  asm volatile("fence.proxy.async.shared::cta;" ::: "memory");
}
__device__ __forceinline__ void arriveAt(std::uint64_t* at) {
  asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(sharedAddress(at)) : "memory");
}
/// Arrives, and announces bytes.
__device__ __forceinline__ void arriveExpecting(std::uint64_t* at, int bytes) {
  asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(sharedAddress(at)),
               "r"(bytes)
               : "memory");
}
__device__ __forceinline__ void waitPhase(std::uint64_t* at, std::uint32_t parity) {
  std::uint32_t ended = 0;
  while (ended == 0) {
    asm volatile(
        "{\n.reg .pred ended;\n"
        "mbarrier.try_wait.parity.shared::cta.b64 ended, [%1], %2;\n"
        "selp.u32 %0, 1, 0, ended;\n}"
        : "=r"(ended)
        : "r"(sharedAddress(at)), "r"(parity)
        : "memory");
  }
}

/// The box at these elements, innermost first.
__device__ __forceinline__ void loadBox(void* to, const TensorMap& map, std::uint64_t* barrier,
                                        std::array<int, 2> at) {
  asm volatile(
      "cp.async.bulk.tensor.2d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4}], [%2];" ::"r"(sharedAddress(to)),
      "l"(&map), "r"(sharedAddress(barrier)), "r"(at[0]), "r"(at[1])
      : "memory");
}
__device__ __forceinline__ void loadBox(void* to, const TensorMap& map, std::uint64_t* barrier,
                                        std::array<int, 3> at) {
  asm volatile(
      "cp.async.bulk.tensor.3d.shared::cluster.global.mbarrier::complete_tx::bytes "
      "[%0], [%1, {%3, %4, %5}], [%2];" ::"r"(sharedAddress(to)),
      "l"(&map), "r"(sharedAddress(barrier)), "r"(at[0]), "r"(at[1]), "r"(at[2])
      : "memory");
}

/// Of the warpgroup's threads, from now on.
template <int kRegisters>
__device__ __forceinline__ void giveRegisters() {
  asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(kRegisters));
}
template <int kRegisters>
__device__ __forceinline__ void takeRegisters() {
  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(kRegisters));
}

/// 64 sums of a thread as operands of an instruction that reads and writes them.
#define SIGNALBOX_SUMS(c)                                                                   \
  "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3]), "+f"(c[4]), "+f"(c[5]), "+f"(c[6]),       \
  "+f"(c[7]), "+f"(c[8]), "+f"(c[9]), "+f"(c[10]), "+f"(c[11]), "+f"(c[12]), "+f"(c[13]),   \
  "+f"(c[14]), "+f"(c[15]), "+f"(c[16]), "+f"(c[17]), "+f"(c[18]), "+f"(c[19]),             \
  "+f"(c[20]), "+f"(c[21]), "+f"(c[22]), "+f"(c[23]), "+f"(c[24]), "+f"(c[25]),             \
  "+f"(c[26]), "+f"(c[27]), "+f"(c[28]), "+f"(c[29]), "+f"(c[30]), "+f"(c[31]),             \
  "+f"(c[32]), "+f"(c[33]), "+f"(c[34]), "+f"(c[35]), "+f"(c[36]), "+f"(c[37]),             \
  "+f"(c[38]), "+f"(c[39]), "+f"(c[40]), "+f"(c[41]), "+f"(c[42]), "+f"(c[43]),             \
  "+f"(c[44]), "+f"(c[45]), "+f"(c[46]), "+f"(c[47]), "+f"(c[48]), "+f"(c[49]),             \
  "+f"(c[50]), "+f"(c[51]), "+f"(c[52]), "+f"(c[53]), "+f"(c[54]), "+f"(c[55]),             \
  "+f"(c[56]), "+f"(c[57]), "+f"(c[58]), "+f"(c[59]), "+f"(c[60]), "+f"(c[61]),             \
  "+f"(c[62]), "+f"(c[63])

/// What was computed of these registers is in them by now, and nothing later is: the compiler does
/// not know when products read and write them.
__device__ __forceinline__ void settle(std::uint32_t (&a)[4]) {
  asm volatile("" : "+r"(a[0]), "+r"(a[1]), "+r"(a[2]), "+r"(a[3])::"memory");
}
__device__ __forceinline__ void settle(float (&c)[64]) {
  asm volatile(
      ""
      : SIGNALBOX_SUMS(c)
      :
      : "memory");
}
__device__ __forceinline__ void beginProducts() {
  asm volatile("wgmma.fence.sync.aligned;" ::: "memory");
}
__device__ __forceinline__ void endProducts() {
  asm volatile("wgmma.commit_group.sync.aligned;\nwgmma.wait_group.sync.aligned 0;" ::: "memory");
}
/// c += A * B, m64n128k16 in fp32: warp w of the warpgroup has rows 16 w to 16 w + 15 of A and of c
/// as fragments of mma.m16n8k16, c for every eight rows of B; B by a matrix descriptor.
__device__ __forceinline__ void multiplyGroup(float (&c)[64], const std::uint32_t (&a)[4],
                                              std::uint64_t descriptor) {
  asm volatile(
      "wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 "
      "{%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,%16,%17,%18,%19,%20,%21,"
      "%22,%23,%24,%25,%26,%27,%28,%29,%30,%31,%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,"
      "%42,%43,%44,%45,%46,%47,%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,"
      "%62,%63}, "
      "{%64,%65,%66,%67}, %68, 1, 1, 1, 0;"
      : SIGNALBOX_SUMS(c)
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(descriptor));
}

#undef SIGNALBOX_SUMS

}  // namespace signalbox::device
