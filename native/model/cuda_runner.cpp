// Loading, steps, and blocks in and out.
#include "model/cuda_runner.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <utility>
#include <vector>

#include "core/safetensors.h"
#include "device/upload.h"
#include "model/cuda_ops.h"
#include "model/llama.h"
#include "model/loader.h"

namespace signalbox {

namespace {

using std::chrono::milliseconds;

/// Of a loader thread's pinned memory, each of two: as large as the largest panel may well be.
constexpr std::size_t kUploadBytes = std::size_t{4} << 20;
/// Threads that read and pack. Each has kUploadBytes twice; a link is full with fewer.
constexpr int kLoadThreadsMax = 16;
/// Threads that draw, when nobody says how many.
constexpr int kDrawThreadsMax = 8;

class OpenedDevice final : public CudaDevice {
 public:
  OpenedDevice(int index, const std::string& kernels)
      : device(std::make_shared<cuda::Driver>(), index), library(device, kernels) {}
  std::uint64_t availableBytes() override { return device.memory().free; }
  std::map<std::string, std::uint64_t> takenBytes() const override { return device.taken(); }

  cuda::OpenDevice device;
  cuda::KernelLibrary library;
};

void checkOptions(const CudaOptions& options) {
  const auto refuse = [](const std::string& why) {
    throw EngineError(ErrorCode::kInvalidRequest, why);
  };
  const RunnerOptions& runner = options.runner;
  if (!runner.isa.empty()) {
    refuse("isa \"" + runner.isa + "\" is an instruction path of the CPU: leave it out for cuda:" +
           std::to_string(options.device));
  }
  if (runner.ranks != 1) {
    refuse("ranks is " + std::to_string(runner.ranks) +
           ": on CUDA devices a model has one rank so far");
  }
  if (runner.cache == KvDtype::kF32) {
    refuse("a cache in f32 belongs to the reference path of the CPU, not to CUDA devices");
  }
  if (runner.rowsMax < 1) refuse("rowsMax is " + std::to_string(runner.rowsMax));
  if (runner.blocks < 0) refuse("blocks is " + std::to_string(runner.blocks));
  if (runner.logitRowsMax < 0 || runner.logitRowsMax > runner.rowsMax) {
    refuse("logitRowsMax is " + std::to_string(runner.logitRowsMax));
  }
}

/// Positions that a sequence can have: those of the model, as far as there are blocks for them.
int positionsOf(const ModelConfig& config, int blocks) {
  return static_cast<int>(std::min<long>(config.contextMax, long{blocks} * kBlockTokens));
}

CudaModel modelOf(ModelConfig config, const CudaOptions& options, int positions) {
  checkOptions(options);
  const RunnerOptions& runner = options.runner;
  return cudaModelOf(std::move(config), runner.cache, runner.weights, runner.rowsMax,
                     runner.logitRowsMax > 0 ? runner.logitRowsMax : runner.rowsMax, positions);
}

CudaStepLimits limitsOf(const CudaModel& model, int blocks, int positions) {
  const ModelConfig& config = model.config;
  std::vector<int> windows = config.slidingWindow;
  std::sort(windows.begin(), windows.end());
  windows.erase(std::unique(windows.begin(), windows.end()), windows.end());
  return {.rowsMax = model.rowsMax,
          .logitRowsMax = model.logitRowsMax,
          .vocab = config.vocab,
          .blocks = blocks,
          .positions = positions,
          .group = config.heads / config.kvHeads,
          .itemsMax = model.itemsMax,
          .windows = std::move(windows),
          .frequencies = ropeFrequencies(config)};
}

/// Panels are packed for the CPU and then put in the device's order, so any path that packs as
/// kernels.h says will do.
const Kernels& packing() { return *kernelsNamed(""); }

/// The rank's weights from `base` on. The embedding lies apart also where the head is tied to it:
/// the kernel that reads it takes rows.
RankLayout layOut(const CudaModel& model, Arena& arena) {
  RankLayout layout =
      layOutRank(model.config, model.shards, 0, packing(), model.weights, arena);
  Bf16*& rows = layout.weights.embedding.rows;
  if (!model.config.tiedEmbeddings) return layout;
  const std::size_t elements = static_cast<std::size_t>(model.config.vocab) *
                               static_cast<std::size_t>(model.config.hidden);
  rows = arena.take<Bf16>(elements);
  layout.sharded += elements * sizeof(Bf16);
  return layout;
}

std::size_t blockBytesOf(const CudaModel& model) {
  return kvBlockHeadBytes(model.headPadded, model.cacheDtype) *
         static_cast<std::size_t>(model.config.kvHeads) *
         static_cast<std::size_t>(model.config.layers);
}

/// A loader thread's way to the device.
class DeviceWriter final : public WeightWriter {
 public:
  DeviceWriter(cuda::OpenDevice& device, milliseconds limit)
      : upload_(device, kUploadBytes, limit) {}

  void panel(const std::uint8_t* packed, int k, WeightDtype dtype, std::uint8_t* to) override {
    const std::size_t bytes = packing().panelBytes(k, dtype);
    toDevicePanel(packed, k, dtype, upload_.room(bytes));
    upload_.put(addressOf(to));
  }
  void bytes(const void* from, std::size_t count, void* to) override {
    upload_.write(from, count, addressOf(to));
  }
  void finish() override { upload_.finish(); }

 private:
  static cuda::Address addressOf(void* to) { return reinterpret_cast<std::uintptr_t>(to); }

  cuda::Upload upload_;
};

class CudaRunner final : public ModelRunner {
 public:
  CudaRunner(std::shared_ptr<OpenedDevice> opened, ModelConfig config, const CudaOptions& options)
      : opened_(std::move(opened)),
        options_(options.runner),
        positions_(positionsOf(config, options.runner.blocks)),
        model_(modelOf(std::move(config), options, positions_)),
        step_(limitsOf(model_, options_.blocks, positions_)),
        places_(model_, step_.bytesMax()),
        kernels_(findKernels(opened_->library, model_)),
        weights_(device(), "weights", weightBytes()),
        steps_(device(), "steps", places_.bytes),
        cache_(device(), "the key-value cache",
               blockBytesOf(model_) * static_cast<std::size_t>(options_.blocks)),
        inputs_(device(), step_.bytesMax(), "the inputs of a step"),
        logits_(device(),
                static_cast<std::size_t>(model_.logitRowsMax) *
                    static_cast<std::size_t>(model_.logitsStride) * sizeof(float),
                "logits"),
        block_(device(), blockBytesOf(model_), "a block on its way"),
        stream_(device()),
        end_(device()),
        rank_{model_, kernels_, places_, steps_, cacheLayout()},
        buffers_(CudaOps::buffersOf(rank_)),
        team_(std::make_unique<TeamGroup>(
            packing(), TeamOptions{.ranks = 1,
                                   .threads = drawThreads(options_.threads),
                                   .pin = options_.pin,
                                   .stallMillis = options_.stallMillis,
                                   .shrink = options_.shrink})) {}

  /// The threads go first: one that was given up as late may still be in a step.
  ~CudaRunner() override { team_.reset(); }

  void load(const ModelFolder& folder, const ModelTensors& tensors,
            const OnRunnerProgress& onProgress) {
    const auto report = [&](const char* phase, std::uint64_t done, std::uint64_t total) {
      if (onProgress) onProgress(phase, done, total);
    };
    device().use();
    // Panels are padded, and what is not written of them counts as zero. No weights are read here.
    stream_.fill(weights_.address(), 0, weights_.size());
    wait("clearing the memory for weights");
    Arena arena(weights_.at<std::uint8_t>(0));
    layout_ = layOut(model_, arena);
    const int threads =
        std::min(kLoadThreadsMax, std::max(2, usableCpus()));
    loadWeights(
        folder, packPlanOf(model_.config, tensors, model_.shards, {layout_}), packing(), threads,
        [this] {
          return std::make_unique<DeviceWriter>(device(), milliseconds(options_.stallMillis));
        },
        [&](std::uint64_t done, std::uint64_t total) { report("weights", done, total); });
    const std::uint64_t total = cache_.size() + steps_.size();
    report("cache", 0, total);
    if (cache_.size() > 0) stream_.fill(cache_.address(), 0, cache_.size());
    stream_.fill(steps_.address(places_.tickets), 0, places_.ticketBytes);
    wait("clearing the cache");
    report("cache", total, total);
    describe();
  }

  const ModelConfig& config() const override { return model_.config; }
  const RunnerFacts& facts() const override { return facts_; }

  Logits run(const StepPlan& plan) override {
    rethrowFailure();
    const std::size_t bytes = step_.build(plan, inputs_.bytes());
    guarded([&] {
      device().use();
      stream_.copyIn(steps_.address(places_.inputs), inputs_.bytes(), bytes);
      CudaOps ops(rank_, step_, stream_);
      forward(ops, model_.config, layout_.weights, buffers_);
      const std::size_t rows = step_.logitRows().size();
      if (rows > 0) {
        stream_.copyOut(logits_.bytes(), steps_.address(places_.logits),
                        rows * static_cast<std::size_t>(model_.logitsStride) * sizeof(float));
      }
      waitForStep(plan.step);
    });
    return {reinterpret_cast<const float*>(logits_.bytes()),
            static_cast<std::size_t>(model_.logitsStride), model_.config.vocab};
  }

  void parallel(int count, const std::function<void(int)>& body) override {
    rethrowFailure();
    parallel_ = {body, count};
    guarded([&] {
      team_->run(0, 1, [this](TeamMember& member) {
        member.forEach(parallel_.count, "parallel", parallel_.body);
      });
    });
  }

  void saveBlock(BlockId block, std::uint8_t* to) const override {
    rethrowFailure();
    checkBlock(block);
    guarded([&] {
      device().use();
      stream_.copyOut(block_.bytes(), addressOf(block), block_.size());
      wait("saving a block of the cache");
    });
    std::memcpy(to, block_.bytes(), block_.size());
  }

  void restoreBlock(BlockId block, const std::uint8_t* from) override {
    rethrowFailure();
    checkBlock(block);
    std::memcpy(block_.bytes(), from, block_.size());
    guarded([&] {
      device().use();
      stream_.copyIn(addressOf(block), block_.bytes(), block_.size());
      wait("restoring a block of the cache");
    });
  }

  TeamCounters team() const override { return team_->counters(); }

 private:
  static int drawThreads(int asked) {
    if (asked > 0) return asked;
    return std::clamp(usableCpus(), 1, kDrawThreadsMax);
  }

  cuda::OpenDevice& device() const { return opened_->device; }

  std::size_t weightBytes() const {
    Arena counting(nullptr);
    layOut(model_, counting);
    return counting.used();
  }

  KvLayout cacheLayout() const {
    KvLayout cache{};
    cache.pool = cache_.at<std::uint8_t>(0);
    cache.headStride = kvBlockHeadBytes(model_.headPadded, model_.cacheDtype);
    cache.layerStride = cache.headStride * static_cast<std::size_t>(model_.config.kvHeads);
    cache.blockStride = blockBytesOf(model_);
    cache.dtype = model_.cacheDtype;
    return cache;
  }

  cuda::Address addressOf(BlockId block) const {
    return cache_.address(static_cast<std::size_t>(block) * blockBytesOf(model_));
  }
  void checkBlock(BlockId block) const {
    SIGNALBOX_CHECK(block >= 0 && block < options_.blocks, std::to_string(block));
  }

  std::string lateness(const std::string& what) const {
    return what + " took longer than " + std::to_string(options_.stallMillis) + " ms";
  }

  /// Until the stream is past all that was enqueued.
  bool isDone() const {
    end_.record(stream_);
    return end_.wait(milliseconds(options_.stallMillis));
  }
  void waitForStep(std::uint64_t step) {
    if (isDone()) return;
    device().abandon(lateness("step " + std::to_string(step)));
    throw StallError(0, step, device().spent());
  }
  void wait(const std::string& what) const {
    if (isDone()) return;
    device().abandon(lateness(what));
    throw EngineError(ErrorCode::kStalled, device().spent());
  }

  void describe() {
    facts_ = {.isa = "cuda-sm90",
              .numerics = Numerics::kNative,
              .weights = options_.weights,
              .cache = model_.cacheDtype,
              .ranks = 1,
              .threads = team_->counters().threads,
              .rowsMax = model_.rowsMax,
              .blocks = options_.blocks,
              .blockBytes = blockBytesOf(model_),
              .bytes = {{layout_.sharded, layout_.replicated, cache_.size()}}};
  }

  void rethrowFailure() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }
  template <class Body>
  void guarded(Body&& body) const {
    try {
      body();
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }

  struct Parallel {
    std::function<void(int)> body;
    int count = 0;
  };

  const std::shared_ptr<OpenedDevice> opened_;
  const RunnerOptions options_;
  const int positions_;
  const CudaModel model_;
  CudaStep step_;
  const CudaPlaces places_;
  const CudaKernels kernels_;
  const cuda::DeviceMemory weights_;
  const cuda::DeviceMemory steps_;
  const cuda::DeviceMemory cache_;
  const cuda::PinnedMemory inputs_;
  const cuda::PinnedMemory logits_;
  const cuda::PinnedMemory block_;
  mutable cuda::OrderedStream stream_;
  mutable cuda::Mark end_;
  const CudaRank rank_;
  const StepBuffers buffers_;
  RankLayout layout_;
  RunnerFacts facts_{};
  Parallel parallel_;
  mutable std::exception_ptr failure_;
  std::unique_ptr<TeamGroup> team_;
};

}  // namespace

std::shared_ptr<CudaDevice> openCudaDevice(int index, const std::string& kernels) {
  return std::make_shared<OpenedDevice>(index, kernels);
}

MemoryNeeds cudaMemoryNeedsOf(const ModelConfig& config, const CudaOptions& options) {
  // How many blocks there will be is not known yet: as many as the longest sequence needs.
  const int blocks = config.contextMax / kBlockTokens + 1;
  const int positions = positionsOf(config, blocks);
  const CudaModel model = modelOf(config, options, positions);
  Arena counting(nullptr);
  layOut(model, counting);
  const CudaStep step(limitsOf(model, blocks, positions));
  return {counting.used(), CudaPlaces(model, step.bytesMax()).bytes, blockBytesOf(model)};
}

std::unique_ptr<ModelRunner> loadCudaRunner(std::shared_ptr<CudaDevice> device,
                                            const CudaOptions& options,
                                            const OnRunnerProgress& onProgress) {
  ModelConfig config = readModelConfig(options.runner.folder);
  const std::unique_ptr<ModelFolder> folder = ModelFolder::open(options.runner.folder);
  return loadCudaRunner(std::move(device), options, std::move(config), *folder, onProgress);
}

std::unique_ptr<ModelRunner> loadCudaRunner(std::shared_ptr<CudaDevice> device,
                                            const CudaOptions& options, ModelConfig config,
                                            const ModelFolder& source,
                                            const OnRunnerProgress& onProgress) {
  const ModelTensors tensors = tensorsOf(config, source);
  auto runner = std::make_unique<CudaRunner>(
      std::static_pointer_cast<OpenedDevice>(std::move(device)), std::move(config), options);
  runner->load(source, tensors, onProgress);
  return runner;
}

}  // namespace signalbox
