// A model on the CPU behind the runner's interface: ranks as teams of threads of this process.
//
//   R1. All memory is taken while loading, after it was checked to be there; a step takes none.
//   R2. The cache of a rank is [block][layer][head]. A saved block is [layer][key-value head] of
//       the model, so it can be restored under another number of ranks.
//   R3. After a StallError nothing is computed or changed any more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/types.h"
#include "model/runner.h"

namespace signalbox {

struct RunnerOptions {
  std::string folder;
  std::string isa;  // empty: the fastest portable path of this machine
  WeightDtype weights = WeightDtype::kBf16;
  /// The reference path holds f32 whatever this says; no other path can.
  KvDtype cache = KvDtype::kBf16;
  int ranks = 1;
  int threads = 0;  // of all ranks together; 0: the CPUs of the process
  bool pin = true;
  bool shrink = true;  // under outside load
  int blocks = 0;      // of the cache
  int rowsMax = 512;   // of a step
  int logitRowsMax = 0;  // of a step; 0: rowsMax
  int stallMillis = 1800;
  /// For tests: this rank stands still in this step until the others give it up. Needs two ranks.
  struct Stall {
    int rank;
    std::uint64_t step;
  };
  std::optional<Stall> faultStall;
};

/// Phases in order: "weights" (bytes of files), "cache" (bytes of memory).
using OnRunnerProgress =
    std::function<void(const char* phase, std::uint64_t done, std::uint64_t total)>;

/// Bytes that loading will take, of all ranks together.
struct MemoryNeeds {
  std::uint64_t weights;
  std::uint64_t steps;  // buffers, exchanges, logits
  std::uint64_t block;  // one block of the cache, replicated heads included
};

/// Throws kInvalidRequest (an instruction path that is not here) or kUnsupportedModel (ranks).
MemoryNeeds memoryNeedsOf(const ModelConfig& config, const RunnerOptions& options);

/// Throws EngineError: also kNoMemory with what is needed and what there is.
std::unique_ptr<ModelRunner> loadCpuRunner(const RunnerOptions& options,
                                           const OnRunnerProgress& onProgress);

}  // namespace signalbox
