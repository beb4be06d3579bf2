// Reads a model folder's tensors into the places laid out for them, on several threads.
//
//   L1. Bytes go from the file into staging of about half a megabyte per thread and from there,
//       packed, to where they stay: no tensor is held twice, none is mapped.
//   L2. Any dtype the checks let through becomes bf16 on the way; norms and biases become floats.
//   L3. Pieces are read in the order of the file.
#pragma once

#include <cstdint>
#include <functional>

#include "core/safetensors.h"
#include "kernels_cpu/kernels.h"
#include "model/cpu_weights.h"

namespace signalbox {

/// Bytes of the files read so far. Called on the thread that called loadWeights.
using OnLoaded = std::function<void(std::uint64_t done, std::uint64_t total)>;

/// Throws kIo; what was loaded until then is unfinished. `threads` >= 1 of them read and pack.
void loadWeights(const ModelFolder& folder, const PackPlan& plan, const Kernels& kernels,
                 int threads, const OnLoaded& onLoaded);

}  // namespace signalbox
