// What options mean for a model and a machine, and which are refused.
#include "batch/engine_options.h"

#include <algorithm>
#include <charconv>
#include <string_view>

#include "batch/sequence.h"

namespace signalbox {
namespace {

/// More blocks than this are 32 times as many tokens: no machine has that much memory.
constexpr std::uint64_t kBlocksMax = 1u << 24;
/// More than any machine has CPUs; what a step needs is counted in `int` up to here.
constexpr int kThreadsMax = 4096;
constexpr int kStepTokensMax = 1 << 20;

void checkAtLeast(std::int64_t value, std::int64_t least, const char* option) {
  if (value >= least) return;
  throw EngineError(ErrorCode::kInvalidRequest, std::string(option) + " is " +
                                                    std::to_string(value) + ", below " +
                                                    std::to_string(least));
}

void checkAtMost(std::int64_t value, std::int64_t most, const char* option) {
  if (value <= most) return;
  throw EngineError(ErrorCode::kInvalidRequest, std::string(option) + " is " +
                                                    std::to_string(value) + ", above " +
                                                    std::to_string(most));
}

}  // namespace

int cudaDeviceOf(const EngineOptions& options) {
  constexpr std::string_view kCuda = "cuda:";
  if (options.device == "cpu") return -1;
  const std::string_view device = options.device;
  int index = 0;
  if (device.starts_with(kCuda) && device.size() > kCuda.size()) {
    const char* const end = device.data() + device.size();
    const auto [rest, error] = std::from_chars(device.data() + kCuda.size(), end, index);
    if (error == std::errc() && rest == end && index >= 0) return index;
  }
  throw EngineError(ErrorCode::kInvalidRequest,
                    "device is \"" + options.device + "\": cpu, or cuda:0 and so on, are possible");
}

void checkEngineOptions(const EngineOptions& options) {
  cudaDeviceOf(options);
  checkAtLeast(options.ranks, 1, "ranks");
  checkAtLeast(options.threads, 0, "threads");
  checkAtMost(options.threads, kThreadsMax, "threads");
  checkAtLeast(options.stepTokens, 1, "stepTokens");
  checkAtMost(options.stepTokens, kStepTokensMax, "stepTokens");
  checkAtLeast(options.sequencesMax, 1, "sequencesMax");
  checkAtLeast(options.waitingMax, 0, "waitingMax");
  checkAtLeast(options.contextMax, 0, "contextMax");
  checkAtLeast(options.stallMillis, 1, "stallMillis");
  if (!options.spillFolder.empty() && !options.prefixCache) {
    throw EngineError(ErrorCode::kInvalidRequest,
                      "spillFolder keeps blocks of the prefix cache, and prefixCache is off");
  }
}

int contextMaxOf(const EngineOptions& options, const ModelConfig& config) {
  if (options.contextMax > config.contextMax) {
    throw EngineError(ErrorCode::kInvalidRequest,
                      "contextMax is " + std::to_string(options.contextMax) + ": the model has " +
                          std::to_string(config.contextMax));
  }
  return options.contextMax > 0 ? options.contextMax : config.contextMax;
}

int cacheBlocksOf(const EngineOptions& options, int contextMax, std::uint64_t blockBytes,
                  std::uint64_t memory) {
  if (options.cacheBytes > 0) {
    const std::uint64_t blocks = std::min(options.cacheBytes / blockBytes, kBlocksMax);
    if (blocks > 0) return static_cast<int>(blocks);
    throw EngineError(ErrorCode::kInvalidRequest,
                      "cacheBytes " + std::to_string(options.cacheBytes) +
                          " holds no block: one takes " + std::to_string(blockBytes) + " bytes");
  }
  const std::uint64_t useful = static_cast<std::uint64_t>(blocksFor(contextMax)) *
                               static_cast<std::uint64_t>(options.sequencesMax);
  const std::uint64_t blocks = std::min({useful, memory / 4 * 3 / blockBytes, kBlocksMax});
  if (blocks > 0) return static_cast<int>(blocks);
  throw EngineError(ErrorCode::kNoMemory,
                    "beside the weights " + std::to_string(memory) +
                        " bytes of memory are left, too few for a cache: one block of " +
                        std::to_string(kBlockTokens) + " tokens takes " +
                        std::to_string(blockBytes));
}

}  // namespace signalbox
