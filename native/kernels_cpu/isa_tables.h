// The tables of all units; which of them a machine may use, detection.cpp knows. Data only: naming
// one runs none of its code.
#pragma once

#include "kernels_cpu/kernels.h"

namespace signalbox {

#if defined(__x86_64__)
extern const Kernels kAmxKernels;
extern const Kernels kAvx512Kernels;
extern const Kernels kAvx512Bf16Kernels;
extern const Kernels kAvx2Kernels;
extern const Kernels kScalarKernels;
#elif defined(__aarch64__)
extern const Kernels kNeonKernels;
#endif
extern const Kernels kReferenceKernels;

}  // namespace signalbox
