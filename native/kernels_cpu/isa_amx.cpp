// Path "amx": matrix products in tiles, the rest in 512-bit vectors.
#if defined(__x86_64__)

#include "kernels_cpu/isa_tables.h"
#include "kernels_cpu/simd.h"

#include "kernels_cpu/threads_x86.inl"
#include "kernels_cpu/tiles.inl"
#include "kernels_cpu/weights.inl"
#include "kernels_cpu/gemm_amx.inl"
#include "kernels_cpu/elementwise.inl"
#include "kernels_cpu/attention.inl"

#define SIGNALBOX_TABLE kAmxKernels
#define SIGNALBOX_NAME "amx"
#define SIGNALBOX_NUMERICS Numerics::kPortable
#include "kernels_cpu/isa_table.inl"

#endif
