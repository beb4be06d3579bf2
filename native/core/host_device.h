// Marks what runs on the host and on a CUDA device alike. A host compiler reads nothing there.
// What is constexpr needs no mark: nvcc is told to take it for both.
#pragma once

#ifdef __CUDACC__
#define SIGNALBOX_BOTH __host__ __device__
#else
#define SIGNALBOX_BOTH
#endif
