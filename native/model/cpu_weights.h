// A model's weights on the CPU: where each rank's lie, and which rows and columns of which tensors
// go there. Places first, bytes later (model/loader), so that nothing is taken before all is known.
//
// Matrices are packed into panels of 16 outputs (kernels_cpu/kernels.h). With fp8 the layers'
// linear weights are quantised as they are packed; the embedding and the head stay bf16. Norms and
// biases are floats. One rank's weights lie one after the other in the order in which a step reads
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/config.h"
#include "core/memory.h"
#include "kernels_cpu/kernels.h"
#include "model/shards.h"
#include "model/tensors.h"
#include "model/weights.h"

namespace signalbox {

/// Places one after the other in memory that may not exist yet: without a base it only counts.
class Arena {
 public:
  explicit Arena(std::uint8_t* base) : base_(base) {}
  template <class T>
  T* take(std::size_t count) {
    used_ = roundUp(used_, 64);
    const std::size_t at = used_;
    used_ += count * sizeof(T);
    return base_ == nullptr ? nullptr : reinterpret_cast<T*>(base_ + at);
  }
  std::size_t used() const { return used_; }

 private:
  std::uint8_t* base_;
  std::size_t used_ = 0;
};

struct RankLayout {
  RankWeights weights;
  std::uint64_t sharded = 0;     // bytes that sum to one rank's over all ranks
  std::uint64_t replicated = 0;  // bytes that other ranks hold too
};

RankLayout layOutRank(const ModelConfig& config, const Shards& shards, int rank,
                      const Kernels& kernels, WeightDtype dtype, Arena& arena);

/// Consecutive rows of a tensor.
struct RowPiece {
  const TensorEntry* tensor;
  int firstRow;
  int rows;
};

/// Columns of the rows, packed into panels of their own.
struct PackTarget {
  LinearWeights to;
  int firstColumn;
  int columns;
};

/// Rows of one or more tensors, one after the other, and where they go: 16 rows make a panel, panel
/// i of the rows becomes panel `panelFirst + i * panelStep` of every target.
struct PackStream {
  std::vector<RowPiece> pieces;
  int columns;  // of the rows in the file
  WeightDtype dtype = WeightDtype::kBf16;
  int panelFirst = 0;
  int panelStep = 1;
  std::vector<PackTarget> targets;
  Bf16* rowsTo = nullptr;  // instead of targets: the rows as they are
};

/// Elements of a vector, as floats. Runs of 16 lie `panelStep` panels apart.
struct VectorPiece {
  const TensorEntry* tensor;
  int first;
  int count;
  float* to;
  int panelStep = 1;
};

struct PackPlan {
  std::vector<PackStream> streams;
  std::vector<VectorPiece> vectors;
};

/// `ranks` have their places. Every tensor is read once, however many ranks share it.
PackPlan packPlanOf(const ModelConfig& config, const ModelTensors& tensors, const Shards& shards,
                    const std::vector<RankLayout>& ranks);

}  // namespace signalbox
