// Reads a model folder's tensors into the places laid out for them, on several threads.
//
//   L1. Bytes go from the file into staging of about half a megabyte per thread and from there,
//       packed, to where they stay: no tensor is held twice, none is mapped.
//   L2. Any dtype the checks let through becomes bf16 on the way; norms and biases become floats.
//   L3. Pieces are read in the order of the file.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "core/safetensors.h"
#include "kernels_cpu/kernels.h"
#include "model/cpu_weights.h"

namespace signalbox {

/// Bytes of the files read so far. Called on the thread that called loadWeights.
using OnLoaded = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Takes what one thread packs to where it stays, when that is not the host's memory: the places of
/// the plan are then a device's addresses. What it is given may be overwritten once it returns.
class WeightWriter {
 public:
  virtual ~WeightWriter() = default;
  /// A panel as `kernels` pack it.
  virtual void panel(const std::uint8_t* packed, int k, WeightDtype dtype, std::uint8_t* to) = 0;
  virtual void bytes(const void* from, std::size_t count, void* to) = 0;
  /// Until all of it is there.
  virtual void finish() = 0;
};
/// Called by each thread for itself. Empty: the places are memory of the host, zero when new.
using WriterOf = std::function<std::unique_ptr<WeightWriter>()>;

/// Throws kIo, or what a writer throws; what was loaded until then is unfinished. `threads` >= 1 of
/// them read and pack.
void loadWeights(const ModelFolder& folder, const PackPlan& plan, const Kernels& kernels,
                 int threads, const WriterOf& writerOf, const OnLoaded& onLoaded);

}  // namespace signalbox
