// What a rank owns on the CPU: three pieces of memory, for weights, steps and the cache.
#include <algorithm>
#include <utility>

#include "model/cpu_ops.h"

namespace signalbox {

CpuModel cpuModelOf(const Kernels& kernels, ModelConfig config, int ranks, KvDtype cache,
                    int rowsMax, int logitRowsMax) {
  CpuModel model{};
  model.kernels = &kernels;
  model.shards = shardsOf(config, ranks);
  model.cacheDtype = cache;
  model.rowsMax = rowsMax;
  model.logitRowsMax = logitRowsMax;
  model.width = padTo(config.hidden, kPanel);
  model.qkvStride = padTo(model.shards.qkvOutputs, kPanel);
  model.headPadded = padTo(config.headDim, kTileK);
  model.logitsStride = model.shards.vocabPanels * kPanel;
  model.frequencies = ropeFrequencies(config);
  model.config = std::move(config);
  return model;
}

namespace {

std::size_t headStride(const CpuModel& model) {
  return roundUp(model.kernels->kvHeadBytes(model.config.headDim, model.cacheDtype), 64);
}

}  // namespace

std::size_t cacheBlockBytes(const CpuModel& model) {
  return headStride(model) * static_cast<std::size_t>(model.shards.kvHeads) *
         static_cast<std::size_t>(model.config.layers);
}

CpuRank::CpuRank(const CpuModel& model, int rank, int threads, WeightDtype dtype, int blocks)
    : model_(model), rank_(rank), threads_(threads), dtype_(dtype) {
  scratch_.resize(static_cast<std::size_t>(threads));
  Arena weights(nullptr);
  layout_ = layOutRank(model.config, model.shards, rank, *model.kernels, dtype, weights);
  weightBytes_ = weights.used();
  Arena steps(nullptr);
  layOutSteps(steps);
  stepBytes_ = steps.used();
  cache_.headStride = headStride(model);
  cache_.layerStride = cache_.headStride * static_cast<std::size_t>(model.shards.kvHeads);
  cache_.blockStride = cacheBlockBytes(model);
  cache_.dtype = model.cacheDtype;
  cacheBytes_ = cache_.blockStride * static_cast<std::size_t>(blocks);
}

void CpuRank::allocate() {
  weightMemory_ = HugeBuffer(weightBytes_, "weights");
  Arena weights(weightMemory_.bytes());
  layout_ = layOutRank(model_.config, model_.shards, rank_, *model_.kernels, dtype_, weights);
  stepMemory_ = HugeBuffer(stepBytes_, "the buffers of a step");
  Arena steps(stepMemory_.bytes());
  layOutSteps(steps);
  cacheMemory_ = HugeBuffer(cacheBytes_, "the key-value cache");
  cache_.pool = cacheMemory_.bytes();
}

void CpuRank::layOutSteps(Arena& arena) {
  const Kernels& kernels = *model_.kernels;
  const Shards& shards = model_.shards;
  const int rows = model_.rowsMax;
  const std::size_t count = static_cast<std::size_t>(rows);
  const int hidden = padTo(model_.config.hidden, kTileK);
  const auto activations = [&](int k) {
    // The layout depends on the number of rows, and fewer rows need less.
    return Buffer{arena.take<std::uint8_t>(kernels.activationBytes(rows, k))};
  };
  const auto floats = [&](std::size_t width) { return arena.take<float>(count * width); };
  const auto bytesOf = [](float* at) { return Buffer{reinterpret_cast<std::uint8_t*>(at)}; };
  buffers_.residual = bytesOf(floats(static_cast<std::size_t>(model_.width)));
  buffers_.qkv = bytesOf(floats(static_cast<std::size_t>(model_.qkvStride)));
  buffers_.normed = activations(hidden);
  buffers_.attended = activations(shards.attentionK);
  buffers_.gated = activations(shards.intermediate);
  buffers_.queries =
      Buffer{arena.take<std::uint8_t>(kernels.queryBytes(rows, shards.heads, model_.headPadded))};
  cosines_ = floats(model_.frequencies.size());
  sines_ = floats(model_.frequencies.size());
  const int group = shards.heads / shards.kvHeads;
  const int kMax = std::max({hidden, shards.attentionK, shards.intermediate});
  const std::size_t scratch = std::max(kernels.gemmScratchBytes(rows, kMax),
                                       kernels.attentionScratchBytes(group, model_.headPadded));
  // Apart by a page each: threads' scratch shares no line and no prefetch.
  for (std::uint8_t*& of : scratch_) of = arena.take<std::uint8_t>(roundUp(scratch, 4096) + 4096);
}

}  // namespace signalbox
