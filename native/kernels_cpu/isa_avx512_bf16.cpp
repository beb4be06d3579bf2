// Path "avx512_bf16": as avx512 with vdpbf16ps in the matrix products, whose order is its own.
#if defined(__x86_64__)

#include "kernels_cpu/isa_tables.h"
#include "kernels_cpu/simd.h"

#include "kernels_cpu/threads_x86.inl"
#include "kernels_cpu/weights.inl"
#include "kernels_cpu/gemm_dot.inl"
#include "kernels_cpu/elementwise.inl"
#include "kernels_cpu/attention.inl"

#define SIGNALBOX_TABLE kAvx512Bf16Kernels
#define SIGNALBOX_NAME "avx512_bf16"
#define SIGNALBOX_NUMERICS Numerics::kNative
#include "kernels_cpu/isa_table.inl"

#endif
