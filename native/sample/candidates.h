// Which tokens are kept and which of them is drawn: steps D7 to D9 of sampler.h.
//
//   C1. Only blocks whose largest logit reaches a bound are looked at; the bound is such that
//       nothing that is kept lies below it.
//   C2. Nothing allocates after construction.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sample/logit_row.h"

namespace signalbox {

class Candidates {
 public:
  explicit Candidates(int vocab);

  /// The token that `random` draws. Temperature is not 0.
  TokenId draw(const LogitRow& row, const SamplingParams& params, std::uint64_t random);
  /// The first `count` candidates that are not excluded, in order; valid until the next call.
  std::span<const std::uint64_t> leading(const LogitRow& row, int count);
  /// The weight of all that is not excluded.
  std::uint64_t weightOfAll(const LogitRow& row, float temperature);

 private:
  static constexpr int kBuckets = 1024;

  void begin(const LogitRow& row, float temperature);
  void gather(std::int32_t orderMin);
  void gatherLeading(int count);
  void keepTopK(int k);
  void keepTopP(std::uint64_t limit, std::uint64_t before);
  std::uint64_t lastOfTopP(std::uint64_t limit);
  std::size_t bucketOf(float logit) const;
  std::uint64_t weigh(std::uint64_t rank) const;
  std::uint64_t weighKept() const;
  std::uint64_t weighBlocks(std::uint64_t rankMin, std::uint64_t weightMin);
  std::uint64_t weighBlock(int block, std::uint64_t rankMin, std::uint64_t weightMin,
                           std::uint64_t* weights) const;
  TokenId pickFromBlocks(std::uint64_t random, std::uint64_t rankMin, std::uint64_t weightMin);
  TokenId pickFromKept(std::uint64_t random, std::uint64_t weightMin);

  std::vector<std::uint64_t> kept_;           // ranks (logit_order.h), room for [vocab]
  std::vector<std::int32_t> orders_;          // [blocks], scratch
  std::vector<std::uint64_t> blockWeights_;   // [blocks], of the last weighBlocks
  std::vector<std::uint64_t> bucketWeights_;  // [kBuckets], scratch
  const LogitRow* row_ = nullptr;
  float temperature_ = 1;
};

}  // namespace signalbox
