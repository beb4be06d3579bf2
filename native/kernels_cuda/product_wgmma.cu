// Matrix products of prompts as machine code.
#include "kernels_cuda/product_wgmma.cuh"

namespace signalbox {

template __global__ void promptProduct<WeightDtype::kBf16>(
    const __grid_constant__ PromptProductParams);
template __global__ void promptProduct<WeightDtype::kFp8>(
    const __grid_constant__ PromptProductParams);

}  // namespace signalbox
