// Path "scalar": what every x86-64 has; fused products made of doubles.
#if defined(__x86_64__)

#include "kernels_cpu/isa_tables.h"
#include "kernels_cpu/simd.h"

#include "kernels_cpu/threads_x86.inl"
#include "kernels_cpu/weights.inl"
#include "kernels_cpu/gemm_fma.inl"
#include "kernels_cpu/elementwise.inl"
#include "kernels_cpu/attention.inl"

#define SIGNALBOX_TABLE kScalarKernels
#define SIGNALBOX_NAME "scalar"
#define SIGNALBOX_NUMERICS Numerics::kPortable
#include "kernels_cpu/isa_table.inl"

#endif
