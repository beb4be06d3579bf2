// What the tests of gpu_main stand on: a device that is open, times by its own clock, and random
// bytes to compute with. Zeros run up to 13 % faster than random numbers, so nothing here is timed
// on memory as it was found.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "comm/team.h"
#include "core/config.h"
#include "core/json.h"
#include "device/arena.h"
#include "device/kernels.h"

namespace signalbox::bench {

struct Gpu {
  /// Throws kUnavailable, "no CUDA device: " and why.
  Gpu(int index, std::string kernels);

  const std::string& name() const { return device.facts().name; }

  std::shared_ptr<const cuda::Driver> driver;
  cuda::OpenDevice device;
  const std::string folder;  // of the kernels' machine code
  cuda::KernelLibrary library;
};

/// What a request asks for: `config` is the text of a config.json, `cache` is "bf16" or "fp8".
ModelConfig configOf(const Json& request);
KvDtype cacheOf(const Json& request);

/// Until `mark` is reached; a device that takes longer than 20 s is given up. Throws kStalled.
void waitFor(Gpu& gpu, cuda::Mark& mark);

/// Seconds, by the device's clock, of each of `steps` times what `enqueue` puts into the stream.
/// The first time is not among them.
std::vector<double> timesOf(Gpu& gpu, cuda::OrderedStream& stream, int steps,
                            FunctionRef<void()> enqueue);

/// bf16 numbers, uniform within +-scale, as bytes; the same ones for the same `seed`.
std::vector<Bf16> randomBf16(std::size_t count, float scale, std::uint64_t seed);

/// Fills device memory with `block`, again and again.
void fillWith(Gpu& gpu, cuda::OrderedStream& stream, cuda::Address to, std::size_t bytes,
              const void* block, std::size_t blockBytes);

}  // namespace signalbox::bench
