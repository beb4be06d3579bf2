// What a request changes about one logit (sampler.h, D2 and D4), for the host and for a device.
#pragma once

#include <cstdint>
#include <limits>

#include "core/host_device.h"
#include "sample/logit_order.h"

namespace signalbox {

/// Of a token that may not be drawn.
inline constexpr float kExcludedLogit = -std::numeric_limits<float>::infinity();

/// Subnormals and -0 become +0, what is beyond the largest float becomes that, with its sign.
SIGNALBOX_BOTH inline float settled(float value) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  return flushed(value < -kLargest ? -kLargest : kLargest < value ? kLargest : value);
}

struct Penalties {
  float repetition = 1;  // over prompt and output
  float frequency = 0;   // over output; flushed, as is presence
  float presence = 0;
};

/// The logit of a token in prompt or output, in the output `inOutput` times.
SIGNALBOX_BOTH inline float penalised(float x, const Penalties& penalties, std::int32_t inOutput) {
  if (x == kExcludedLogit) return x;
  x = settled(x > 0 ? x / penalties.repetition : x * penalties.repetition);
  if (inOutput == 0) return x;
  x = settled(x - settled(penalties.frequency * static_cast<float>(inOutput)));
  return settled(x - penalties.presence);
}

}  // namespace signalbox
