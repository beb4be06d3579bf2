// The operations the forward pass is written against; each back end has its own.
//
//   O1. One object is one rank in one step. What a call writes, later calls of that rank may read.
//   O2. On the CPU every thread of the rank's team makes the same calls in the same order, and an
//       operation splits its work among them. On a device one thread makes them, and they enqueue.
//   O3. Buffers and weights belong to the back end: the forward pass hands them on, unread.
//   O4. A step's small inputs (tokens, positions, block tables, the rows whose logits are wanted)
//       were copied in by value before the first call. No call allocates.
//   O5. A row's results depend on the row's own sequence alone: not on other rows, the number of
//       rows, threads or ranks.
#pragma once

#include "model/weights.h"

namespace signalbox {

/// Memory of the back end with one use; only its operations know the layout.
struct Buffer {
  std::uint8_t* bytes = nullptr;
};

/// What a step writes and reads again, sized at load for the largest step.
struct StepBuffers {
  Buffer residual;  // [rows][hidden] fp32, the same on every rank
  Buffer normed;    // [rows][hidden], input of a matrix product
  Buffer qkv;       // [rows][rank's qkv outputs] fp32
  Buffer queries;   // [rows][rank's heads][head], rotated
  Buffer attended;  // [rows][rank's heads * head], input of a matrix product
  Buffer gated;     // [rows][rank's intermediate], input of a matrix product
};

class Ops {
 public:
  virtual ~Ops() = default;

  /// x[row] = the embedding of the row's token, whichever rank holds it.
  virtual void embed(const RankWeights& weights, Buffer x) = 0;
  /// Cosines and sines of the rows' positions, for every later ropeAppend of the step.
  virtual void rotations() = 0;
  /// normed[row] = x[row] / sqrt(mean(x[row]^2) + eps) * weight.
  virtual void rmsNorm(Buffer x, const float* weight, Buffer normed) = 0;
  /// out = activations * weights + bias, of the rank's own outputs.
  virtual void linear(const LinearWeights& weights, Buffer activations, Buffer out) = 0;
  /// gated = silu(gate) * up, of the rank's own columns.
  virtual void linearGated(const LinearWeights& weights, Buffer activations, Buffer gated) = 0;
  /// The rank's share of activations * weights, over its own part of k. The allReduceAdd that must
  /// follow brings it to x.
  virtual void linearPartial(const LinearWeights& weights, Buffer activations, Buffer x) = 0;
  /// x = x + (the ranks' shares + bias), the same bits on every rank and at every rank count.
  virtual void allReduceAdd(const LinearWeights& weights, Buffer x) = 0;
  /// Queries and keys normed if the layer does that, rotated; keys and values into the cache.
  virtual void ropeAppend(int layer, const LayerWeights& weights, Buffer qkv, Buffer queries) = 0;
  /// Attention over the cache. `window` tokens are seen, 0: all.
  virtual void attention(int layer, int window, Buffer queries, Buffer attended) = 0;
  /// Final norm and head for the rows whose logits are wanted; with none, nothing.
  virtual void logits(const RankWeights& weights, Buffer x, Buffer normed) = 0;
};

}  // namespace signalbox
