// Whether a device computes a folder's model as the CPU does, and what an fp8 cache costs there.
// loadtest/gpu/README.md says what the requests mean.
#pragma once

#include "bench/gpu_device.h"
#include "bench/protocol.h"

namespace signalbox::bench {

/// The CPU's logits may differ from a device's by so much of their largest: activations are rounded
/// to bf16 on both, where sums of another order may differ by a unit (device_model_test).
inline constexpr double kLogitBound = 0x1p-5;

/// Greedy decoding of `tokens` tokens after `prompts` random prompts, both along the CPU's path:
/// `decided` of the `steps` have a margin that the bound cannot turn, and in `agreed` of these the
/// device's largest logit is the CPU's. `distance` is the largest difference of a logit to the
/// largest of its row.
void compareGreedy(Gpu& gpu, const Json& request, Answer& answer);

/// exp of the mean negative log likelihood of the held-out text in `folder`, its first `sequences`
/// sequences, each cut to `tokens` tokens, on the device.
void measurePerplexity(Gpu& gpu, const Json& request, Answer& answer);

}  // namespace signalbox::bench
