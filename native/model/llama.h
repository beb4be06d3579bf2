// The forward pass of Llama, Mistral, Qwen2 and Qwen3, written once for every back end.
#pragma once

#include "core/config.h"
#include "model/ops.h"

namespace signalbox {

/// One step of one rank.
void forward(Ops& ops, const ModelConfig& config, const RankWeights& weights,
             const StepBuffers& buffers);

}  // namespace signalbox
