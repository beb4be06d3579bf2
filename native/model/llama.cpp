// A layer is attention then feed-forward, each added to a residual stream of fp32. What sets the
// families apart (biases, norms of heads, windows) is in the weights and the config.
#include "model/llama.h"

namespace signalbox {

void forward(Ops& ops, const ModelConfig& config, const RankWeights& weights,
             const StepBuffers& buffers) {
  ops.embed(weights, buffers.residual);
  ops.rotations();
  for (int i = 0; i < config.layers; ++i) {
    const LayerWeights& layer = weights.layers[static_cast<std::size_t>(i)];
    ops.rmsNorm(buffers.residual, layer.attentionNorm, buffers.normed);
    ops.linear(layer.qkv, buffers.normed, buffers.qkv);
    ops.ropeAppend(i, layer, buffers.qkv, buffers.queries);
    ops.attention(i, config.slidingWindow[static_cast<std::size_t>(i)], buffers.queries,
                  buffers.attended);
    ops.linearPartial(layer.output, buffers.attended, buffers.residual);
    ops.allReduceAdd(layer.output, buffers.residual);
    ops.rmsNorm(buffers.residual, layer.mlpNorm, buffers.normed);
    ops.linearGated(layer.gateUp, buffers.normed, buffers.gated);
    ops.linearPartial(layer.down, buffers.gated, buffers.residual);
    ops.allReduceAdd(layer.down, buffers.residual);
  }
  ops.logits(weights, buffers.residual, buffers.normed);
}

}  // namespace signalbox
