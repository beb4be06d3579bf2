// What options must be, and what those that are left to the engine become.
#pragma once

#include <cstdint>

#include "engine/engine.h"

namespace signalbox {

/// Throws kInvalidRequest naming the option.
void checkEngineOptions(const EngineOptions& options);

/// -1: the CPU; else the index of the CUDA device. Throws kInvalidRequest.
int cudaDeviceOf(const EngineOptions& options);

/// The option, or the model's. Throws kInvalidRequest where the option is beyond the model's.
int contextMaxOf(const EngineOptions& options, const ModelConfig& config);

/// Blocks of the cache: what cacheBytes holds; or without it, what contextMax times sequencesMax
/// can use, within three quarters of `memory` (the rest is the system's and everybody else's). One
/// block takes `blockBytes`. Throws kInvalidRequest or kNoMemory when that is not even one.
int cacheBlocksOf(const EngineOptions& options, int contextMax, std::uint64_t blockBytes,
                  std::uint64_t memory);

}  // namespace signalbox
