// What a request's output must be: the same model, one sequence at a time, one token at a time, the
// slow sampler, and no cache, scheduler or engine.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "slow_sampler.h"

namespace signalbox::test {

struct AloneOutput {
  std::vector<TokenId> tokens;  // those of `resume` not among them
  std::vector<float> logprobs;
  FinishReason finish = FinishReason::kNone;
};

/// The mask of output `index`; empty: none.
using MaskOf = std::function<std::vector<std::uint32_t>(int index)>;

/// `runner` is used as if it were new; it must have blocks for the whole sequence.
inline AloneOutput decodeAlone(ModelRunner& runner, const Request& request, const MaskOf& maskOf) {
  AloneOutput result;
  std::vector<BlockId> blocks;
  // From the last to the first, so that no number is a position by chance.
  for (BlockId block = runner.facts().blocks; block-- > 0;) blocks.push_back(block);
  std::vector<TokenId> output = request.resume;
  std::vector<TokenId> stopping = request.sampling.stopIds;
  if (!request.sampling.ignoreEos) {
    for (const TokenId eos : runner.config().eosIds) stopping.push_back(eos);
  }
  const auto finished = [&] {
    if (output.empty()) return FinishReason::kNone;
    for (const TokenId stop : stopping) {
      if (output.back() == stop) return FinishReason::kStop;
    }
    return static_cast<int>(output.size()) == request.sampling.maxTokens ? FinishReason::kLength
                                                                         : FinishReason::kNone;
  };
  int position = 0;
  const auto feed = [&](TokenId token) {
    const int row = 0;
    const StepSequence step{0, 1, position, blocks};
    const Logits logits = runner.run({static_cast<std::uint64_t>(position), {&token, 1},
                                      {&step, 1}, {&row, 1}});
    ++position;
    return std::vector<float>(logits.values, logits.values + logits.vocab);
  };
  std::vector<float> logits;
  for (const TokenId token : request.prompt) logits = feed(token);
  for (const TokenId token : request.resume) logits = feed(token);
  while ((result.finish = finished()) == FinishReason::kNone) {
    const int index = static_cast<int>(output.size());
    std::vector<TokenId> suppressed;
    if (index < request.sampling.minTokens) suppressed = stopping;
    const SlowDraw drawn =
        drawSlowly(logits, request.sampling, request.prompt, output,
                   maskOf ? maskOf(index) : std::vector<std::uint32_t>(), suppressed,
                   request.prompt.size() + output.size());
    output.push_back(drawn.token);
    result.tokens.push_back(drawn.token);
    result.logprobs.push_back(drawn.logprob);
    if (finished() == FinishReason::kNone) logits = feed(drawn.token);
  }
  return result;
}

}  // namespace signalbox::test
