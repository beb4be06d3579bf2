// Attention and what comes before it, alone on a device: a few layers' cache, no weights.
// loadtest/gpu/README.md says what the request means.
#pragma once

#include "bench/gpu_device.h"
#include "bench/protocol.h"

namespace signalbox::bench {

/// A decode step's attention of `batch` sequences of `context` tokens, over `layers` layers whose
/// cache is more than L2 holds: `stepSeconds` of one layer, and `appendSeconds` of what rotates its
/// queries and keys and writes the new tokens to the cache.
void measureAttention(Gpu& gpu, const Json& request, Answer& answer);

}  // namespace signalbox::bench
