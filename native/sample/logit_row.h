// One row of logits after what the request changes about it: steps D1 to D4 and D6 of sampler.h.
//
//   R1. The caller's row is read where it lies, and copied only when something in it changes.
//   R2. Excluded tokens are -infinity; nothing else in a loaded row is not finite.
//   R3. blockOrder(b) is the largest order among ids [64 b, 64 b + 64).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sample/draw_input.h"

namespace signalbox {

class LogitRow {
 public:
  /// Ids in a block: the largest of each tells which blocks deserve a look.
  static constexpr int kBlock = 64;

  explicit LogitRow(int vocab);

  /// D1 to D4. False: a logit is not finite.
  bool load(const DrawInput& input);
  /// D6.
  void suppress(std::span<const TokenId> tokens);

  int vocab() const { return vocab_; }
  int blocks() const { return static_cast<int>(blockOrders_.size()); }
  const float* values() const { return values_; }
  std::int32_t blockOrder(int block) const { return blockOrders_[static_cast<std::size_t>(block)]; }
  std::span<const std::int32_t> blockOrders() const { return blockOrders_; }
  /// The largest logit.
  float largest() const { return largest_; }
  /// The lowest id of those that have it.
  TokenId first() const;

 private:
  bool copyChecked(const float* logits);
  void applyBias(const SamplingParams& params);
  void applyMask(std::span<const std::uint32_t> allowed);
  void applyPenalties(const SamplingParams& params, const TokenCounts& counts);
  bool survey(bool check);

  const int vocab_;
  std::vector<float> copy_;  // [vocab]
  std::vector<std::int32_t> blockOrders_;
  std::vector<float> saved_;  // of suppressed tokens
  const float* values_ = nullptr;
  float largest_ = 0;
};

}  // namespace signalbox
