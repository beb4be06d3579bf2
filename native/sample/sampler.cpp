// One draw: the steps of sampler.h in their order.
#include "sample/sampler.h"

#include "sample/logit_order.h"
#include "sample/philox.h"
#include "sample/token_weight.h"

namespace signalbox {

void Sampler::draw(const DrawInput& input, Drawn& drawn) {
  drawn.token = -1;
  drawn.logprob = 0;
  drawn.alternatives = 0;
  drawn.finite = row_.load(input);
  if (!drawn.finite) return;
  const SamplingParams& params = *input.params;
  // The logit that has probability 1, as D5 counts.
  double certain = 0;
  const auto logprobOf = [&](float logit) {
    return static_cast<float>(static_cast<double>(logit) - certain);
  };
  if (params.logprobs >= 0) {
    certain = static_cast<double>(row_.largest()) +
              logOfWeight(candidates_.weightOfAll(row_, 1));
    for (const std::uint64_t rank : candidates_.leading(row_, params.logprobs)) {
      drawn.alternative[static_cast<std::size_t>(drawn.alternatives++)] = {
          tokenOf(rank), logprobOf(logitOf(rank))};
    }
  }
  if (!input.suppressed.empty()) row_.suppress(input.suppressed);
  drawn.token = params.temperature < kTemperatureMin
                    ? row_.first()
                    : candidates_.draw(row_, params, drawAt(params.seed, input.position));
  if (params.logprobs >= 0) drawn.logprob = logprobOf(flushed(row_.values()[drawn.token]));
}

}  // namespace signalbox
