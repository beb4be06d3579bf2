// What goes into one draw, and what comes out.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "sample/params.h"
#include "sample/token_counts.h"

namespace signalbox {

struct DrawInput {
  const float* logits;  // [vocab]
  const SamplingParams* params;
  const TokenCounts* counts = nullptr;      // needed when a penalty is on
  std::span<const std::uint32_t> allowed;   // [ceil(vocab / 32)], some bit set; or empty: all
  std::span<const TokenId> suppressed;      // not to be drawn yet: minTokens
  std::uint64_t position = 0;               // tokens before the drawn one, prompt and output
};

struct Drawn {
  bool finite = false;  // false: the logits were not, and nothing else is set
  TokenId token = -1;
  float logprob = 0;  // 0 when none are asked for
  int alternatives = 0;
  std::array<TokenLogprob, kLogprobsMax> alternative;  // most likely first
};

/// Is any penalty on?
inline bool penalises(const SamplingParams& params) {
  return params.repetitionPenalty != 1 || params.presencePenalty != 0 ||
         params.frequencyPenalty != 0;
}

}  // namespace signalbox
