// Matrix products of few rows as machine code, for every number of rows of a block.
#include "kernels_cuda/product.cuh"

namespace signalbox {

#define SIGNALBOX_PRODUCT(kRowTiles)                                                             \
  template __global__ void weightProduct<kRowTiles, WeightDtype::kBf16>(WeightProductParams); \
  template __global__ void weightProduct<kRowTiles, WeightDtype::kFp8>(WeightProductParams);

SIGNALBOX_PRODUCT(1)
SIGNALBOX_PRODUCT(2)
SIGNALBOX_PRODUCT(4)
SIGNALBOX_PRODUCT(8)

}  // namespace signalbox
