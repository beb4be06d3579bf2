// Plans written down for kernels.
#include "model/cuda_step.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include "core/error.h"

namespace signalbox {

namespace {

/// No kernel loads more than 16 bytes at once.
constexpr std::size_t kAlignment = 16;

std::size_t blocksOf(int positions) {
  return static_cast<std::size_t>((positions + kBlockTokens - 1) / kBlockTokens);
}

}  // namespace

CudaStep::CudaStep(const CudaStepLimits& limits)
    : limits_(limits),
      step_({.rowsMax = limits.rowsMax,
             .logitRowsMax = limits.logitRowsMax,
             .vocab = limits.vocab,
             .blocks = limits.blocks,
             .tilePositions = tilePositions(limits.group)}),
      rotations_(static_cast<std::size_t>(limits.positions) * 2 * limits.frequencies.size() *
                     sizeof(float),
                 "rotations"),
      areRotations_(static_cast<std::size_t>(limits.positions)),
      parts_(limits.windows.size()) {
  const std::size_t rows = static_cast<std::size_t>(limits.rowsMax);
  const std::size_t segments =
      static_cast<std::size_t>(limits.positions / kSegmentTokens + 1);
  tiles_.reserve(rows);
  for (std::vector<AttentionPart>& parts : parts_) parts.reserve(rows);
  const auto count = [&](std::size_t bytes) { bytesMax_ += roundUp(bytes, kAlignment); };
  count(rows * sizeof(TokenId));
  count(rows * sizeof(RowRun));
  count(rows * sizeof(DeviceTile));
  count(rows * blocksOf(limits.positions) * sizeof(BlockId));
  for (std::size_t i = 0; i < 2; ++i) count(rows * limits.frequencies.size() * sizeof(float));
  for (std::size_t i = 0; i < limits.windows.size(); ++i) {
    count(rows * segments * sizeof(AttentionItem));
  }
}

template <class T>
T* CudaStep::take(std::size_t count, std::size_t& at) {
  at = roundUp(used_, kAlignment);
  used_ = at + count * sizeof(T);
  SIGNALBOX_CHECK(used_ <= bytesMax_, std::to_string(used_));
  return reinterpret_cast<T*>(to_ + at);
}

std::size_t CudaStep::build(const StepPlan& plan, std::uint8_t* to) {
  step_.build(plan);
  to_ = to;
  used_ = 0;
  const auto copy = [&](auto from, std::size_t& at) {
    using T = std::remove_const_t<typename decltype(from)::element_type>;
    std::copy(from.begin(), from.end(), take<T>(from.size(), at));
  };
  copy(step_.tokens(), tokensAt_);
  copy(step_.runs(), runsAt_);
  writeTiles(plan);
  copy(std::span<const DeviceTile>(tiles_), tilesAt_);
  writeRotations();
  for (std::size_t window = 0; window < limits_.windows.size(); ++window) writeItems(window);
  return used_;
}

/// Tiles follow their sequences, and each sequence's table those of the sequences before it.
void CudaStep::writeTiles(const StepPlan& plan) {
  tiles_.clear();
  std::size_t blocks = 0;
  for (const StepSequence& sequence : plan.sequences) {
    SIGNALBOX_CHECK(sequence.position + sequence.rows <= limits_.positions,
                    std::to_string(sequence.position) + " + " + std::to_string(sequence.rows));
    blocks += blocksOf(sequence.position + sequence.rows);
  }
  BlockId* const tables = take<BlockId>(blocks, tablesAt_);
  std::size_t table = 0;
  auto tile = step_.tiles().begin();
  for (const StepSequence& sequence : plan.sequences) {
    const std::size_t used = blocksOf(sequence.position + sequence.rows);
    std::copy_n(sequence.blocks.data(), used, tables + table);
    for (; tile != step_.tiles().end() && tile->row < sequence.firstRow + sequence.rows; ++tile) {
      tiles_.push_back({tile->row, tile->count, tile->position, static_cast<int>(table)});
    }
    table += used;
  }
}

/// In parts of at most itemsMax, each of whole tiles; a part's items count from its own first.
void CudaStep::writeItems(std::size_t window) {
  std::vector<AttentionPart>& parts = parts_[window];
  parts.clear();
  for (std::size_t t = 0; t < tiles_.size(); ++t) {
    const auto [low, high] = segmentsOf(tiles_[t], limits_.windows[window]);
    const int segments = high - low + 1;
    std::size_t at = 0;
    if (parts.empty() || parts.back().count + segments > limits_.itemsMax) {
      // Only a part's beginning is aligned: its items follow each other.
      take<AttentionItem>(0, at);
      parts.push_back({at, 0});
    }
    const int first = parts.back().count;
    AttentionItem* const items = take<AttentionItem>(static_cast<std::size_t>(segments), at);
    for (int i = 0; i < segments; ++i) {
      items[i] = {static_cast<int>(t), low + i, first, segments};
    }
    parts.back().count += segments;
  }
}

void CudaStep::writeRotations() {
  const std::size_t half = limits_.frequencies.size();
  const auto rows = static_cast<std::size_t>(step_.rows());
  float* const cosines = take<float>(rows * half, cosinesAt_);
  float* const sines = take<float>(rows * half, sinesAt_);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto position = static_cast<std::size_t>(step_.positions()[row]);
    float* const known = rotations_.as<float>() + position * 2 * half;
    for (std::size_t i = 0; i < half && !areRotations_[position]; ++i) {
      // As on the CPU: the angle is rounded to float, as transformers rounds it.
      const float angle = static_cast<float>(position) * limits_.frequencies[i];
      known[i] = static_cast<float>(std::cos(static_cast<double>(angle)));
      known[half + i] = static_cast<float>(std::sin(static_cast<double>(angle)));
    }
    areRotations_[position] = true;
    std::memcpy(cosines + row * half, known, half * sizeof(float));
    std::memcpy(sines + row * half, known + half, half * sizeof(float));
  }
}

std::span<const AttentionPart> CudaStep::parts(int window) const {
  const auto found = std::find(limits_.windows.begin(), limits_.windows.end(), window);
  SIGNALBOX_CHECK(found != limits_.windows.end(), std::to_string(window));
  return parts_[static_cast<std::size_t>(found - limits_.windows.begin())];
}

}  // namespace signalbox
