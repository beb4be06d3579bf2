// Path "avx512": 512-bit vectors; AVX-512 F, BW, VL and DQ.
#if defined(__x86_64__)

#include "kernels_cpu/isa_tables.h"
#include "kernels_cpu/simd.h"

#include "kernels_cpu/threads_x86.inl"
#include "kernels_cpu/weights.inl"
#include "kernels_cpu/gemm_fma.inl"
#include "kernels_cpu/elementwise.inl"
#include "kernels_cpu/attention.inl"

#define SIGNALBOX_TABLE kAvx512Kernels
#define SIGNALBOX_NAME "avx512"
#define SIGNALBOX_NUMERICS Numerics::kPortable
#include "kernels_cpu/isa_table.inl"

#endif
