// What a request may ask of the sampler. sampler.h says exactly what each of these does.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace signalbox {

struct LogitBias {
  TokenId token;
  float bias;
};

struct SamplingParams {
  float temperature = 1;  // 0: the largest logit, the lowest id of equals
  int topK = 0;           // 0: all
  float topP = 1;
  float minP = 0;
  float repetitionPenalty = 1;  // over prompt and output
  float presencePenalty = 0;    // over output
  float frequencyPenalty = 0;   // over output
  std::vector<LogitBias> logitBias;
  std::vector<TokenId> stopIds;
  bool ignoreEos = false;
  int minTokens = 0;   // of output, resumed ones included, before eos or stop ids may be drawn
  int maxTokens = 16;  // of output, resumed ones included
  std::uint64_t seed = 0;
  int logprobs = -1;   // alternatives beside the chosen one, 0..20; -1: none at all
};

/// The most alternatives a request may ask for.
inline constexpr int kLogprobsMax = 20;

struct TokenLogprob {
  TokenId token;
  float logprob;  // natural, of the distribution before temperature and filters, after penalties
};

}  // namespace signalbox
