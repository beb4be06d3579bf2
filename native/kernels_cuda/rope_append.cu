// Rotation and append as machine code.
#include "kernels_cuda/rope_append.cuh"
