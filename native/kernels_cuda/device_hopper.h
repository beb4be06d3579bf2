// The words of device.h that Hopper alone has: loads of boxes by tensor maps, barriers with phases,
// products of a warpgroup, registers handed over.
//
//   H1. A barrier's phase ends when all arrivals it expects have come and all bytes announced have
//       arrived. waitPhase(parity) waits until the phase of that parity has ended; of a new barrier
//       the one before has.
//   H2. Between beginProducts and endProducts nobody touches registers that products were given,
//       nor shared memory that they read. settle() keeps the compiler to that.
#pragma once

#include "kernels_cuda/device.h"

#ifdef __CUDACC__
#include "kernels_cuda/device_hopper_gpu.h"
#else
#include "kernels_cuda/device_hopper_emulated.h"
#endif
