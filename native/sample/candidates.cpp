// Selection without sorting more than is kept.
#include "sample/candidates.h"

#include <algorithm>
#include <functional>
#include <limits>

#include "core/error.h"
#include "sample/logit_order.h"
#include "sample/philox.h"
#include "sample/token_weight.h"

namespace signalbox {
namespace {

/// Top-p first looks at this many leading tokens at most; mostly they are enough.
constexpr int kTopPFirst = 256;
/// What is kept is put in order of id up to this size, and beyond found by another pass.
constexpr std::size_t kSortMax = 4096;
/// A run of this length is sorted rather than split further.
constexpr std::ptrdiff_t kSplitMin = 64;

constexpr std::int32_t kExcludedOrder = orderOf(-std::numeric_limits<float>::infinity());

}  // namespace

Candidates::Candidates(int vocab) {
  kept_.reserve(static_cast<std::size_t>(vocab));
  const auto blocks =
      static_cast<std::size_t>((vocab + LogitRow::kBlock - 1) / LogitRow::kBlock);
  orders_.resize(blocks);
  blockWeights_.resize(blocks);
  bucketWeights_.resize(kBuckets);
}

void Candidates::begin(const LogitRow& row, float temperature) {
  row_ = &row;
  temperature_ = temperature;
  kept_.clear();
}

TokenId Candidates::draw(const LogitRow& row, const SamplingParams& params, std::uint64_t random) {
  begin(row, params.temperature);
  const auto weightMin = static_cast<std::uint64_t>(params.minP * kWeightOne);
  const bool topK = params.topK > 0 && params.topK < row.vocab();
  const bool topP = params.topP < 1;
  if (!topK && !topP) return pickFromBlocks(random, 0, weightMin);
  if (topK) keepTopK(params.topK);
  if (topP) {
    const std::uint64_t sum = topK ? weighKept() : weighBlocks(0, 0);
    const auto limit = static_cast<std::uint64_t>(static_cast<double>(params.topP) *
                                                  static_cast<double>(sum));
    if (!topK) {
      gatherLeading(std::clamp(row.blocks() / 4, 1, kTopPFirst));
      if (weighKept() < limit) return pickFromBlocks(random, lastOfTopP(limit), weightMin);
    }
    keepTopP(limit, 0);
  }
  if (kept_.size() <= kSortMax) return pickFromKept(random, weightMin);
  return pickFromBlocks(random, *std::min_element(kept_.begin(), kept_.end()), weightMin);
}

std::span<const std::uint64_t> Candidates::leading(const LogitRow& row, int count) {
  begin(row, 1);
  if (count == 0) return {};
  gatherLeading(count);
  const auto size = std::min(kept_.size(), static_cast<std::size_t>(count));
  std::partial_sort(kept_.begin(), kept_.begin() + static_cast<std::ptrdiff_t>(size), kept_.end(),
                    std::greater<>());
  return {kept_.data(), size};
}

std::uint64_t Candidates::weightOfAll(const LogitRow& row, float temperature) {
  begin(row, temperature);
  return weighBlocks(0, 0);
}

/// Keeps all whose order is at least `orderMin`.
void Candidates::gather(std::int32_t orderMin) {
  kept_.clear();
  for (int block = 0; block < row_->blocks(); ++block) {
    if (row_->blockOrder(block) < orderMin) continue;
    const TokenId end = std::min((block + 1) * LogitRow::kBlock, row_->vocab());
    for (TokenId token = block * LogitRow::kBlock; token < end; ++token) {
      const std::int32_t order = orderOf(row_->values()[token]);
      if (order >= orderMin) kept_.push_back(rankOf(order, token));
    }
  }
}

/// Keeps at least the first `count` candidates, and none without all before it.
void Candidates::gatherLeading(int count) {
  std::int32_t bound = kExcludedOrder + 1;
  // The largest of `count` blocks are `count` candidates: the first ones are not below the least of
  // them. With few blocks that bound would be low, and finding it not worth its while.
  if (count <= row_->blocks() / 4) {
    const auto orders = row_->blockOrders();
    std::copy(orders.begin(), orders.end(), orders_.begin());
    const auto last = orders_.begin() + (count - 1);
    std::nth_element(orders_.begin(), last, orders_.end(), std::greater<>());
    bound = std::max(bound, *last);
  }
  gather(bound);
}

void Candidates::keepTopK(int k) {
  gatherLeading(k);
  const auto keep = static_cast<std::size_t>(k);
  if (kept_.size() <= keep) return;
  std::nth_element(kept_.begin(), kept_.begin() + k, kept_.end(), std::greater<>());
  kept_.resize(keep);
}

/// Of the kept, keeps those before which less than `limit` stands, and always the first. `before`
/// stands before all of them.
void Candidates::keepTopP(std::uint64_t limit, std::uint64_t before) {
  auto low = kept_.begin();
  auto high = kept_.end();
  // What stands left of `low` is kept and weighs `before`; what stands from `high` on is not.
  while (high - low > kSplitMin) {
    const auto middle = low + (high - low) / 2;
    std::nth_element(low, middle, high, std::greater<>());
    std::uint64_t weight = 0;
    for (auto i = low; i != middle; ++i) weight += weigh(*i);
    if (before + weight >= limit) {
      high = middle;
    } else {
      before += weight;
      low = middle;
    }
  }
  std::sort(low, high, std::greater<>());
  while (low != high && (before < limit || low == kept_.begin())) before += weigh(*low++);
  kept_.erase(low, kept_.end());
}

/// The rank of the last token that top-p keeps of all: by buckets of the exponent first, then
/// inside the bucket where the limit is reached.
std::uint64_t Candidates::lastOfTopP(std::uint64_t limit) {
  std::fill(bucketWeights_.begin(), bucketWeights_.end(), 0u);
  std::uint64_t weights[LogitRow::kBlock];
  for (int block = 0; block < row_->blocks(); ++block) {
    if (blockWeights_[static_cast<std::size_t>(block)] == 0) continue;
    weighBlock(block, 0, 0, weights);
    const TokenId first = block * LogitRow::kBlock;
    const TokenId end = std::min(first + LogitRow::kBlock, row_->vocab());
    for (TokenId token = first; token < end; ++token) {
      bucketWeights_[bucketOf(row_->values()[token])] += weights[token - first];
    }
  }
  std::uint64_t before = 0;
  std::size_t bucket = 0;
  while (before + bucketWeights_[bucket] < limit) before += bucketWeights_[bucket++];
  kept_.clear();
  for (int block = 0; block < row_->blocks(); ++block) {
    if (bucketOf(valueOf(row_->blockOrder(block))) > bucket) continue;
    const TokenId end = std::min((block + 1) * LogitRow::kBlock, row_->vocab());
    for (TokenId token = block * LogitRow::kBlock; token < end; ++token) {
      const float value = row_->values()[token];
      if (bucketOf(value) == bucket) kept_.push_back(rankOf(orderOf(value), token));
    }
  }
  keepTopP(limit, before);
  return *std::min_element(kept_.begin(), kept_.end());
}

/// Equal steps of the exponent from 0 to where weights end; larger logits come first.
std::size_t Candidates::bucketOf(float logit) const {
  const float exponent = std::max((logit - row_->largest()) / temperature_, kWeightlessExponent);
  return static_cast<std::size_t>(exponent * (static_cast<float>(kBuckets - 1) /
                                              kWeightlessExponent));
}

std::uint64_t Candidates::weigh(std::uint64_t rank) const {
  return weightOf((logitOf(rank) - row_->largest()) / temperature_);
}

std::uint64_t Candidates::weighKept() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t rank : kept_) sum += weigh(rank);
  return sum;
}

/// The weights of a block's tokens, 0 for those that are not kept; returns their sum.
std::uint64_t Candidates::weighBlock(int block, std::uint64_t rankMin, std::uint64_t weightMin,
                                     std::uint64_t* weights) const {
  const TokenId first = block * LogitRow::kBlock;
  const int count = std::min(LogitRow::kBlock, row_->vocab() - first);
  const float* values = row_->values() + first;
  const float largest = row_->largest();
  const float temperature = temperature_;
  float scaled[LogitRow::kBlock];
  for (int i = 0; i < count; ++i) {
    scaled[i] = portableExp((values[i] - largest) / temperature) * kWeightOne;
  }
  std::uint64_t sum = 0;
  for (int i = 0; i < count; ++i) {
    std::uint64_t weight = static_cast<std::uint64_t>(static_cast<std::int64_t>(scaled[i]));
    if (weight < weightMin) weight = 0;
    if (rankMin != 0 && rankOf(orderOf(values[i]), first + i) < rankMin) weight = 0;
    weights[i] = weight;
    sum += weight;
  }
  return sum;
}

std::uint64_t Candidates::weighBlocks(std::uint64_t rankMin, std::uint64_t weightMin) {
  std::uint64_t weights[LogitRow::kBlock];
  std::uint64_t sum = 0;
  for (int block = 0; block < row_->blocks(); ++block) {
    // Half below the exponent at which a weight is 0, so no rounding matters.
    const float best = (valueOf(row_->blockOrder(block)) - row_->largest()) / temperature_;
    const std::uint64_t weight = best < kWeightlessExponent - 0.5f
                                     ? 0
                                     : weighBlock(block, rankMin, weightMin, weights);
    blockWeights_[static_cast<std::size_t>(block)] = weight;
    sum += weight;
  }
  return sum;
}

TokenId Candidates::pickFromBlocks(std::uint64_t random, std::uint64_t rankMin,
                                   std::uint64_t weightMin) {
  std::uint64_t target = multiplyHigh(random, weighBlocks(rankMin, weightMin));
  int block = 0;
  while (target >= blockWeights_[static_cast<std::size_t>(block)]) {
    target -= blockWeights_[static_cast<std::size_t>(block++)];
  }
  std::uint64_t weights[LogitRow::kBlock];
  weighBlock(block, rankMin, weightMin, weights);
  int i = 0;
  while (target >= weights[i]) target -= weights[i++];
  return block * LogitRow::kBlock + i;
}

TokenId Candidates::pickFromKept(std::uint64_t random, std::uint64_t weightMin) {
  std::sort(kept_.begin(), kept_.end(),
            [](std::uint64_t a, std::uint64_t b) { return tokenOf(a) < tokenOf(b); });
  const auto kept = [&](std::uint64_t rank) {
    const std::uint64_t weight = weigh(rank);
    return weight < weightMin ? 0 : weight;
  };
  std::uint64_t sum = 0;
  for (const std::uint64_t rank : kept_) sum += kept(rank);
  std::uint64_t target = multiplyHigh(random, sum);
  for (const std::uint64_t rank : kept_) {
    const std::uint64_t weight = kept(rank);
    if (target < weight) return tokenOf(rank);
    target -= weight;
  }
  SIGNALBOX_CHECK(false, "the kept weigh nothing");
}

}  // namespace signalbox
