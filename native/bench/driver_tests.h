// What bench_main and its parts share: the shape of an answer, and measurements below the engine.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace signalbox {

/// A JSON string.
std::string quoted(const std::string& text);

/// `"steps":N,"seconds":[…],"stepSeconds":MEDIAN,"tokensPerSecond":N`.
std::string timed(const std::vector<double>& seconds, int tokens);

/// Time to encode the keys and values of `tokens` tokens, all layers, as fp8 beside bf16, on one
/// thread of the engine's instruction path.
std::string quantiseCost(const ModelSummary& summary, int tokens);

/// Time of all-reducing `bytes` of fp32 across `ranks` threads as ranks.
std::string allReduceCost(int bytes, int ranks, int steps);

}  // namespace signalbox
