// Path "neon": 128-bit vectors of aarch64. Native, because FPCR.FZ looks for tiny results before
// they are rounded and x86 after: a result just below 2^-126 that rounds up to it is 0 here.
#if defined(__aarch64__)

#include "kernels_cpu/isa_tables.h"
#include "kernels_cpu/simd.h"

#include "kernels_cpu/threads_aarch64.inl"
#include "kernels_cpu/weights.inl"
#include "kernels_cpu/gemm_fma.inl"
#include "kernels_cpu/elementwise.inl"
#include "kernels_cpu/attention.inl"

#define SIGNALBOX_TABLE kNeonKernels
#define SIGNALBOX_NAME "neon"
#define SIGNALBOX_NUMERICS Numerics::kNative
#include "kernels_cpu/isa_table.inl"

#endif
