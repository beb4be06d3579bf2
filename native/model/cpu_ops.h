// The operations on the CPU: kernels over slices, slices over the threads of a rank's team.
//
// A CpuRank is what a rank owns from load to unload. A CpuOps is one thread's view of it during one
// step: every thread of the team makes its own and runs the forward pass with it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "comm/all_reduce.h"
#include "comm/team.h"
#include "core/config.h"
#include "core/memory.h"
#include "kernels_cpu/kernels.h"
#include "model/cpu_step.h"
#include "model/cpu_weights.h"
#include "model/ops.h"
#include "model/shards.h"
#include "model/step_clock.h"

namespace signalbox {

/// The same for all ranks.
struct CpuModel {
  const Kernels* kernels;
  ModelConfig config;
  Shards shards;
  KvDtype cacheDtype;
  int rowsMax;
  int logitRowsMax;
  int width;         // of the residual, in floats: padTo(hidden, 16)
  int qkvStride;     // floats
  int headPadded;    // padTo(headDim, 32)
  int logitsStride;  // floats
  std::vector<float> frequencies;  // [headDim / 2] radians per position
};

CpuModel cpuModelOf(const Kernels& kernels, ModelConfig config, int ranks, KvDtype cache,
                    int rowsMax, int logitRowsMax);

/// Bytes of one block of the cache on one rank.
std::size_t cacheBlockBytes(const CpuModel& model);

class CpuRank {
 public:
  /// Takes no memory yet: the sizes say how much allocate() will take.
  CpuRank(const CpuModel& model, int rank, int threads, WeightDtype dtype, int blocks);
  std::uint64_t weightBytes() const { return weightBytes_; }
  std::uint64_t stepBytes() const { return stepBytes_; }
  std::uint64_t cacheBytes() const { return cacheBytes_; }
  void allocate();

  /// Weights at their places, which loading fills.
  const RankLayout& layout() const { return layout_; }
  /// What steps write: their buffers and the cache.
  std::array<const HugeBuffer*, 2> workMemory() const { return {&stepMemory_, &cacheMemory_}; }
  std::uint64_t workBytes() const { return stepBytes_ + cacheBytes_; }
  float* residual() const { return reinterpret_cast<float*>(buffers_.residual.bytes); }
  const StepBuffers& buffers() const { return buffers_; }
  const KvLayout& cache() const { return cache_; }

 private:
  friend class CpuOps;
  void layOutSteps(Arena& arena);

  const CpuModel& model_;
  const int rank_;
  const int threads_;
  const WeightDtype dtype_;
  RankLayout layout_;
  StepBuffers buffers_;
  float* cosines_ = nullptr;  // [rowsMax][headDim / 2]
  float* sines_ = nullptr;
  std::vector<std::uint8_t*> scratch_;  // per thread
  KvLayout cache_{};
  std::uint64_t weightBytes_ = 0;
  std::uint64_t stepBytes_ = 0;
  std::uint64_t cacheBytes_ = 0;
  HugeBuffer weightMemory_;
  HugeBuffer stepMemory_;
  HugeBuffer cacheMemory_;
};

class CpuOps final : public Ops {
 public:
  /// Calls of forEach that a step's forward pass makes at most.
  static int operationsMax(const ModelConfig& config) { return 8 + 12 * config.layers; }

  /// `exchange` is null for a rank alone, `clock` on the threads whose time is not taken. `logits`
  /// is [logit rows][model.logitsStride], of all ranks together.
  CpuOps(const CpuModel& model, const CpuRank& rank, const CpuStep& step, TeamMember& member,
         AllReduce* exchange, float* logits, StepClock* clock);

  void embed(const RankWeights& weights, Buffer x) override;
  void rotations() override;
  void rmsNorm(Buffer x, const float* weight, Buffer normed) override;
  void linear(const LinearWeights& weights, Buffer activations, Buffer out) override;
  void linearGated(const LinearWeights& weights, Buffer activations, Buffer gated) override;
  void linearPartial(const LinearWeights& weights, Buffer activations, Buffer x) override;
  void allReduceAdd(const LinearWeights& weights, Buffer x) override;
  void ropeAppend(int layer, const LayerWeights& weights, Buffer qkv, Buffer queries) override;
  void attention(int layer, int window, Buffer queries, Buffer attended) override;
  void logits(const RankWeights& weights, Buffer x, Buffer normed) override;

 private:
  void embedRow(const RankWeights& weights, int row, float* to) const;
  void product(const LinearWeights& weights, GemmParams params, const char* what);
  RmsNormParams normParams(Buffer x, const float* weight, Buffer normed, int rows) const;

  const CpuModel& model_;
  const Kernels& kernels_;
  const CpuRank& rank_;
  const CpuStep& step_;
  TeamMember& member_;
  AllReduce* const exchange_;
  float* const logits_;
  StepClock* const clock_;
  std::uint32_t exchanges_ = 0;
};

}  // namespace signalbox
