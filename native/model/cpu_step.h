// A step's plan as the CPU's kernels want it: rows cut where blocks end, queries gathered in tiles.
// Built once per step by the thread that starts it; every rank reads it.
#pragma once

#include <span>
#include <vector>

#include "kernels_cpu/kernels.h"
#include "model/runner.h"

namespace signalbox {

/// What a plan may not exceed.
struct StepLimits {
  int rowsMax;
  int logitRowsMax;
  int vocab;
  int blocks;
  int tilePositions;  // Kernels::attentionPositions of the model's group
};

class CpuStep {
 public:
  /// Takes all the memory that a step of these limits can need.
  explicit CpuStep(const StepLimits& limits);

  /// Throws kInternal when the plan contradicts itself or the limits. `plan` outlives the step.
  void build(const StepPlan& plan);

  int rows() const { return static_cast<int>(tokens_.size()); }
  std::span<const TokenId> tokens() const { return tokens_; }
  std::span<const int> positions() const { return positions_; }
  std::span<const RowRun> runs() const { return runs_; }
  std::span<const AttentionTile> tiles() const { return tiles_; }
  std::span<const int> logitRows() const { return logitRows_; }

 private:
  void addSequence(const StepSequence& sequence);

  const StepLimits limits_;
  std::span<const TokenId> tokens_;
  std::span<const int> logitRows_;
  std::vector<int> positions_;
  std::vector<RowRun> runs_;
  std::vector<AttentionTile> tiles_;
};

}  // namespace signalbox
