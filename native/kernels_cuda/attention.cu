// Attention as machine code, for every padded head dimension and both caches.
#include "kernels_cuda/attention.cuh"

namespace signalbox {

#define SIGNALBOX_ATTENTION(kDim)                                                      \
  template __global__ void pagedAttention<kDim, KvDtype::kBf16>(PagedAttentionParams); \
  template __global__ void pagedAttention<kDim, KvDtype::kFp8>(PagedAttentionParams);

SIGNALBOX_ATTENTION(32)
SIGNALBOX_ATTENTION(64)
SIGNALBOX_ATTENTION(96)
SIGNALBOX_ATTENTION(128)
SIGNALBOX_ATTENTION(256)

}  // namespace signalbox
