// Loading, steps, and blocks in and out.
#include "model/cpu_runner.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <exception>
#include <thread>
#include <utility>
#include <vector>

#include "core/safetensors.h"
#include "model/cpu_ops.h"
#include "model/llama.h"
#include "model/loader.h"

namespace signalbox {

namespace {

const Kernels& kernelsOf(const std::string& isa) {
  const Kernels* const kernels = kernelsNamed(isa.c_str());
  if (kernels != nullptr) return *kernels;
  std::string known;
  for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
    known += std::string(known.empty() ? "" : ", ") + *name;
  }
  const std::string reason = whyNotHere(isa.c_str());
  throw EngineError(ErrorCode::kInvalidRequest,
                    "instruction path \"" + isa + "\" is not to be had: " +
                        (reason.empty() ? "there is none of this name" : reason) +
                        "; here are: " + known);
}

KvDtype cacheDtypeOf(const Kernels& kernels, KvDtype asked) {
  if (kernels.numerics == Numerics::kReference) return KvDtype::kF32;
  if (asked != KvDtype::kF32) return asked;
  throw EngineError(ErrorCode::kInvalidRequest,
                    std::string("a cache in f32 belongs to the reference path, not to ") +
                        kernels.name);
}

void checkOptions(const RunnerOptions& options) {
  const auto refuse = [](const std::string& why) {
    throw EngineError(ErrorCode::kInvalidRequest, why);
  };
  if (options.rowsMax < 1) refuse("rowsMax is " + std::to_string(options.rowsMax));
  if (options.blocks < 0) refuse("blocks is " + std::to_string(options.blocks));
  if (options.logitRowsMax < 0 || options.logitRowsMax > options.rowsMax) {
    refuse("logitRowsMax is " + std::to_string(options.logitRowsMax));
  }
  if (options.faultStall && options.ranks < 2) {
    refuse("a rank that stands still is noticed by another one: faultStall needs two");
  }
}

CpuModel modelOf(ModelConfig config, const RunnerOptions& options) {
  checkOptions(options);
  const Kernels& kernels = kernelsOf(options.isa);
  return cpuModelOf(kernels, std::move(config), options.ranks,
                    cacheDtypeOf(kernels, options.cache), options.rowsMax,
                    options.logitRowsMax > 0 ? options.logitRowsMax : options.rowsMax);
}

std::uint64_t sharedBytes(const CpuModel& model) {
  const std::uint64_t logits = static_cast<std::uint64_t>(model.logitRowsMax) *
                               static_cast<std::uint64_t>(model.logitsStride) * sizeof(float);
  const std::uint64_t ranks = static_cast<std::uint64_t>(model.shards.ranks);
  return logits + (ranks > 1 ? ranks * AllReduce::bytesPerRank(model.rowsMax, model.width) : 0);
}

std::string gigabytes(std::uint64_t bytes) {
  const std::uint64_t hundredths = bytes / 10'000'000;
  const std::string rest = std::to_string(hundredths % 100);
  return std::to_string(hundredths / 100) + "." + (rest.size() < 2 ? "0" : "") + rest + " GB";
}

/// Writes to every page, so that no step waits for the system to find memory.
void touch(const HugeBuffer& memory, int threads,
           const std::function<void(std::uint64_t)>& onDone) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kRound = std::size_t{256} << 20;
  for (std::size_t begin = 0; begin < memory.size(); begin += kRound) {
    const std::size_t end = std::min(begin + kRound, memory.size());
    const auto part = [&](int index) {
      const std::size_t step = static_cast<std::size_t>(threads) * (std::size_t{2} << 20);
      for (std::size_t huge = begin + static_cast<std::size_t>(index) * (std::size_t{2} << 20);
           huge < end; huge += step) {
        const std::size_t stop = std::min(huge + (std::size_t{2} << 20), end);
        for (std::size_t at = huge; at < stop; at += kPage) {
          static_cast<volatile std::uint8_t*>(memory.bytes())[at] = 0;
        }
      }
    };
    std::vector<std::jthread> others;
    for (int i = 1; i < threads; ++i) others.emplace_back([&, i] { part(i); });
    part(0);
    others.clear();  // Joins.
    onDone(end - begin);
  }
}

class CpuRunner final : public ModelRunner {
 public:
  CpuRunner(ModelConfig config, const RunnerOptions& options)
      : options_(options),
        model_(modelOf(std::move(config), options)),
        step_({.rowsMax = model_.rowsMax,
               .logitRowsMax = model_.logitRowsMax,
               .vocab = model_.config.vocab,
               .blocks = options.blocks,
               .tilePositions = model_.kernels->attentionPositions(model_.shards.heads /
                                                                   model_.shards.kvHeads)}),
        team_(std::make_unique<TeamGroup>(*model_.kernels,
                                          TeamOptions{.ranks = options.ranks,
                                                      .threads = options.threads,
                                                      .pin = options.pin,
                                                      .stallMillis = options.stallMillis,
                                                      .shrink = options.shrink})) {
    for (int rank = 0; rank < options.ranks; ++rank) {
      ranks_.push_back(std::make_unique<CpuRank>(model_, rank, team_->threadsOf(rank),
                                                 options.weights, options.blocks));
    }
  }

  /// The threads go first: one that was given up as late may still be in a step.
  ~CpuRunner() override { team_.reset(); }

  void load(const ModelFolder& folder, const ModelTensors& tensors,
            const OnRunnerProgress& onProgress) {
    checkMemory();
    const auto report = [&](const char* phase, std::uint64_t done, std::uint64_t total) {
      if (onProgress) onProgress(phase, done, total);
    };
    std::vector<RankLayout> layouts;
    for (const std::unique_ptr<CpuRank>& rank : ranks_) {
      rank->allocate();
      layouts.push_back(rank->layout());
    }
    allocateShared();
    const int threads = std::max(2, team_->counters().threads);
    loadWeights(folder, packPlanOf(model_.config, tensors, model_.shards, layouts), *model_.kernels,
                threads, {},
                [&](std::uint64_t done, std::uint64_t total) { report("weights", done, total); });
    std::uint64_t total = logits_.size();
    for (const std::unique_ptr<CpuRank>& rank : ranks_) total += rank->workBytes();
    std::uint64_t done = 0;
    const auto touched = [&](std::uint64_t bytes) { report("cache", done += bytes, total); };
    report("cache", 0, total);
    touch(logits_, threads, touched);
    for (const std::unique_ptr<CpuRank>& rank : ranks_) {
      for (const HugeBuffer* memory : rank->workMemory()) touch(*memory, threads, touched);
    }
    describe();
  }

  const ModelConfig& config() const override { return model_.config; }
  const RunnerFacts& facts() const override { return facts_; }

  Logits run(const StepPlan& plan) override {
    rethrowFailure();
    step_.build(plan);
    if (exchange_ != nullptr) exchange_->begin();
    const auto began = std::chrono::steady_clock::now();
    runTeam(plan.step, CpuOps::operationsMax(model_.config), [this](TeamMember& member) {
      stallIfAsked(member);
      const CpuRank& rank = *ranks_[static_cast<std::size_t>(member.rank())];
      const bool timed = clock_.on() && member.rank() == 0 && member.thread() == 0;
      CpuOps ops(model_, rank, step_, member, exchange_.get(), logits_.as<float>(),
                 timed ? &clock_ : nullptr);
      forward(ops, model_.config, rank.layout().weights, rank.buffers());
    });
    if (clock_.on()) {
      const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - began;
      clock_.addStep(passed.count());
    }
    return {logits_.as<float>(), static_cast<std::size_t>(model_.logitsStride),
            model_.config.vocab};
  }

  void parallel(int count, const std::function<void(int)>& body) override {
    rethrowFailure();
    parallel_ = {body, count};
    runTeam(stepNumber_, 1, [this](TeamMember& member) {
      const auto firstOf = [&](int rank) {
        return static_cast<int>(static_cast<long>(parallel_.count) * rank / member.ranks());
      };
      const int first = firstOf(member.rank());
      member.forEach(firstOf(member.rank() + 1) - first, "parallel",
                     [&](int index) { parallel_.body(first + index); });
    });
  }

  void saveBlock(BlockId block, std::uint8_t* to) const override {
    forHeads(block, [&](std::uint8_t* head, std::size_t at, bool first) {
      if (first) std::memcpy(to + at, head, headBytes());
    });
  }

  void restoreBlock(BlockId block, const std::uint8_t* from) override {
    forHeads(block, [&](std::uint8_t* head, std::size_t at, bool) {
      std::memcpy(head, from + at, headBytes());
    });
  }

  TeamCounters team() const override { return team_->counters(); }

 private:
  std::size_t headBytes() const {
    return model_.kernels->kvHeadBytes(model_.config.headDim, model_.cacheDtype);
  }

  /// body(where a head lies, its offset in a saved block, whether it is its first replica).
  template <class Body>
  void forHeads(BlockId block, Body&& body) const {
    SIGNALBOX_CHECK(block >= 0 && block < options_.blocks, std::to_string(block));
    for (int r = 0; r < model_.shards.ranks; ++r) {
      const KvLayout& cache = ranks_[static_cast<std::size_t>(r)]->cache();
      const int firstHead = model_.shards.firstKvHead(r, model_.config);
      for (int layer = 0; layer < model_.config.layers; ++layer) {
        for (int head = 0; head < model_.shards.kvHeads; ++head) {
          const std::size_t at =
              static_cast<std::size_t>(layer * model_.config.kvHeads + firstHead + head);
          body(cache.pool + static_cast<std::size_t>(block) * cache.blockStride +
                   static_cast<std::size_t>(layer) * cache.layerStride +
                   static_cast<std::size_t>(head) * cache.headStride,
               at * headBytes(), r % model_.shards.kvReplicas == 0);
        }
      }
    }
  }

  void checkMemory() const {
    std::uint64_t weights = 0;
    std::uint64_t steps = sharedBytes(model_);
    std::uint64_t cache = 0;
    for (const std::unique_ptr<CpuRank>& rank : ranks_) {
      weights += rank->weightBytes();
      steps += rank->stepBytes();
      cache += rank->cacheBytes();
    }
    const std::uint64_t available = availableMemoryBytes();
    if (weights + steps + cache <= available) return;
    throw EngineError(ErrorCode::kNoMemory,
                      options_.folder + ": needs " + gigabytes(weights + steps + cache) + " (" +
                          gigabytes(weights) + " weights, " + gigabytes(cache) + " cache, " +
                          gigabytes(steps) + " for a step), and " + gigabytes(available) +
                          " are available");
  }

  void allocateShared() {
    logits_ = HugeBuffer(static_cast<std::size_t>(model_.logitRowsMax) *
                             static_cast<std::size_t>(model_.logitsStride) * sizeof(float),
                         "logits");
    if (model_.shards.ranks == 1) return;
    std::vector<float*> residuals;
    for (const std::unique_ptr<CpuRank>& rank : ranks_) residuals.push_back(rank->residual());
    exchange_ = std::make_unique<AllReduce>(*model_.kernels, std::move(residuals), model_.rowsMax,
                                            model_.width);
  }

  void describe() {
    facts_ = {.isa = model_.kernels->name,
              .numerics = model_.kernels->numerics,
              .weights = options_.weights,
              .cache = model_.cacheDtype,
              .ranks = options_.ranks,
              .threads = team_->counters().threads,
              .rowsMax = model_.rowsMax,
              .blocks = options_.blocks,
              .blockBytes = headBytes() * static_cast<std::size_t>(model_.config.layers) *
                            static_cast<std::size_t>(model_.config.kvHeads),
              .bytes = {}};
    for (const std::unique_ptr<CpuRank>& rank : ranks_) {
      facts_.bytes.push_back(
          {rank->layout().sharded, rank->layout().replicated, rank->cacheBytes()});
    }
  }

  /// Before anything is changed that a thread given up as late may still read.
  void rethrowFailure() const {
    if (failure_ != nullptr) std::rethrow_exception(failure_);
  }

  void runTeam(std::uint64_t step, int operations, const std::function<void(TeamMember&)>& body) {
    stepNumber_ = step;
    try {
      team_->run(step, operations, body);
    } catch (...) {
      failure_ = std::current_exception();
      throw;
    }
  }

  void stallIfAsked(const TeamMember& member) const {
    const std::optional<RunnerOptions::Stall>& stall = options_.faultStall;
    if (!stall || stall->rank != member.rank() || stall->step != member.step()) return;
    for (;;) {
      member.checkAbort();
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  struct Parallel {
    std::function<void(int)> body;
    int count = 0;
  };

  const RunnerOptions options_;
  const CpuModel model_;
  CpuStep step_;
  std::vector<std::unique_ptr<CpuRank>> ranks_;
  HugeBuffer logits_;
  std::unique_ptr<AllReduce> exchange_;
  StepClock clock_;
  RunnerFacts facts_{};
  Parallel parallel_;
  std::uint64_t stepNumber_ = 0;
  std::exception_ptr failure_;
  std::unique_ptr<TeamGroup> team_;
};

}  // namespace

MemoryNeeds memoryNeedsOf(const ModelConfig& config, const RunnerOptions& options) {
  const CpuModel model = modelOf(config, options);
  MemoryNeeds needs{0, sharedBytes(model), 0};
  const int total = options.threads > 0 ? options.threads : usableCpus();
  for (int rank = 0; rank < options.ranks; ++rank) {
    const int threads = (std::max(total, options.ranks) + options.ranks - 1) / options.ranks;
    const CpuRank planned(model, rank, threads, options.weights, 1);
    needs.weights += planned.weightBytes();
    needs.steps += planned.stepBytes();
    needs.block += planned.cacheBytes();
  }
  return needs;
}

std::unique_ptr<ModelRunner> loadCpuRunner(const RunnerOptions& options,
                                           const OnRunnerProgress& onProgress) {
  ModelConfig config = readModelConfig(options.folder);
  const std::unique_ptr<ModelFolder> folder = ModelFolder::open(options.folder);
  const ModelTensors tensors = tensorsOf(config, *folder);
  auto runner = std::make_unique<CpuRunner>(std::move(config), options);
  runner->load(*folder, tensors, onProgress);
  return runner;
}

}  // namespace signalbox
