// From a model folder to an engine that runs.
#include <algorithm>
#include <chrono>
#include <cstring>

#include "batch/batch_engine.h"
#include "batch/engine_options.h"
#include "core/memory.h"
#include "model/cpu_runner.h"
#include "model/cuda_runner.h"
#include "model/tensors.h"

namespace signalbox {
namespace {

/// Tells each phase as it begins and as it goes on, and keeps how long it took.
class Waterfall {
 public:
  explicit Waterfall(const Engine::OnProgress& onProgress) : onProgress_(onProgress) {}

  void at(const char* phase, std::uint64_t done, std::uint64_t total) {
    const double now = seconds();
    if (phases_.empty() || std::strcmp(phase, current_) != 0) {
      close(now);
      current_ = phase;
      phases_.emplace_back(phase, now);
    }
    if (onProgress_) onProgress_({phase, done, total, now});
  }

  /// Phases and how long each took.
  std::vector<std::pair<std::string, double>> finish() {
    at("ready", 0, 0);
    phases_.pop_back();
    return phases_;
  }

 private:
  double seconds() const {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  }
  /// The phase in progress held its beginning until now.
  void close(double now) {
    if (!phases_.empty()) phases_.back().second = now - phases_.back().second;
  }

  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  const Engine::OnProgress& onProgress_;
  const char* current_ = "";
  std::vector<std::pair<std::string, double>> phases_;
};

RunnerOptions runnerOptionsOf(const EngineOptions& options) {
  RunnerOptions runner;
  runner.folder = options.folder;
  runner.isa = options.isa;
  runner.weights = options.weights;
  runner.cache = options.cache;
  runner.ranks = options.ranks;
  runner.threads = options.threads;
  runner.pin = options.pin;
  runner.rowsMax = options.stepTokens;
  runner.logitRowsMax = std::min(options.sequencesMax, options.stepTokens);
  runner.stallMillis = options.stallMillis;
  return runner;
}

/// What computes, before it is known how many blocks its cache has.
class BackEnd {
 public:
  BackEnd(const EngineOptions& options, const ModelConfig& config)
      : cuda_{runnerOptionsOf(options), cudaDeviceOf(options), options.kernels} {
    if (cuda_.device < 0) {
      needs_ = memoryNeedsOf(config, cuda_.runner);
      available_ = availableMemoryBytes();
      return;
    }
    needs_ = cudaMemoryNeedsOf(config, cuda_);
    device_ = openCudaDevice(cuda_.device, cuda_.kernels);
    available_ = device_->availableBytes();
  }

  const MemoryNeeds& needs() const { return needs_; }
  /// Of the memory that the needs are of, beside weights and steps.
  std::uint64_t left() const {
    const std::uint64_t fixed = needs_.weights + needs_.steps;
    return available_ > fixed ? available_ - fixed : 0;
  }
  std::unique_ptr<ModelRunner> load(int blocks, const OnRunnerProgress& onProgress) {
    cuda_.runner.blocks = blocks;
    return device_ == nullptr ? loadCpuRunner(cuda_.runner, onProgress)
                              : loadCudaRunner(device_, cuda_, onProgress);
  }

 private:
  CudaOptions cuda_;
  std::shared_ptr<CudaDevice> device_;  // null: the CPU
  MemoryNeeds needs_{};
  std::uint64_t available_ = 0;
};

}  // namespace

std::unique_ptr<Engine> Engine::load(const EngineOptions& options, const OnProgress& onProgress,
                                     OnStep onStep) {
  Waterfall waterfall(onProgress);
  waterfall.at("config", 0, 0);
  checkEngineOptions(options);
  const CheckedFolder folder = checkFolder(options.folder);
  const int contextMax = contextMaxOf(options, folder.config);
  BackEnd backEnd(options, folder.config);
  const int blocks =
      cacheBlocksOf(options, contextMax, backEnd.needs().block, backEnd.left());
  auto runner =
      backEnd.load(blocks, [&](const char* phase, std::uint64_t done, std::uint64_t total) {
        waterfall.at(phase, done, total);
      });
  waterfall.at("threads", 0, 0);
  ModelSummary summary;
  summary.config = runner->config();
  summary.facts = runner->facts();
  summary.contextMax = contextMax;
  summary.parameters = folder.parameters;
  summary.waterfall = waterfall.finish();
  return std::make_unique<BatchEngine>(std::move(runner), options, std::move(onStep),
                                       std::move(summary));
}

void checkDevice(const std::string& device, const std::string& kernels) {
  EngineOptions options;
  options.device = device;
  const int index = cudaDeviceOf(options);
  if (index >= 0) openCudaDevice(index, kernels);
}

ModelSummary checkModelFolder(const std::string& path) {
  const CheckedFolder folder = checkFolder(path);
  ModelSummary summary{};
  summary.config = folder.config;
  summary.contextMax = folder.config.contextMax;
  summary.parameters = folder.parameters;
  return summary;
}

}  // namespace signalbox
