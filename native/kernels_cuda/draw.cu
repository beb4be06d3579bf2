// Sampling as machine code.
#include "kernels_cuda/draw.cuh"
