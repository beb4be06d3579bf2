// Places of weights, and the rows that fill them.
#include "model/cpu_weights.h"

#include <algorithm>

namespace signalbox {

namespace {

class Layout {
 public:
  Layout(const Kernels& kernels, Arena& arena, RankLayout& out)
      : kernels_(kernels), arena_(arena), out_(out) {}

  /// `replicatedOutputs` of the outputs are held by other ranks too. Of a row-parallel product only
  /// the weights are cut; scales and bias are whole on every rank.
  LinearWeights linear(int outputs, int k, int segments, WeightDtype dtype, bool bias,
                       int replicatedOutputs, bool rowParallel) {
    LinearWeights w;
    w.dtype = dtype;
    w.panels = padTo(outputs, kPanel) / kPanel;
    w.k = k;
    w.segments = segments;
    const std::size_t padded = static_cast<std::size_t>(w.panels) * kPanel;
    const std::size_t panel = kernels_.panelBytes(k, dtype);
    w.weights = arena_.take<std::uint8_t>(static_cast<std::size_t>(w.panels) * panel);
    if (dtype == WeightDtype::kFp8) w.scales = arena_.take<float>(padded);
    if (bias) w.bias = arena_.take<float>(padded);
    const std::uint64_t perOutput = panel / kPanel;
    const std::uint64_t vectors =
        sizeof(float) * ((dtype == WeightDtype::kFp8 ? 1u : 0u) + (bias ? 1u : 0u));
    const std::uint64_t replicated = static_cast<std::uint64_t>(replicatedOutputs);
    out_.sharded += (padded - replicated) * (perOutput + (rowParallel ? 0 : vectors));
    out_.replicated += replicated * perOutput + (rowParallel ? padded : replicated) * vectors;
    return w;
  }

  float* replicatedVector(int count) {
    out_.replicated += static_cast<std::uint64_t>(count) * sizeof(float);
    return arena_.take<float>(static_cast<std::size_t>(count));
  }

  Bf16* rows(int count, int columns) {
    const std::size_t elements =
        static_cast<std::size_t>(count) * static_cast<std::size_t>(columns);
    out_.sharded += elements * sizeof(Bf16);
    return arena_.take<Bf16>(elements);
  }

 private:
  const Kernels& kernels_;
  Arena& arena_;
  RankLayout& out_;
};

/// Rows of the vocabulary on `rank`: the first, and how many.
RowPiece vocabularyRows(const TensorEntry* tensor, const ModelConfig& config, const Shards& shards,
                        int rank) {
  const int first = shards.firstPanel(rank) * kPanel;
  const int end = std::min(shards.firstPanel(rank + 1) * kPanel, config.vocab);
  return {tensor, first, std::max(end - first, 0)};
}

}  // namespace

RankLayout layOutRank(const ModelConfig& config, const Shards& shards, int rank,
                      const Kernels& kernels, WeightDtype dtype, Arena& arena) {
  RankLayout out;
  Layout layout(kernels, arena, out);
  const int hidden = padTo(config.hidden, kTileK);
  const bool copy = rank % shards.kvReplicas != 0;
  const int copiedOutputs = copy ? 2 * shards.kvHeads * config.headDim : 0;
  if (!config.tiedEmbeddings) {
    out.weights.embedding.rows =
        layout.rows(vocabularyRows(nullptr, config, shards, rank).rows, config.hidden);
  }
  for (int i = 0; i < config.layers; ++i) {
    LayerWeights w;
    w.attentionNorm = layout.replicatedVector(hidden);
    w.qkv =
        layout.linear(shards.qkvOutputs, hidden, 1, dtype, config.qkvBias, copiedOutputs, false);
    if (config.qkNorm) {
      w.queryNorm = layout.replicatedVector(config.headDim);
      w.keyNorm = layout.replicatedVector(config.headDim);
    }
    w.output = layout.linear(config.hidden, shards.attentionK, shards.outputSegments, dtype,
                             config.outputBias, 0, true);
    w.mlpNorm = layout.replicatedVector(hidden);
    w.gateUp = layout.linear(2 * shards.intermediate, hidden, 1, dtype, config.mlpBias, 0, false);
    w.down = layout.linear(config.hidden, shards.intermediate, shards.downSegments, dtype,
                           config.mlpBias, 0, true);
    out.weights.layers.push_back(w);
  }
  out.weights.finalNorm = layout.replicatedVector(hidden);
  const int panels = shards.firstPanel(rank + 1) - shards.firstPanel(rank);
  out.weights.head =
      layout.linear(panels * kPanel, hidden, 1, WeightDtype::kBf16, false, 0, false);
  return out;
}

namespace {

/// The fused query, key and value heads of one rank.
void planQkv(const ModelConfig& config, const LayerTensors& t, const Shards& shards, int rank,
             const LinearWeights& to, PackPlan& plan) {
  const int queries = shards.heads * config.headDim;
  const int keys = shards.kvHeads * config.headDim;
  const int firstQuery = rank * queries;
  const int firstKey = shards.firstKvHead(rank, config) * config.headDim;
  plan.streams.push_back({.pieces = {{t.query, firstQuery, queries},
                                     {t.key, firstKey, keys},
                                     {t.value, firstKey, keys}},
                          .columns = config.hidden,
                          .dtype = to.dtype,
                          .targets = {{to, 0, config.hidden}}});
  if (to.bias == nullptr) return;
  plan.vectors.push_back({t.queryBias, firstQuery, queries, to.bias});
  plan.vectors.push_back({t.keyBias, firstKey, keys, to.bias + queries});
  plan.vectors.push_back({t.valueBias, firstKey, keys, to.bias + queries + keys});
}

/// Gate panels at even places, up panels at odd ones. Rows beyond the model's stay zero.
void planGateUp(const ModelConfig& config, const LayerTensors& t, const Shards& shards, int rank,
                const LinearWeights& to, PackPlan& plan) {
  const int first = rank * shards.intermediate;
  const int rows = std::min(shards.intermediate, config.intermediate - first);
  for (int odd = 0; odd < 2; ++odd) {
    plan.streams.push_back({.pieces = {{odd == 0 ? t.gate : t.up, first, rows}},
                            .columns = config.hidden,
                            .dtype = to.dtype,
                            .panelFirst = odd,
                            .panelStep = 2,
                            .targets = {{to, 0, config.hidden}}});
    if (to.bias == nullptr) continue;
    plan.vectors.push_back(
        {odd == 0 ? t.gateBias : t.upBias, first, rows, to.bias + odd * kPanel, 2});
  }
}

using LinearOf = const LinearWeights& (*)(const LayerWeights&);

/// A row-parallel product: all rows, each rank's columns.
void planRowParallel(const ModelConfig& config, const TensorEntry* tensor, const TensorEntry* bias,
                     int columns, int layer, const std::vector<RankLayout>& ranks, LinearOf of,
                     PackPlan& plan) {
  PackStream stream{.pieces = {{tensor, 0, config.hidden}}, .columns = columns, .targets = {}};
  int first = 0;
  for (const RankLayout& rank : ranks) {
    const LinearWeights& to = of(rank.weights.layers[static_cast<std::size_t>(layer)]);
    stream.dtype = to.dtype;
    stream.targets.push_back({to, first, std::min(to.k, columns - first)});
    first += to.k;
    if (to.bias != nullptr) plan.vectors.push_back({bias, 0, config.hidden, to.bias});
  }
  plan.streams.push_back(std::move(stream));
}

}  // namespace

PackPlan packPlanOf(const ModelConfig& config, const ModelTensors& tensors, const Shards& shards,
                    const std::vector<RankLayout>& ranks) {
  PackPlan plan;
  for (int i = 0; i < config.layers; ++i) {
    const LayerTensors& t = tensors.layers[static_cast<std::size_t>(i)];
    for (int rank = 0; rank < shards.ranks; ++rank) {
      const LayerWeights& w =
          ranks[static_cast<std::size_t>(rank)].weights.layers[static_cast<std::size_t>(i)];
      planQkv(config, t, shards, rank, w.qkv, plan);
      planGateUp(config, t, shards, rank, w.gateUp, plan);
      plan.vectors.push_back({t.attentionNorm, 0, config.hidden, w.attentionNorm});
      plan.vectors.push_back({t.mlpNorm, 0, config.hidden, w.mlpNorm});
      if (!config.qkNorm) continue;
      plan.vectors.push_back({t.queryNorm, 0, config.headDim, w.queryNorm});
      plan.vectors.push_back({t.keyNorm, 0, config.headDim, w.keyNorm});
    }
    planRowParallel(config, t.output, t.outputBias, config.heads * config.headDim, i, ranks,
                    [](const LayerWeights& w) -> const LinearWeights& { return w.output; }, plan);
    planRowParallel(config, t.down, t.downBias, config.intermediate, i, ranks,
                    [](const LayerWeights& w) -> const LinearWeights& { return w.down; }, plan);
  }
  const TensorEntry* const head = tensors.head != nullptr ? tensors.head : tensors.embedding;
  for (int rank = 0; rank < shards.ranks; ++rank) {
    const RankWeights& w = ranks[static_cast<std::size_t>(rank)].weights;
    plan.vectors.push_back({tensors.finalNorm, 0, config.hidden, w.finalNorm});
    plan.streams.push_back({.pieces = {vocabularyRows(head, config, shards, rank)},
                            .columns = config.hidden,
                            .targets = {{w.head, 0, config.hidden}}});
    if (w.embedding.rows == nullptr) continue;
    plan.streams.push_back({.pieces = {vocabularyRows(tensors.embedding, config, shards, rank)},
                            .columns = config.hidden,
                            .targets = {},
                            .rowsTo = w.embedding.rows});
  }
  return plan;
}

}  // namespace signalbox
