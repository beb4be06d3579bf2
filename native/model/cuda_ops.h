// The operations on one CUDA device: one thread enqueues them in one stream, and the step's end is
// waited for by whoever runs it. Sizes come from the kernels' own plans.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/config.h"
#include "core/kv_layout.h"
#include "device/arena.h"
#include "device/kernels.h"
#include "kernels_cuda/attention_params.h"
#include "kernels_cuda/product_plan.h"
#include "kernels_cuda/rope_append_params.h"
#include "kernels_cuda/rows_params.h"
#include "model/cuda_step.h"
#include "model/ops.h"
#include "model/shards.h"

namespace signalbox {

/// The same for every step.
struct CudaModel {
  ModelConfig config;
  Shards shards;
  KvDtype cacheDtype;
  WeightDtype weights;
  int rowsMax;
  int logitRowsMax;
  int headPadded;         // padTo(headDim, 32), a head dim that attention has a kernel for
  int qkvStride;          // floats
  int logitsStride;       // floats
  int attentionGridY;     // key heads * head tiles
  int itemsMax;           // of one launch of attention
};

/// Throws kUnsupportedModel: what the kernels cannot do of this model.
CudaModel cudaModelOf(ModelConfig config, KvDtype cache, WeightDtype weights, int rowsMax,
                      int logitRowsMax, int positions);

/// The kernels of a model, as machine code.
struct CudaKernels {
  cuda::Kernel<EmbedParams> embed;
  cuda::Kernel<ResidualNormParams> norm;
  cuda::Kernel<RopeAppendLaunch> append;
  cuda::Kernel<PagedAttentionParams> attention;
  int attentionSharedBytes;
  /// By rows of a block (productRowTiles: 1, 2, 4, 8) and dtype.
  std::array<std::array<cuda::Kernel<WeightProductParams>, 2>, 4> product;
};
CudaKernels findKernels(cuda::KernelLibrary& library, const CudaModel& model);

/// Where a step's memory lies in one allocation, in bytes.
struct CudaPlaces {
  explicit CudaPlaces(const CudaModel& model, std::size_t inputBytes);
  std::size_t residual, share, normed, qkv, queries, attended, gated, gathered, partials, tickets,
      inputs, logits;
  std::size_t ticketBytes;
  std::size_t bytes;
};

/// What a step works on.
struct CudaRank {
  const CudaModel& model;
  const CudaKernels& kernels;
  const CudaPlaces& places;
  const cuda::DeviceMemory& memory;  // of the places
  KvLayout cache;
};

class CudaOps final : public Ops {
 public:
  CudaOps(const CudaRank& rank, const CudaStep& step, cuda::OrderedStream& stream)
      : rank_(rank), model_(rank.model), step_(step), stream_(stream) {}

  static StepBuffers buffersOf(const CudaRank& rank);

  void embed(const RankWeights& weights, Buffer x) override;
  void rotations() override {}  // They came with the step's inputs.
  void rmsNorm(Buffer x, const float* weight, Buffer normed) override;
  void linear(const LinearWeights& weights, Buffer activations, Buffer out) override;
  void linearGated(const LinearWeights& weights, Buffer activations, Buffer gated) override;
  /// The share is added by the norm that follows: one launch, one walk over the residual.
  void linearPartial(const LinearWeights& weights, Buffer activations, Buffer x) override;
  void allReduceAdd(const LinearWeights& weights, Buffer x) override;
  void ropeAppend(int layer, const LayerWeights& weights, Buffer qkv, Buffer queries) override;
  void attention(int layer, int window, Buffer queries, Buffer attended) override;
  void logits(const RankWeights& weights, Buffer x, Buffer normed) override;

 private:
  template <class T>
  T* at(std::size_t place) const {
    return rank_.memory.at<T>(place);
  }
  template <class T>
  T* input(std::size_t offset) const {
    return rank_.memory.at<T>(rank_.places.inputs + offset);
  }
  WeightProductParams productOf(const LinearWeights& weights, const void* activations, int stride,
                                int rows) const;
  void launch(const WeightProductParams& params, WeightDtype dtype) const;
  int strideOf(Buffer activations) const;
  const Bf16* gatherRows(Buffer normed) const;

  const CudaRank& rank_;
  const CudaModel& model_;
  const CudaStep& step_;
  cuda::OrderedStream& stream_;
  const LinearWeights* pending_ = nullptr;  // its share is not in the residual yet
};

}  // namespace signalbox
