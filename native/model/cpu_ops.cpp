// Kernels over slices. What bounds a step is reading the weights once (few rows) or the products
// (many), so each product's chunks are as large as its kernel likes and the next one is named
// early.
#include "model/cpu_ops.h"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace signalbox {

namespace {

float* floats(Buffer buffer) { return reinterpret_cast<float*>(buffer.bytes); }

}  // namespace

CpuOps::CpuOps(const CpuModel& model, const CpuRank& rank, const CpuStep& step, TeamMember& member,
               AllReduce* exchange, float* logits, StepClock* clock)
    : model_(model),
      kernels_(*model.kernels),
      rank_(rank),
      step_(step),
      member_(member),
      exchange_(exchange),
      logits_(logits),
      clock_(clock) {}

void CpuOps::embedRow(const RankWeights& weights, int row, float* to) const {
  const int hidden = model_.config.hidden;
  const int first = model_.shards.firstPanel(rank_.rank_) * kPanel;
  const int index = step_.tokens()[static_cast<std::size_t>(row)] - first;
  if (weights.embedding.rows == nullptr) {
    const LinearWeights& head = weights.head;
    const std::size_t panel = kernels_.panelBytes(head.k, head.dtype);
    kernels_.unpackOutput(head.weights + static_cast<std::size_t>(index / kPanel) * panel, index,
                          hidden, head.dtype, nullptr, to);
    return;
  }
  const Bf16* const from = weights.embedding.rows +
                           static_cast<std::size_t>(index) * static_cast<std::size_t>(hidden);
  for (int i = 0; i < hidden; ++i) to[i] = bf16ToFloat(from[i]);
}

void CpuOps::embed(const RankWeights& weights, Buffer x) {
  const Timed timed(clock_, OpKind::kEmbed);
  const std::size_t width = static_cast<std::size_t>(model_.width);
  if (exchange_ == nullptr) {
    member_.forEach(step_.rows(), "embedding", [&](int row) {
      embedRow(weights, row, floats(x) + static_cast<std::size_t>(row) * width);
    });
    return;
  }
  // The owner's row is copied, not summed with zeros: the bits are the table's.
  const std::uint32_t number = ++exchanges_;
  const auto ownerOf = [&](int row) {
    return model_.shards.ownerOf(step_.tokens()[static_cast<std::size_t>(row)]);
  };
  float* const own = exchange_->share(rank_.rank_, number);
  member_.forEach(step_.rows(), "embedding", [&](int row) {
    if (ownerOf(row) != rank_.rank_) return;
    embedRow(weights, row, own + static_cast<std::size_t>(row) * width);
  });
  exchange_->meet(member_, number);
  member_.forEach(step_.rows(), "embedding, copy", [&](int row) {
    const std::size_t at = static_cast<std::size_t>(row) * width;
    std::memcpy(floats(x) + at, exchange_->share(ownerOf(row), number) + at,
                static_cast<std::size_t>(model_.config.hidden) * sizeof(float));
  });
}

void CpuOps::rotations() {
  const Timed timed(clock_, OpKind::kRotations);
  const std::size_t half = model_.frequencies.size();
  member_.forEach(step_.rows(), "rotations", [&](int row) {
    const float position = static_cast<float>(step_.positions()[static_cast<std::size_t>(row)]);
    const std::size_t at = static_cast<std::size_t>(row) * half;
    for (std::size_t i = 0; i < half; ++i) {
      // The angle is rounded to float, as transformers rounds it.
      const float angle = position * model_.frequencies[i];
      rank_.cosines_[at + i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      rank_.sines_[at + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
  });
}

RmsNormParams CpuOps::normParams(Buffer x, const float* weight, Buffer normed, int rows) const {
  return {.x = floats(x),
          .stride = static_cast<std::size_t>(model_.width),
          .weight = weight,
          .hidden = model_.config.hidden,
          .eps = model_.config.normEps,
          .activations = normed.bytes,
          .rows = rows};
}

void CpuOps::rmsNorm(Buffer x, const float* weight, Buffer normed) {
  const Timed timed(clock_, OpKind::kNorm);
  const RmsNormParams params = normParams(x, weight, normed, step_.rows());
  member_.forEach(params.rows, "norm", [&](int row) { kernels_.rmsNorm(params, row, row); });
}

void CpuOps::product(const LinearWeights& weights, GemmParams params, const char* what) {
  params.weights = weights.weights;
  params.dtype = weights.dtype;
  params.scales = weights.scales;
  params.panels = weights.panels;
  params.k = weights.k;
  params.segments = weights.segments;
  const int take = kernels_.gemmPanels(params.rows, params.k);
  const std::size_t panelBytes = kernels_.panelBytes(params.k, params.dtype);
  std::uint8_t* const scratch = rank_.scratch_[static_cast<std::size_t>(member_.thread())];
  const int chunks = (params.panels + take - 1) / take;
  member_.forEach(chunks, what, [&](int chunk) {
    const int first = chunk * take;
    // Threads take chunks in turn, so this is the likeliest one to be this thread's next.
    const int next = first + take * rank_.threads_;
    const int nextCount = std::clamp(params.panels - next, 0, take);
    kernels_.gemm(params, first, std::min(take, params.panels - first), scratch,
                  nextCount == 0
                      ? nullptr
                      : params.weights + static_cast<std::size_t>(next) * panelBytes,
                  static_cast<std::size_t>(nextCount) * panelBytes);
  });
}

void CpuOps::linear(const LinearWeights& weights, Buffer activations, Buffer out) {
  const Timed timed(clock_, OpKind::kQkv);
  GemmParams params{};
  params.bias = weights.bias;
  params.activations = activations.bytes;
  params.rows = step_.rows();
  params.epilogue = Epilogue::kStore;
  params.out = floats(out);
  params.outStride = static_cast<std::size_t>(weights.panels) * kPanel;
  product(weights, params, "linear");
}

void CpuOps::linearGated(const LinearWeights& weights, Buffer activations, Buffer gated) {
  const Timed timed(clock_, OpKind::kGateUp);
  GemmParams params{};
  params.bias = weights.bias;
  params.activations = activations.bytes;
  params.rows = step_.rows();
  params.epilogue = Epilogue::kSiluMul;
  params.activationsOut = gated.bytes;
  product(weights, params, "linear, gated");
}

void CpuOps::linearPartial(const LinearWeights& weights, Buffer activations, Buffer x) {
  const bool down = activations.bytes == rank_.buffers_.gated.bytes;
  const Timed timed(clock_, down ? OpKind::kDown : OpKind::kOutput);
  GemmParams params{};
  params.activations = activations.bytes;
  params.rows = step_.rows();
  params.outStride = static_cast<std::size_t>(model_.width);
  if (exchange_ == nullptr) {
    // Alone, the product adds itself to the residual, and allReduceAdd has nothing left to do.
    params.bias = weights.bias;
    params.epilogue = Epilogue::kAdd;
    params.out = floats(x);
  } else {
    params.epilogue = Epilogue::kStore;
    params.out = exchange_->share(rank_.rank_, ++exchanges_);
  }
  product(weights, params, "linear, partial");
}

void CpuOps::allReduceAdd(const LinearWeights& weights, Buffer x) {
  if (exchange_ == nullptr) return;
  const Timed timed(clock_, OpKind::kAllReduce);
  SIGNALBOX_CHECK(floats(x) == rank_.residual(), "sums go to the residual");
  exchange_->add(member_, exchanges_, step_.rows(), weights.bias);
}

void CpuOps::ropeAppend(int layer, const LayerWeights& weights, Buffer qkv, Buffer queries) {
  const Timed timed(clock_, OpKind::kRope);
  const RopeAppendParams params{.qkv = floats(qkv),
                                .stride = static_cast<std::size_t>(model_.qkvStride),
                                .heads = model_.shards.heads,
                                .kvHeads = model_.shards.kvHeads,
                                .headDim = model_.config.headDim,
                                .headDimPadded = model_.headPadded,
                                .cosines = rank_.cosines_,
                                .sines = rank_.sines_,
                                .queryNorm = weights.queryNorm,
                                .keyNorm = weights.keyNorm,
                                .normEps = model_.config.normEps,
                                .queries = queries.bytes,
                                .cache = rank_.cache_,
                                .layer = layer};
  const int heads = params.kvHeads;
  const std::span<const RowRun> runs = step_.runs();
  member_.forEach(static_cast<int>(runs.size()) * heads, "rotation", [&](int index) {
    kernels_.ropeAppend(params, runs[static_cast<std::size_t>(index / heads)], index % heads);
  });
}

void CpuOps::attention(int layer, int window, Buffer queries, Buffer attended) {
  const Timed timed(clock_, OpKind::kAttention);
  const double headDim = model_.config.headDim;
  const AttentionParams params{.queries = queries.bytes,
                               .heads = model_.shards.heads,
                               .kvHeads = model_.shards.kvHeads,
                               .headDim = model_.config.headDim,
                               .headDimPadded = model_.headPadded,
                               .scale = static_cast<float>(1 / std::sqrt(headDim)),
                               .window = window,
                               .cache = rank_.cache_,
                               .layer = layer,
                               .activations = attended.bytes,
                               .rows = step_.rows()};
  std::uint8_t* const scratch = rank_.scratch_[static_cast<std::size_t>(member_.thread())];
  const int heads = params.kvHeads;
  const std::span<const AttentionTile> tiles = step_.tiles();
  const int last = static_cast<int>(tiles.size()) - 1;
  // A prompt's last tiles see the most: begun first, they do not end last.
  member_.forEach((last + 1) * heads, "attention", [&](int index) {
    kernels_.attention(params, tiles[static_cast<std::size_t>(last - index / heads)],
                       index % heads, scratch);
  });
}

void CpuOps::logits(const RankWeights& weights, Buffer x, Buffer normed) {
  const Timed timed(clock_, OpKind::kHead);
  const std::span<const int> rows = step_.logitRows();
  if (rows.empty()) return;
  const RmsNormParams norm =
      normParams(x, weights.finalNorm, normed, static_cast<int>(rows.size()));
  member_.forEach(norm.rows, "final norm", [&](int row) {
    kernels_.rmsNorm(norm, rows[static_cast<std::size_t>(row)], row);
  });
  GemmParams params{};
  params.activations = normed.bytes;
  params.rows = norm.rows;
  params.epilogue = Epilogue::kStore;
  params.out = logits_ + model_.shards.firstPanel(rank_.rank_) * kPanel;
  params.outStride = static_cast<std::size_t>(model_.logitsStride);
  product(weights.head, params, "head");
}

}  // namespace signalbox
