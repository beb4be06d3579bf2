// What the batch scheduler sees of a model: rows in, logits out, and the cache's blocks by number.
// Every back end and the tests' own model stand behind it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "comm/team.h"
#include "core/config.h"
#include "core/types.h"

namespace signalbox {

/// Rows of one sequence at consecutive positions.
struct StepSequence {
  int firstRow;
  int rows;
  int position;                     // of the first row
  std::span<const BlockId> blocks;  // block of position p is blocks[p / 32]; covers the last row
};

/// One step's work, the same for every rank.
struct StepPlan {
  std::uint64_t step;
  std::span<const TokenId> tokens;              // [rows]
  std::span<const StepSequence> sequences;      // in order of rows; two never share a written block
  std::span<const int> logitRows;               // ascending rows whose logits are wanted
};

struct Logits {
  const float* values;  // [logitRows][stride], valid until the next run
  std::size_t stride;   // floats
  int vocab;
};

/// Bytes one rank holds. Sharded bytes of all ranks sum to one rank's; replicated ones do not.
struct RankBytes {
  std::uint64_t shardedWeights = 0;
  std::uint64_t replicatedWeights = 0;
  std::uint64_t cache = 0;
};

struct RunnerFacts {
  std::string isa;
  Numerics numerics;
  WeightDtype weights;
  KvDtype cache;
  int ranks;
  int threads;
  int rowsMax;              // of a step
  int blocks;               // in the cache
  std::size_t blockBytes;   // of one block on all ranks together
  std::vector<RankBytes> bytes;
};

class ModelRunner {
 public:
  virtual ~ModelRunner() = default;
  virtual const ModelConfig& config() const = 0;
  virtual const RunnerFacts& facts() const = 0;
  /// Throws StallError naming rank and step, after which every call throws it.
  virtual Logits run(const StepPlan& plan) = 0;
  /// body(i) for i in [0, count) on the runner's threads; for sampling rows side by side. `body` is
  /// copied. After a StallError a thread may still be in it: what it refers to must outlive the
  /// runner.
  virtual void parallel(int count, const std::function<void(int)>& body) = 0;
  /// A block's bytes of all ranks, keys, values and scales together: facts().blockBytes.
  virtual void saveBlock(BlockId block, std::uint8_t* to) const = 0;
  virtual void restoreBlock(BlockId block, const std::uint8_t* from) = 0;
  virtual TeamCounters team() const = 0;
};

}  // namespace signalbox
