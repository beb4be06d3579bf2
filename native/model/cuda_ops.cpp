// One launch an operation.
#include "model/cuda_ops.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "core/error.h"

namespace signalbox {

namespace {

/// Memory for the partial results of one launch of attention; a longer one is cut.
constexpr std::size_t kPartialBytes = std::size_t{64} << 20;

std::size_t area(int a, int b) {
  return static_cast<std::size_t>(a) * static_cast<std::size_t>(b);
}

template <class T>
T* as(Buffer buffer) {
  return reinterpret_cast<T*>(buffer.bytes);
}

std::size_t partialBytes(const CudaModel& model) {
  return area(model.attentionGridY, kQueryRows) *
         static_cast<std::size_t>(model.headPadded + 2) * sizeof(float);
}

int sharedBytesOf(int headPadded, KvDtype dtype) {
  const auto of = [dtype](auto dim) {
    constexpr int kDim = decltype(dim)::value;
    return dtype == KvDtype::kFp8 ? AttentionShape<kDim, KvDtype::kFp8>::kSharedBytes
                                  : AttentionShape<kDim, KvDtype::kBf16>::kSharedBytes;
  };
  switch (headPadded) {
    case 32: return of(std::integral_constant<int, 32>{});
    case 64: return of(std::integral_constant<int, 64>{});
    case 96: return of(std::integral_constant<int, 96>{});
    case 128: return of(std::integral_constant<int, 128>{});
    case 256: return of(std::integral_constant<int, 256>{});
    default: return 0;
  }
}

/// A template argument as the C++ ABI writes it.
template <class Enum>
std::string argument(const char* type, Enum value) {
  return "LNS_" + std::to_string(std::char_traits<char>::length(type)) + type + "E" +
         std::to_string(static_cast<int>(value)) + "E";
}
std::string argument(int value) { return "Li" + std::to_string(value) + "E"; }

}  // namespace

CudaModel cudaModelOf(ModelConfig config, KvDtype cache, WeightDtype weights, int rowsMax,
                      int logitRowsMax, int positions) {
  const auto refuse = [](const std::string& why) {
    throw EngineError(ErrorCode::kUnsupportedModel, "the CUDA kernels do not take " + why);
  };
  CudaModel model{};
  model.shards = shardsOf(config, 1);
  model.headPadded = padTo(config.headDim, kTileK);
  if (sharedBytesOf(model.headPadded, cache) == 0) {
    refuse("heads of " + std::to_string(config.headDim) +
           " dimensions: up to 128, or more than 224 up to 256, are possible");
  }
  const int attended = config.heads * config.headDim;
  if (config.hidden % 8 != 0 || attended % 8 != 0) {
    refuse("rows of " + std::to_string(config.hidden % 8 != 0 ? config.hidden : attended) +
           " activations: multiples of 8 are possible");
  }
  const int group = config.heads / config.kvHeads;
  model.cacheDtype = cache;
  model.weights = weights;
  model.rowsMax = rowsMax;
  model.logitRowsMax = logitRowsMax;
  model.qkvStride = padTo(model.shards.qkvOutputs, kPanel);
  model.logitsStride = model.shards.vocabPanels * kPanel;
  model.attentionGridY = config.kvHeads * headTiles(group);
  const int segments = positions / kSegmentTokens + 1;
  model.itemsMax = static_cast<int>(kPartialBytes / partialBytes(model));
  model.itemsMax = std::clamp(rowsMax * segments, segments, std::max(segments, model.itemsMax));
  model.config = std::move(config);
  return model;
}

CudaKernels findKernels(cuda::KernelLibrary& library, const CudaModel& model) {
  CudaKernels kernels;
  kernels.embed = library.find<EmbedParams>(
      "rows", cuda::kernelSymbol("embedRows", "EmbedParams"), "embedRows");
  kernels.norm = library.find<ResidualNormParams>(
      "rows", cuda::kernelSymbol("residualNorm", "ResidualNormParams"), "residualNorm");
  kernels.append = library.find<RopeAppendLaunch>(
      "rope_append", cuda::kernelSymbol("ropeAppendRuns", "RopeAppendLaunch"), "ropeAppendRuns");
  kernels.attentionSharedBytes = sharedBytesOf(model.headPadded, model.cacheDtype);
  kernels.attention = library.find<PagedAttentionParams>(
      "attention",
      cuda::kernelSymbol("pagedAttention",
                         argument(model.headPadded) + argument("KvDtype", model.cacheDtype),
                         "PagedAttentionParams"),
      "pagedAttention", kernels.attentionSharedBytes);
  for (int i = 0; i < 4; ++i) {
    for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
      // The head stays bf16 whatever the layers are.
      if (dtype == WeightDtype::kFp8 && model.weights != dtype) continue;
      kernels.product[static_cast<std::size_t>(i)][static_cast<std::size_t>(dtype)] =
          library.find<WeightProductParams>(
              "product",
              cuda::kernelSymbol("weightProduct",
                                 argument(1 << i) + argument("WeightDtype", dtype),
                                 "WeightProductParams"),
              "weightProduct", productLaunch(8 << i, kProductPanels, dtype).sharedBytes);
    }
  }
  return kernels;
}

CudaPlaces::CudaPlaces(const CudaModel& model, std::size_t inputBytes) {
  const ModelConfig& config = model.config;
  const int rows = model.rowsMax;
  cuda::Places places;
  residual = places.take(area(rows, config.hidden), sizeof(float));
  share = places.take(area(rows, config.hidden), sizeof(float));
  normed = places.take(area(rows, config.hidden), sizeof(Bf16));
  qkv = places.take(area(rows, model.qkvStride), sizeof(float));
  queries = places.take(area(rows, config.heads * model.headPadded), sizeof(Bf16));
  attended = places.take(area(rows, config.heads * config.headDim), sizeof(Bf16));
  gated = places.take(area(rows, model.shards.intermediate), sizeof(Bf16));
  gathered = places.take(area(model.logitRowsMax, config.hidden), sizeof(Bf16));
  partials = places.take(static_cast<std::size_t>(model.itemsMax), partialBytes(model));
  tickets = places.take(area(rows, model.attentionGridY), sizeof(int));
  ticketBytes = area(rows, model.attentionGridY) * sizeof(int);
  inputs = places.take(inputBytes, 1);
  logits = places.take(area(model.logitRowsMax, model.logitsStride), sizeof(float));
  bytes = places.bytes();
}

StepBuffers CudaOps::buffersOf(const CudaRank& rank) {
  const auto at = [&](std::size_t place) { return Buffer{rank.memory.at<std::uint8_t>(place)}; };
  const CudaPlaces& places = rank.places;
  return {.residual = at(places.residual),
          .normed = at(places.normed),
          .qkv = at(places.qkv),
          .queries = at(places.queries),
          .attended = at(places.attended),
          .gated = at(places.gated)};
}

void CudaOps::embed(const RankWeights& weights, Buffer x) {
  rank_.kernels.embed.launch(stream_, {.x = step_.rows(), .y = 1, .threads = kRowThreads},
                             {.table = weights.embedding.rows,
                              .tokens = input<TokenId>(step_.tokensAt()),
                              .x = as<float>(x),
                              .hidden = model_.config.hidden});
}

void CudaOps::rmsNorm(Buffer x, const float* weight, Buffer normed) {
  rank_.kernels.norm.launch(stream_,
                            {.x = step_.rows(),
                             .y = 1,
                             .threads = kRowThreads,
                             .sharedBytes = sizeof(ResidualNormShared)},
                            {.x = as<float>(x),
                             .partials = {at<float>(rank_.places.share)},
                             .ranks = pending_ == nullptr ? 0 : 1,
                             .bias = pending_ == nullptr ? nullptr : pending_->bias,
                             .weight = weight,
                             .normed = as<Bf16>(normed),
                             .hidden = model_.config.hidden,
                             .eps = model_.config.normEps});
  pending_ = nullptr;
}

WeightProductParams CudaOps::productOf(const LinearWeights& weights, const void* activations,
                                       int stride, int rows) const {
  WeightProductParams params{};
  params.weights = weights.weights;
  params.scales = weights.scales;
  params.panels = weights.panels;
  params.k = weights.k;
  params.segments = weights.segments;
  params.activations = static_cast<const Bf16*>(activations);
  params.stride = stride;
  params.rows = rows;
  return params;
}

void CudaOps::launch(const WeightProductParams& params, WeightDtype dtype) const {
  const ProductLaunch how = productLaunch(params.rows, params.panels, dtype);
  std::size_t index = 0;
  while (1 << index < how.rowTiles) ++index;
  rank_.kernels.product[index][static_cast<std::size_t>(dtype)].launch(
      stream_,
      {.x = how.gridX, .y = how.gridY, .threads = kProductThreads, .sharedBytes = how.sharedBytes},
      params);
}

int CudaOps::strideOf(Buffer activations) const {
  const std::uint8_t* const bytes = activations.bytes;
  if (bytes == at<std::uint8_t>(rank_.places.gated)) return model_.shards.intermediate;
  if (bytes == at<std::uint8_t>(rank_.places.attended)) {
    return model_.config.heads * model_.config.headDim;
  }
  return model_.config.hidden;
}

void CudaOps::linear(const LinearWeights& weights, Buffer activations, Buffer out) {
  WeightProductParams params =
      productOf(weights, activations.bytes, strideOf(activations), step_.rows());
  params.bias = weights.bias;
  params.out = as<float>(out);
  params.outStride = weights.panels * kPanel;
  params.outputs = params.outStride;
  launch(params, weights.dtype);
}

void CudaOps::linearGated(const LinearWeights& weights, Buffer activations, Buffer gated) {
  WeightProductParams params =
      productOf(weights, activations.bytes, strideOf(activations), step_.rows());
  params.bias = weights.bias;
  params.gated = as<Bf16>(gated);
  launch(params, weights.dtype);
}

void CudaOps::linearPartial(const LinearWeights& weights, Buffer activations, Buffer x) {
  SIGNALBOX_CHECK(pending_ == nullptr && x.bytes == at<std::uint8_t>(rank_.places.residual),
                  "a share for something else than the residual");
  WeightProductParams params =
      productOf(weights, activations.bytes, strideOf(activations), step_.rows());
  params.out = at<float>(rank_.places.share);
  params.outStride = model_.config.hidden;
  params.outputs = model_.config.hidden;
  launch(params, weights.dtype);
}

void CudaOps::allReduceAdd(const LinearWeights& weights, Buffer) { pending_ = &weights; }

void CudaOps::ropeAppend(int layer, const LayerWeights& weights, Buffer qkv, Buffer queries) {
  const ModelConfig& config = model_.config;
  rank_.kernels.append.launch(
      stream_,
      {.x = step_.runs(),
       .y = config.kvHeads,
       .threads = kAppendThreads,
       .sharedBytes = sizeof(AppendShared)},
      {.params = {.qkv = as<float>(qkv),
                  .stride = static_cast<std::size_t>(model_.qkvStride),
                  .heads = config.heads,
                  .kvHeads = config.kvHeads,
                  .headDim = config.headDim,
                  .headDimPadded = model_.headPadded,
                  .cosines = input<float>(step_.cosinesAt()),
                  .sines = input<float>(step_.sinesAt()),
                  .queryNorm = weights.queryNorm,
                  .keyNorm = weights.keyNorm,
                  .normEps = config.normEps,
                  .queries = queries.bytes,
                  .cache = rank_.cache,
                  .layer = layer},
       .runs = input<RowRun>(step_.runsAt())});
}

void CudaOps::attention(int layer, int window, Buffer queries, Buffer attended) {
  const ModelConfig& config = model_.config;
  PagedAttentionParams params{
      .queries = as<Bf16>(queries),
      .heads = config.heads,
      .kvHeads = config.kvHeads,
      .headDim = config.headDim,
      .scale = static_cast<float>(1 / std::sqrt(static_cast<double>(config.headDim))),
      .window = window,
      .cache = rank_.cache,
      .layer = layer,
      .tables = input<BlockId>(step_.tablesAt()),
      .tiles = input<DeviceTile>(step_.tilesAt()),
      .items = nullptr,
      .partials = at<float>(rank_.places.partials),
      .tickets = at<int>(rank_.places.tickets),
      .attended = as<Bf16>(attended)};
  for (const AttentionPart& part : step_.parts(window)) {
    params.items = input<AttentionItem>(part.at);
    rank_.kernels.attention.launch(stream_,
                                   {.x = part.count,
                                    .y = model_.attentionGridY,
                                    .threads = kAttentionThreads,
                                    .sharedBytes = rank_.kernels.attentionSharedBytes},
                                   params);
  }
}

/// The rows whose logits are wanted, one after the other: where they are, when that is all of them.
const Bf16* CudaOps::gatherRows(Buffer normed) const {
  const std::span<const int> rows = step_.logitRows();
  if (static_cast<int>(rows.size()) == step_.rows()) return as<Bf16>(normed);
  const std::size_t bytes = static_cast<std::size_t>(model_.config.hidden) * sizeof(Bf16);
  for (std::size_t first = 0; first < rows.size();) {
    std::size_t end = first + 1;
    while (end < rows.size() && rows[end] == rows[end - 1] + 1) ++end;
    const std::size_t from = rank_.places.normed + static_cast<std::size_t>(rows[first]) * bytes;
    stream_.copyWithin(rank_.memory.address(rank_.places.gathered + first * bytes),
                       rank_.memory.address(from), (end - first) * bytes);
    first = end;
  }
  return at<Bf16>(rank_.places.gathered);
}

void CudaOps::logits(const RankWeights& weights, Buffer x, Buffer normed) {
  const std::span<const int> rows = step_.logitRows();
  if (rows.empty()) return;
  rmsNorm(x, weights.finalNorm, normed);
  WeightProductParams params = productOf(weights.head, gatherRows(normed), model_.config.hidden,
                                         static_cast<int>(rows.size()));
  params.out = at<float>(rank_.places.logits);
  params.outStride = model_.logitsStride;
  params.outputs = model_.logitsStride;
  launch(params, weights.head.dtype);
}

}  // namespace signalbox
