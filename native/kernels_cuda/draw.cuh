// One token from one row of logits, exactly as sample/sampler.h draws it (D1, D7 to D9): weights
// are whole numbers, so 512 threads find what one does.
//
//   W1. What is kept is what ranks at least as high as a bound and weighs at least min-p's weight.
//       Top-k's bound is where the count, top-p's where the weight of all that ranks higher reaches
//       the limit: both are found byte by byte of the rank, from the highest.
//   W2. The draw goes by id: each warp sums a run of ids, one of them looks for the token.
//
// Bound by memory, a few times over: greedy reads the row once (512 KB at a vocabulary of 128 Ki),
// top-k and top-p up to eight times more each, out of L2.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "kernels_cuda/device.h"
#include "sample/logit_order.h"
#include "sample/philox.h"
#include "sample/token_weight.h"

namespace signalbox {

inline constexpr int kDrawThreads = 512;
inline constexpr int kDrawWarps = kDrawThreads / 32;

/// SamplingParams as far as the device knows them, and where the draw stands.
struct DrawRequest {
  float temperature;
  int topK;    // 0: all
  float topP;  // 1: all
  float minP;
  std::uint64_t seed;
  std::uint64_t position;  // tokens before the drawn one
};

/// A block per row.
struct DrawParams {
  const float* logits;  // [rows][stride]
  std::size_t stride;
  int vocab;
  float temperatureMin;         // kTemperatureMin: below it the first candidate is taken
  const DrawRequest* requests;  // [rows]
  TokenId* tokens;              // [rows]; -1: a logit is not finite
  bool adjusted = false;        // by adjustLogits: -infinity is excluded
};

struct DrawShared {
  std::uint64_t buckets[256];
  std::uint64_t warps[kDrawWarps];
  std::uint64_t answer[2];
};

namespace draw {

/// The row, as every thread of the block sees it.
struct Row {
  const float* logits;
  int vocab;
  float largest;
  float temperature;
  std::uint64_t rankMin;

  __device__ std::uint64_t rank(int token) const { return rankOf(orderOf(logits[token]), token); }
  __device__ std::uint64_t weight(int token) const {
    return weightOf((logits[token] - largest) / temperature);
  }
};

template <class Combine>
__device__ __forceinline__ std::uint64_t overWarp(std::uint64_t value, const Combine& combine) {
  for (int lanes = 16; lanes > 0; lanes /= 2) {
    value = combine(value, device::shuffleXor(value, lanes));
  }
  return value;
}

/// Over all threads, the same for each.
template <class Combine>
__device__ __forceinline__ std::uint64_t overBlock(std::uint64_t value, DrawShared& shared,
                                                   const Combine& combine) {
  value = overWarp(value, combine);
  device::syncBlock();  // The last answer has been read.
  if (device::laneIndex() == 0) shared.warps[device::warpIndex()] = value;
  device::syncBlock();
  value = shared.warps[0];
  for (int w = 1; w < kDrawWarps; ++w) value = combine(value, shared.warps[w]);
  return value;
}

__device__ __forceinline__ std::uint64_t sumOf(std::uint64_t a, std::uint64_t b) { return a + b; }
__device__ __forceinline__ std::uint64_t largerOf(std::uint64_t a, std::uint64_t b) {
  return a > b ? a : b;
}

/// Sums over lower lanes, without the lane's own.
__device__ __forceinline__ std::uint64_t sumBefore(std::uint64_t value) {
  std::uint64_t sum = value;
  for (int by = 1; by < 32; by *= 2) {
    const std::uint64_t lower = device::shuffle(sum, (device::laneIndex() - by) & 31);
    if (device::laneIndex() >= by) sum += lower;
  }
  return sum - value;
}

/// Finds, from the highest bucket down, the one in which the sum reaches `limit`: answer[0]; and
/// what is left of the limit there: answer[1].
__device__ __forceinline__ void findBucket(std::uint64_t limit, DrawShared& shared) {
  if (device::warpIndex() != 0) return;
  const int high = 255 - 8 * device::laneIndex();
  std::uint64_t own = 0;
  for (int i = 0; i < 8; ++i) own += shared.buckets[high - i];
  std::uint64_t before = sumBefore(own);
  if (before >= limit || before + own < limit) return;
  for (int i = 0;; ++i) {
    const std::uint64_t bucket = shared.buckets[high - i];
    if (before + bucket >= limit) {
      shared.answer[0] = static_cast<std::uint64_t>(high - i);
      shared.answer[1] = limit - before;
      return;
    }
    before += bucket;
  }
}

/// The lowest rank of the candidates from the highest down whose measure first sums to `limit`. At
/// most what all of rank rankMin and above measure; at least 1.
template <class Measure>
__device__ __forceinline__ std::uint64_t boundOf(const Row& row, std::uint64_t limit,
                                                 DrawShared& shared, const Measure& measure) {
  std::uint64_t prefix = 0;
  for (int shift = 56; shift >= 0; shift -= 8) {
    device::syncBlock();
    for (int i = device::threadIndex(); i < 256; i += kDrawThreads) shared.buckets[i] = 0;
    device::syncBlock();
    const std::uint64_t above = shift == 56 ? 0 : ~std::uint64_t{0} << (shift + 8);
    for (int token = device::threadIndex(); token < row.vocab; token += kDrawThreads) {
      const std::uint64_t rank = row.rank(token);
      if (rank < row.rankMin || (rank & above) != prefix) continue;
      const std::uint64_t amount = measure(token);
      if (amount != 0) device::addAtomic(&shared.buckets[rank >> shift & 255], amount);
    }
    device::syncBlock();
    findBucket(limit, shared);
    device::syncBlock();
    const std::uint64_t bucket = shared.answer[0];
    const std::uint64_t left = shared.answer[1];
    prefix |= bucket << shift;
    // All of the bucket is kept: its lowest rank is a bound as good.
    if (shared.buckets[bucket] == left) return prefix;
    limit = left;
  }
  return prefix;
}

/// The token at which the weights, by id, first sum to more than `target` of the block's share
/// `random`.
template <class Weight>
__device__ __forceinline__ TokenId pick(const Row& row, std::uint64_t random, DrawShared& shared,
                                        const Weight& weight) {
  const int run = ((row.vocab + kDrawWarps - 1) / kDrawWarps + 31) / 32 * 32;
  const int first = device::warpIndex() * run;
  const int end = first + run < row.vocab ? first + run : row.vocab;
  std::uint64_t own = 0;
  for (int token = first + device::laneIndex(); token < end; token += 32) own += weight(token);
  const std::uint64_t total = overBlock(own, shared, sumOf);
  std::uint64_t target = multiplyHigh(random, total);
  int chosen = 0;
  while (target >= shared.warps[chosen]) target -= shared.warps[chosen++];
  if (device::warpIndex() == chosen) {
    for (int at = first;; at += 32) {
      const int token = at + device::laneIndex();
      const std::uint64_t mine = token < end ? weight(token) : 0;
      const std::uint64_t before = sumBefore(mine);
      const std::uint64_t all = device::shuffle(before + mine, 31);
      if (target >= all) {
        target -= all;
        continue;
      }
      if (target >= before && target - before < mine) {
        shared.answer[0] = static_cast<std::uint64_t>(token);
      }
      break;
    }
  }
  device::syncBlock();
  return static_cast<TokenId>(shared.answer[0]);
}

}  // namespace draw

__global__ void __launch_bounds__(kDrawThreads, 1) drawTokens(DrawParams params) {
  auto& shared = *reinterpret_cast<DrawShared*>(device::sharedMemory());
  const auto index = static_cast<std::size_t>(device::blockX());
  const DrawRequest request = params.requests[index];
  draw::Row row{params.logits + index * params.stride, params.vocab, 0, request.temperature, 0};
  const auto answer = [&](TokenId token) {
    if (device::threadIndex() == 0) params.tokens[index] = token;
  };
  std::uint64_t best = 0;
  std::uint64_t broken = 0;
  for (int token = device::threadIndex(); token < row.vocab; token += kDrawThreads) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(row.logits[token]);
    const bool excluded = params.adjusted && bits == 0xff800000u;
    if ((bits & 0x7f800000u) == 0x7f800000u && !excluded) broken = 1;
    best = draw::largerOf(best, row.rank(token));
  }
  best = draw::overBlock(best, shared, draw::largerOf);
  broken = draw::overBlock(broken, shared, draw::largerOf);
  if (broken != 0) return answer(-1);
  if (request.temperature < params.temperatureMin) return answer(tokenOf(best));
  row.largest = logitOf(best);

  if (request.topK > 0 && request.topK < row.vocab) {
    row.rankMin = draw::boundOf(row, static_cast<std::uint64_t>(request.topK), shared,
                                [](int) { return std::uint64_t{1}; });
  }
  if (request.topP < 1) {
    const auto weightOfKept = [&](int token) {
      return row.rank(token) < row.rankMin ? 0 : row.weight(token);
    };
    std::uint64_t own = 0;
    for (int token = device::threadIndex(); token < row.vocab; token += kDrawThreads) {
      own += weightOfKept(token);
    }
    const std::uint64_t sum = draw::overBlock(own, shared, draw::sumOf);
    const auto limit = static_cast<std::uint64_t>(static_cast<double>(request.topP) *
                                                  static_cast<double>(sum));
    row.rankMin = draw::boundOf(row, limit == 0 ? 1 : limit, shared, weightOfKept);
  }
  const auto weightMin = static_cast<std::uint64_t>(request.minP * kWeightOne);
  answer(draw::pick(row, drawAt(request.seed, request.position), shared, [&](int token) {
    const std::uint64_t weight = row.weight(token);
    return weight < weightMin || row.rank(token) < row.rankMin ? 0 : weight;
  }));
}

}  // namespace signalbox
