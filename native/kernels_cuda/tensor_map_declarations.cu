// Compares tensor_map.h with NVIDIA's own header. `npm run build:cuda` compiles this and keeps
// nothing of it: to compile is to agree.
#include <cuda.h>

#include "kernels_cuda/tensor_map.h"

namespace signalbox {

#define SAME(ours, theirs) \
  static_assert(static_cast<int>(ours) == static_cast<int>(theirs), #theirs)
SAME(TensorElement::kUint32, CU_TENSOR_MAP_DATA_TYPE_UINT32);
SAME(TensorElement::kBf16, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16);
SAME(TensorSwizzle::kNone, CU_TENSOR_MAP_SWIZZLE_NONE);
SAME(TensorSwizzle::k128Bytes, CU_TENSOR_MAP_SWIZZLE_128B);
SAME(kTensorPromotion, CU_TENSOR_MAP_L2_PROMOTION_L2_128B);
static_assert(sizeof(TensorMap) == sizeof(CUtensorMap) &&
              alignof(TensorMap) % alignof(CUtensorMap) == 0);

}  // namespace signalbox
