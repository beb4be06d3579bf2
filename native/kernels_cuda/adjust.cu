// What requests change about logits, as machine code.
#include "kernels_cuda/adjust.cuh"
