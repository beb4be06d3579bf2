// A step's plan as a device's kernels want it: everything small that they read (tokens, runs,
// tiles, items of attention, block tables, rotations), one after the other in one piece of memory
// that goes to the device by one copy. Built without allocating.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/memory.h"
#include "kernels_cuda/attention_plan.h"
#include "model/cpu_step.h"

namespace signalbox {

struct CudaStepLimits {
  int rowsMax;
  int logitRowsMax;
  int vocab;
  int blocks;
  int positions;         // of a sequence
  int group;             // query heads that share a key head
  int itemsMax;          // of one launch of attention; at least one tile's
  std::vector<int> windows;       // of any layer, each once
  std::vector<float> frequencies;  // [headDim / 2] radians per position
};

/// One launch of attention: `count` items from byte `at` of the inputs.
struct AttentionPart {
  std::size_t at;
  int count;
};

class CudaStep {
 public:
  explicit CudaStep(const CudaStepLimits& limits);

  /// Of the inputs of the largest step.
  std::size_t bytesMax() const { return bytesMax_; }
  /// Writes the inputs to `to` and returns how many bytes they are. Throws kInternal when the plan
  /// contradicts itself or the limits. `plan` outlives the step.
  std::size_t build(const StepPlan& plan, std::uint8_t* to);

  int rows() const { return step_.rows(); }
  int runs() const { return static_cast<int>(step_.runs().size()); }
  std::span<const int> logitRows() const { return step_.logitRows(); }
  /// Bytes from the beginning of the inputs.
  std::size_t tokensAt() const { return tokensAt_; }
  std::size_t runsAt() const { return runsAt_; }
  std::size_t tilesAt() const { return tilesAt_; }
  std::size_t tablesAt() const { return tablesAt_; }
  std::size_t cosinesAt() const { return cosinesAt_; }  // [rows][headDim / 2] fp32
  std::size_t sinesAt() const { return sinesAt_; }
  std::span<const AttentionPart> parts(int window) const;

 private:
  template <class T>
  T* take(std::size_t count, std::size_t& at);
  void writeTiles(const StepPlan& plan);
  void writeItems(std::size_t window);
  void writeRotations();

  const CudaStepLimits limits_;
  CpuStep step_;
  HugeBuffer rotations_;           // [positions][2][headDim / 2], as far as they were asked for
  std::vector<bool> areRotations_;  // [positions]
  std::vector<DeviceTile> tiles_;
  std::vector<std::vector<AttentionPart>> parts_;  // by window
  std::size_t bytesMax_ = 0;
  std::uint8_t* to_ = nullptr;
  std::size_t used_ = 0;
  std::size_t tokensAt_ = 0;
  std::size_t runsAt_ = 0;
  std::size_t tilesAt_ = 0;
  std::size_t tablesAt_ = 0;
  std::size_t cosinesAt_ = 0;
  std::size_t sinesAt_ = 0;
};

}  // namespace signalbox
