// The row kernels as machine code; they are no templates.
#include "kernels_cuda/rows.cuh"
