// The words kernels are written in: threads, barriers, shuffles, copies, conversions, matrix
// products. nvcc reads them as instructions, any other compiler as the emulation of a block.
//
// A kernel's floats are never fused unless it says so (nvcc -fmad=false), and subnormals count as
// zero (-ftz=true), as on the CPU's paths.
#pragma once

#ifdef __CUDACC__
#include "kernels_cuda/device_gpu.h"
#else
#include "kernels_cuda/device_emulated.h"
#endif
