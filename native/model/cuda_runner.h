// A model on one CUDA device behind the runner's interface.
//
//   U1. All memory is taken while loading: on the device one piece for weights, one for steps, one
//       for the cache, and pinned memory of the host for what goes to and fro. A step takes none.
//   U2. A step's inputs go to the device by one copy, its logits come back by one, and between them
//       the host only enqueues. Then it waits, stallMillis at most.
//   U3. A saved block has the bytes that the CPU's has (core/kv_layout.h).
//   U4. After a failure nothing is computed any more: every call throws it again.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/safetensors.h"
#include "model/cpu_runner.h"

namespace signalbox {

struct CudaOptions {
  /// `isa` is empty and `ranks` 1; `threads` draw tokens.
  RunnerOptions runner;
  int device = 0;
  std::string kernels;  // the folder of their machine code
};

/// A device that is open, with the machine code to use it.
class CudaDevice {
 public:
  virtual ~CudaDevice() = default;
  /// Bytes that are free on it.
  virtual std::uint64_t availableBytes() = 0;
  /// Bytes that are taken on it now, by purpose.
  virtual std::map<std::string, std::uint64_t> takenBytes() const = 0;
};

/// Throws kUnavailable, "no CUDA device: " and why.
std::shared_ptr<CudaDevice> openCudaDevice(int index, const std::string& kernels);

/// Bytes of the device that loading will take. Throws kInvalidRequest (an option that belongs to
/// the CPU) or kUnsupportedModel.
MemoryNeeds cudaMemoryNeedsOf(const ModelConfig& config, const CudaOptions& options);

/// Throws EngineError: also kNoMemory with what is needed and what there is.
std::unique_ptr<ModelRunner> loadCudaRunner(std::shared_ptr<CudaDevice> device,
                                            const CudaOptions& options,
                                            const OnRunnerProgress& onProgress);
/// The same of a model that is in no folder: `config`, and weights as `source` answers for them.
std::unique_ptr<ModelRunner> loadCudaRunner(std::shared_ptr<CudaDevice> device,
                                            const CudaOptions& options, ModelConfig config,
                                            const ModelFolder& source,
                                            const OnRunnerProgress& onProgress);

}  // namespace signalbox
