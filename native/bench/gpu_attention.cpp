// A runner's memory, plans and launches, for a few layers and without weights.
#include "bench/gpu_attention.h"

#include <algorithm>
#include <cstring>

#include "model/cuda_ops.h"

namespace signalbox::bench {

namespace {

constexpr int kSteps = 20;
/// Of a step that fills the cache.
constexpr int kFillRows = 2048;

/// What CudaRunner has of a model, without its weights.
class Layers {
 public:
  Layers(Gpu& gpu, ModelConfig config, KvDtype cache, int batch, int context)
      : gpu_(gpu),
        batch_(batch),
        each_((context + kBlockTokens - 1) / kBlockTokens),
        rowsMax_(std::max(batch, std::min(kFillRows, context))),
        model_(cudaModelOf(std::move(config), cache, WeightDtype::kBf16, rowsMax_, rowsMax_,
                           each_ * kBlockTokens)),
        step_({.rowsMax = rowsMax_,
               .logitRowsMax = rowsMax_,
               .vocab = model_.config.vocab,
               .blocks = batch * each_,
               .positions = each_ * kBlockTokens,
               .group = model_.config.heads / model_.config.kvHeads,
               .itemsMax = model_.itemsMax,
               .windows = {0},
               .frequencies = ropeFrequencies(model_.config)}),
        places_(model_, step_.bytesMax()),
        kernels_(findKernels(gpu.library, model_)),
        memory_(gpu.device, "steps", places_.bytes),
        cache_(gpu.device, "the key-value cache", static_cast<std::size_t>(batch * each_) *
                                                      blockBytes()),
        inputs_(gpu.device, step_.bytesMax(), "the inputs of a step"),
        stream_(gpu.device),
        rank_{model_, kernels_, places_, memory_, layout()},
        buffers_(CudaOps::buffersOf(rank_)) {
    stream_.fill(cache_.address(), 0, cache_.size());
    stream_.fill(memory_.address(places_.tickets), 0, places_.ticketBytes);
    fillQkv();
  }

  /// Every sequence's cache from its beginning to `context` tokens.
  void fillCache(int context) {
    for (int sequence = 0; sequence < batch_; ++sequence) {
      for (int done = 0; done < context; done += rowsMax_) {
        prepare(sequence, 1, std::min(rowsMax_, context - done), done);
        append();
        finish();
      }
    }
  }

  /// The next token of every sequence, at `position`.
  void prepareDecode(int position) { prepare(0, batch_, 1, position); }

  void append() {
    CudaOps ops(rank_, step_, stream_);
    for (int layer = 0; layer < model_.config.layers; ++layer) {
      ops.ropeAppend(layer, weights_, buffers_.qkv, buffers_.queries);
    }
  }
  void attend() {
    CudaOps ops(rank_, step_, stream_);
    for (int layer = 0; layer < model_.config.layers; ++layer) {
      ops.attention(layer, 0, buffers_.queries, buffers_.attended);
    }
  }
  cuda::OrderedStream& stream() { return stream_; }

 private:
  std::size_t blockBytes() const {
    return kvBlockHeadBytes(model_.headPadded, model_.cacheDtype) *
           static_cast<std::size_t>(model_.config.kvHeads * model_.config.layers);
  }
  KvLayout layout() const {
    KvLayout cache{};
    cache.pool = cache_.at<std::uint8_t>(0);
    cache.headStride = kvBlockHeadBytes(model_.headPadded, model_.cacheDtype);
    cache.layerStride = cache.headStride * static_cast<std::size_t>(model_.config.kvHeads);
    cache.blockStride = blockBytes();
    cache.dtype = model_.cacheDtype;
    return cache;
  }

  /// Rows of queries, keys and values, as floats: bf16 twice as many have their size.
  void fillQkv() {
    const std::size_t floats =
        static_cast<std::size_t>(rowsMax_) * static_cast<std::size_t>(model_.qkvStride);
    const std::vector<Bf16> drawn = randomBf16(std::min<std::size_t>(floats, 1 << 20), 2, 3);
    std::vector<float> values(drawn.size());
    std::transform(drawn.begin(), drawn.end(), values.begin(), bf16ToFloat);
    fillWith(gpu_, stream_, memory_.address(places_.qkv), floats * sizeof(float), values.data(),
             values.size() * sizeof(float));
  }

  /// Plans `rows` tokens of each of `count` sequences, and sends the plan.
  void prepare(int first, int count, int rows, int position) {
    blocks_.clear();
    tokens_.assign(static_cast<std::size_t>(count * rows), 1);
    sequences_.clear();
    for (BlockId block = 0; block < batch_ * each_; ++block) blocks_.push_back(block);
    for (int i = 0; i < count; ++i) {
      const auto begin = static_cast<std::size_t>((first + i) * each_);
      sequences_.push_back(
          {i * rows, rows, position,
           std::span(blocks_).subspan(begin, static_cast<std::size_t>(each_))});
    }
    plan_ = {++number_, tokens_, sequences_, {}};
    const std::size_t bytes = step_.build(plan_, inputs_.bytes());
    stream_.copyIn(memory_.address(places_.inputs), inputs_.bytes(), bytes);
    finish();
  }
  void finish() {
    cuda::Mark end(gpu_.device);
    end.record(stream_);
    waitFor(gpu_, end);
  }

  Gpu& gpu_;
  const int batch_;
  const int each_;  // blocks of a sequence
  const int rowsMax_;
  const CudaModel model_;
  CudaStep step_;
  const CudaPlaces places_;
  const CudaKernels kernels_;
  const cuda::DeviceMemory memory_;
  const cuda::DeviceMemory cache_;
  const cuda::PinnedMemory inputs_;
  cuda::OrderedStream stream_;
  const CudaRank rank_;
  const StepBuffers buffers_;
  const LayerWeights weights_;  // no norms of heads
  std::vector<BlockId> blocks_;
  std::vector<TokenId> tokens_;
  std::vector<StepSequence> sequences_;
  StepPlan plan_{};
  std::uint64_t number_ = 0;
};

}  // namespace

void measureAttention(Gpu& gpu, const Json& request, Answer& answer) {
  ModelConfig config = configOf(request);
  const int batch = countOf(request, "batch", 32, 1);
  const int context = countOf(request, "context", 2048, 1);
  const int layers = countOf(request, "layers", 4, 1);
  config.layers = layers;
  config.slidingWindow.assign(static_cast<std::size_t>(layers), 0);
  const KvDtype cache = cacheOf(request);
  answer.text("name", textOf(request, "name", ""))
      .text("cache", std::string(nameOf(cache)))
      .number("batch", batch)
      .number("context", context)
      .number("layers", layers);
  Layers rig(gpu, std::move(config), cache, batch, context);
  rig.fillCache(context);
  rig.prepareDecode(context - 1);
  const auto perLayer = [&](std::vector<double> seconds) {
    for (double& value : seconds) value /= layers;
    return seconds;
  };
  const std::vector<double> append =
      perLayer(timesOf(gpu, rig.stream(), kSteps, [&] { rig.append(); }));
  const std::vector<double> attend =
      perLayer(timesOf(gpu, rig.stream(), kSteps, [&] { rig.attend(); }));
  answer.number("appendSeconds", medianOf(append))
      .times(attend, "tokensPerSecond", batch);
}

}  // namespace signalbox::bench
