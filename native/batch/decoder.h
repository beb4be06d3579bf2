// The engine without its thread: requests in, steps, tokens out.
//
// Owned by the engine thread. plan(), compute() and commit() make one step; between them nothing
// else is called. compute() changes nothing that plan() or commit() look at, so that others may
// look at stats and events meanwhile.
//
//   D1. Every sequence that was added ends exactly once: one output says so, and it is the last.
//   D2. What is drawn depends on the model, the tokens before it, the request, and (seed,
//       position).
//   D3. A step allocates nothing but its outputs.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <unordered_map>
#include <vector>

#include "batch/scheduler.h"
#include "engine/engine.h"
#include "sample/sampler.h"

namespace signalbox {

class Decoder {
 public:
  /// `runner` must outlive this. Throws as BlockCache does.
  Decoder(ModelRunner& runner, const EngineOptions& options);
  ~Decoder();
  Decoder(const Decoder&) = delete;
  Decoder& operator=(const Decoder&) = delete;

  /// A resumed one that is complete already ends at once.
  void add(std::unique_ptr<Sequence> sequence, std::vector<TokenOutput>& outputs);
  /// Its blocks are free when this returns.
  void abort(std::uint64_t request, std::vector<TokenOutput>& outputs);
  /// Of another index than the next, or of a request that is not there: nothing.
  void allow(std::uint64_t request, int index, std::vector<std::uint32_t>&& mask);
  /// Ends all that are left as aborted.
  void endAll(std::vector<TokenOutput>& outputs);

  /// False: there is nothing to compute, and compute() and commit() are not called.
  bool plan();
  /// Throws StallError and what else the runner throws.
  void compute();
  void commit(std::vector<TokenOutput>& outputs);

  bool heldUp() const { return scheduler_.heldUp(); }
  std::uint64_t step() const { return stats_.step; }
  /// Without `failed` and `failure`.
  EngineStats stats() const;
  const Scheduler& scheduler() const { return scheduler_; }
  BlockCache& cache() { return cache_; }
  const BlockCache& cache() const { return cache_; }

 private:
  using Clock = std::chrono::steady_clock;

  /// The runner's blocks as the cache sees them.
  class RunnerBlocks;
  struct Draw {
    Sequence* sequence;
    std::uint64_t position;
    Drawn drawn;
  };

  void sample(const Logits& logits);
  void drawRows(int chunk);
  void commitDraw(Draw& draw, std::vector<TokenOutput>& outputs);
  TokenOutput outputOf(Sequence& sequence) const;
  void end(Sequence& sequence, FinishReason finish, std::vector<TokenOutput>& outputs);

  ModelRunner& runner_;
  std::unique_ptr<RunnerBlocks> blocks_;
  BlockCache cache_;
  Scheduler scheduler_;
  std::unordered_map<std::uint64_t, std::unique_ptr<Sequence>> sequences_;
  std::vector<Sampler> samplers_;  // one a thread
  EngineStats stats_;
  // Of the step in progress.
  std::span<Sequence* const> planned_;
  std::vector<TokenId> tokens_;
  std::vector<StepSequence> steps_;
  std::vector<int> logitRows_;
  std::vector<Draw> draws_;
  // Members, not locals: a thread that was given up as late may still draw (ModelRunner::parallel).
  Logits logits_{};
  std::atomic<std::size_t> nextDraw_{0};
  Clock::time_point stepStart_;
  double planSeconds_ = 0;
};

}  // namespace signalbox
