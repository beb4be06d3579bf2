// The sampler's definition (sample/sampler.h) read aloud: sorts everything, keeps nothing between
// draws, and shares with the real one only the primitives that have tests of their own.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <vector>

#include "sample/draw_input.h"
#include "sample/philox.h"
#include "sample/token_weight.h"

namespace signalbox::test {

struct SlowDraw {
  bool finite = false;
  TokenId token = -1;
  float logprob = 0;
  std::vector<TokenLogprob> alternatives;
};

inline float settle(float value) {
  const float largest = std::numeric_limits<float>::max();
  if (value > largest) return largest;
  if (value < -largest) return -largest;
  return std::fpclassify(value) == FP_SUBNORMAL || value == 0 ? 0.0f : value;
}

/// `prompt` and `output` are the tokens before the draw.
inline SlowDraw drawSlowly(const std::vector<float>& logits, const SamplingParams& params,
                           const std::vector<TokenId>& prompt, const std::vector<TokenId>& output,
                           const std::vector<std::uint32_t>& allowed,
                           const std::vector<TokenId>& suppressed, std::uint64_t position) {
  SlowDraw drawn;
  const auto vocab = static_cast<TokenId>(logits.size());
  std::vector<float> x(logits.size());
  for (TokenId t = 0; t < vocab; ++t) {
    const auto i = static_cast<std::size_t>(t);
    if (!std::isfinite(logits[i])) return drawn;  // D1
    x[i] = settle(logits[i]);
  }
  drawn.finite = true;
  for (const LogitBias& bias : params.logitBias) {  // D2
    float& value = x[static_cast<std::size_t>(bias.token)];
    value = settle(value + settle(bias.bias));
  }
  std::set<TokenId> excluded;
  for (TokenId t = 0; t < vocab && !allowed.empty(); ++t) {  // D3
    const auto i = static_cast<std::size_t>(t);
    if ((allowed[i / 32] >> (i % 32) & 1) == 0) excluded.insert(t);
  }
  std::map<TokenId, int> counts;  // D4
  for (const TokenId t : prompt) counts[t];
  for (const TokenId t : output) ++counts[t];
  for (const auto& [t, count] : counts) {
    float& value = x[static_cast<std::size_t>(t)];
    value = settle(value > 0 ? value / params.repetitionPenalty : value * params.repetitionPenalty);
    if (count == 0) continue;
    value = settle(value - settle(settle(params.frequencyPenalty) * static_cast<float>(count)));
    value = settle(value - settle(params.presencePenalty));
  }
  const auto ordered = [&] {
    std::vector<TokenId> ids;
    for (TokenId t = 0; t < vocab; ++t) {
      if (excluded.count(t) == 0) ids.push_back(t);
    }
    std::stable_sort(ids.begin(), ids.end(), [&](TokenId a, TokenId b) {
      return x[static_cast<std::size_t>(a)] > x[static_cast<std::size_t>(b)];
    });
    return ids;
  };
  const auto at = [&](TokenId t) { return x[static_cast<std::size_t>(t)]; };
  std::vector<TokenId> ids = ordered();
  const float largest = at(ids[0]);
  std::uint64_t all = 0;  // D5
  for (const TokenId t : ids) all += weightOf(at(t) - largest);
  const auto logprobOf = [&](TokenId t) {
    return static_cast<float>(double{at(t)} - (double{largest} + logOfWeight(all)));
  };
  for (int i = 0; i < params.logprobs && i < static_cast<int>(ids.size()); ++i) {
    const TokenId t = ids[static_cast<std::size_t>(i)];
    drawn.alternatives.push_back({t, logprobOf(t)});
  }
  const std::set<TokenId> before = excluded;  // D6
  excluded.insert(suppressed.begin(), suppressed.end());
  if (static_cast<TokenId>(excluded.size()) == vocab) excluded = before;
  ids = ordered();
  if (params.temperature < 0x1p-16f) {  // D7
    drawn.token = ids[0];
  } else {
    const float first = at(ids[0]);
    const auto weigh = [&](TokenId t) { return weightOf((at(t) - first) / params.temperature); };
    if (params.topK > 0 && params.topK < static_cast<int>(ids.size())) {  // D8
      ids.resize(static_cast<std::size_t>(params.topK));
    }
    if (params.topP < 1) {
      std::uint64_t sum = 0;
      for (const TokenId t : ids) sum += weigh(t);
      const auto limit =
          static_cast<std::uint64_t>(std::floor(double{params.topP} * static_cast<double>(sum)));
      std::uint64_t ahead = 0;
      std::vector<TokenId> kept;
      for (const TokenId t : ids) {
        if (!kept.empty() && ahead >= limit) break;
        kept.push_back(t);
        ahead += weigh(t);
      }
      ids = kept;
    }
    const auto weightMin = static_cast<std::uint64_t>(params.minP * 0x1p40f);
    std::erase_if(ids, [&](TokenId t) { return weigh(t) < weightMin; });
    std::sort(ids.begin(), ids.end());  // D9
    std::uint64_t sum = 0;
    for (const TokenId t : ids) sum += weigh(t);
    __extension__ using Wide = unsigned __int128;
    const auto target =
        static_cast<std::uint64_t>(Wide{drawAt(params.seed, position)} * Wide{sum} >> 64);
    std::uint64_t upTo = 0;
    for (const TokenId t : ids) {
      upTo += weigh(t);
      if (upTo > target) {
        drawn.token = t;
        break;
      }
    }
  }
  if (params.logprobs >= 0) drawn.logprob = logprobOf(drawn.token);
  return drawn;
}

}  // namespace signalbox::test
