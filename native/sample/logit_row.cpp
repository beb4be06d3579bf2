// Bias, mask, penalties, and the largest of every block.
#include "sample/logit_row.h"

#include <algorithm>
#include <limits>

#include "sample/logit_change.h"

namespace signalbox {
namespace {

bool isFinite(float value) {
  return (std::bit_cast<std::uint32_t>(value) & 0x7f800000u) != 0x7f800000u;
}

}  // namespace

LogitRow::LogitRow(int vocab)
    : vocab_(vocab),
      copy_(static_cast<std::size_t>(vocab)),
      blockOrders_(static_cast<std::size_t>((vocab + kBlock - 1) / kBlock)) {}

bool LogitRow::load(const DrawInput& input) {
  const SamplingParams& params = *input.params;
  const bool changes = !params.logitBias.empty() || !input.allowed.empty() ||
                       penalises(params) || !input.suppressed.empty();
  if (!changes) {
    values_ = input.logits;
    return survey(true);
  }
  if (!copyChecked(input.logits)) return false;
  values_ = copy_.data();
  applyBias(params);
  if (!input.allowed.empty()) applyMask(input.allowed);
  if (penalises(params)) applyPenalties(params, *input.counts);
  return survey(false);
}

bool LogitRow::copyChecked(const float* logits) {
  bool finite = true;
  for (int i = 0; i < vocab_; ++i) {
    finite &= isFinite(logits[i]);
    copy_[static_cast<std::size_t>(i)] = flushed(logits[i]);
  }
  return finite;
}

void LogitRow::applyBias(const SamplingParams& params) {
  for (const LogitBias& bias : params.logitBias) {
    float& x = copy_[static_cast<std::size_t>(bias.token)];
    x = settled(x + flushed(bias.bias));
  }
}

void LogitRow::applyMask(std::span<const std::uint32_t> allowed) {
  for (std::size_t word = 0; word < allowed.size(); ++word) {
    const std::uint32_t bits = allowed[word];
    if (bits == 0xffffffffu) continue;
    const std::size_t first = word * 32;
    const std::size_t count = std::min<std::size_t>(32, copy_.size() - first);
    for (std::size_t i = 0; i < count; ++i) {
      if ((bits >> i & 1u) == 0) copy_[first + i] = kExcludedLogit;
    }
  }
}

void LogitRow::applyPenalties(const SamplingParams& params, const TokenCounts& counts) {
  const Penalties penalties{params.repetitionPenalty, flushed(params.frequencyPenalty),
                            flushed(params.presencePenalty)};
  for (const TokenCounts::Entry& entry : counts.entries()) {
    float& x = copy_[static_cast<std::size_t>(entry.token)];
    x = penalised(x, penalties, entry.inOutput);
  }
}

void LogitRow::suppress(std::span<const TokenId> tokens) {
  saved_.clear();
  for (const TokenId token : tokens) {
    float& x = copy_[static_cast<std::size_t>(token)];
    saved_.push_back(x);
    x = kExcludedLogit;
  }
  survey(false);
  if (largest_ != kExcludedLogit) return;
  // A mask that allows nothing else: it knows that the text is complete. Backwards, because a token
  // may be named twice.
  for (std::size_t i = tokens.size(); i-- > 0;) {
    copy_[static_cast<std::size_t>(tokens[i])] = saved_[i];
  }
  survey(false);
}

/// Finds the largest of each block and of all; false when `check` and something is not finite.
bool LogitRow::survey(bool check) {
  std::int32_t largest = std::numeric_limits<std::int32_t>::min();
  std::uint32_t broken = 0;
  for (int block = 0; block < blocks(); ++block) {
    const float* values = values_ + block * kBlock;
    const int count = std::min(kBlock, vocab_ - block * kBlock);
    std::int32_t order = std::numeric_limits<std::int32_t>::min();
    for (int i = 0; i < count; ++i) {
      order = std::max(order, orderOf(values[i]));
      broken |= isFinite(values[i]) ? 0u : 1u;
    }
    blockOrders_[static_cast<std::size_t>(block)] = order;
    largest = std::max(largest, order);
  }
  largest_ = valueOf(largest);
  return !check || broken == 0;
}

TokenId LogitRow::first() const {
  const std::int32_t order = orderOf(largest_);
  const auto block = std::find(blockOrders_.begin(), blockOrders_.end(), order);
  TokenId token = static_cast<TokenId>(block - blockOrders_.begin()) * kBlock;
  while (orderOf(values_[token]) != order) ++token;
  return token;
}

}  // namespace signalbox
