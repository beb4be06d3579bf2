// Plans of steps as a scheduler would make them, for sequences that all look alike.
#include "bench/gpu_models.h"

#include <algorithm>
#include <cstdio>
#include <cstring>

#include "bench/random_folder.h"

namespace signalbox::bench {

namespace {

/// Beside what is taken by name, for the driver's own: local memory of kernels, queues.
constexpr std::uint64_t kLeftBytes = std::uint64_t{1} << 30;
constexpr int kStallMillis = 60'000;
/// Of the cache, computed by the model; the others are copies of these.
constexpr int kFillBlocks = 8;

int blocksOf(int tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

}  // namespace

ModelRunner& GpuModels::runner() const {
  if (runner_ != nullptr) return *runner_;
  throw EngineError(ErrorCode::kInvalidRequest, "no model is loaded: ask for \"model\" first");
}

void GpuModels::load(const Json& request, Answer& answer) {
  runner_.reset();
  name_ = textOf(request, "name", "");
  const KvDtype cache = cacheOf(request);
  answer.text("name", name_).text("cache", std::string(nameOf(cache)));
  const ModelConfig config = configOf(request);
  CudaOptions options;
  options.device = gpu_.device.facts().index;
  options.kernels = gpu_.folder;
  options.runner.cache = cache;
  options.runner.rowsMax = countOf(request, "rows", 2048, 1);
  options.runner.logitRowsMax = countOf(request, "sequences", 128, 1);
  options.runner.stallMillis = kStallMillis;
  options.runner.threads = 1;
  const int wanted = options.runner.logitRowsMax * blocksOf(countOf(request, "context", 8192, 1));
  const std::uint64_t free = gpu_.device.memory().free;
  const MemoryNeeds needs = cudaMemoryNeedsOf(config, options);
  const std::uint64_t fixed = needs.weights + needs.steps + std::min(kLeftBytes, free / 8);
  options.runner.blocks = static_cast<int>(std::min<std::uint64_t>(
      static_cast<std::uint64_t>(wanted), free > fixed ? (free - fixed) / needs.block : 0));
  if (options.runner.blocks == 0) {
    throw EngineError(ErrorCode::kNoMemory,
                      "weights and steps need " + std::to_string(needs.weights + needs.steps) +
                          " bytes, and " + std::to_string(free) + " are free");
  }
  sequencesMax_ = options.runner.logitRowsMax;
  const RandomFolder weights(
      config, static_cast<std::uint64_t>(numberOf(request, "fileBytes", double{1 << 30})));
  const std::shared_ptr<CudaDevice> device = openCudaDevice(options.device, options.kernels);
  double loaded = 0;
  const double start = secondsNow();
  const auto onProgress = [&](const char* phase, std::uint64_t done, std::uint64_t total) {
    if (done == total && std::strcmp(phase, "weights") == 0) loaded = secondsNow();
  };
  runner_ = loadCudaRunner(device, options, config, weights, onProgress);
  const double ready = secondsNow();
  fillCache();
  for (const auto& [purpose, bytes] : device->takenBytes()) {
    answer.number(("bytes of " + purpose).c_str(), static_cast<double>(bytes));
  }
  answer.number("blocks", options.runner.blocks)
      .number("blocksWanted", wanted)
      .number("blockBytes", static_cast<double>(runner_->facts().blockBytes))
      .number("fileBytes", static_cast<double>(weights.fileBytes()))
      .number("weightBytes", static_cast<double>(weights.bytes()))
      .number("weightSeconds", loaded - start)
      .number("readySeconds", ready - start)
      .number("gbPerSecond", static_cast<double>(weights.bytes()) / 1e9 / (ready - start));
}

/// What a prompt left in its blocks, in all others too: numbers as a cache has them.
void GpuModels::fillCache() {
  const RunnerFacts& facts = runner_->facts();
  const int given = std::min({kFillBlocks, facts.blocks, facts.rowsMax / kBlockTokens});
  if (given == 0) return;
  step(1, given * kBlockTokens, 0);
  std::vector<std::vector<std::uint8_t>> blocks;
  for (BlockId block = 0; block < given; ++block) {
    blocks.emplace_back(facts.blockBytes);
    runner_->saveBlock(block, blocks.back().data());
  }
  for (BlockId block = given; block < facts.blocks; ++block) {
    runner_->restoreBlock(block, blocks[static_cast<std::size_t>(block % given)].data());
  }
}

/// `rows` of each of `sequences` from `position` on; seconds until the last ones' logits are here.
double GpuModels::step(int sequences, int rows, int position) {
  const int each = blocksOf(position + rows);
  std::vector<BlockId> blocks;
  for (BlockId block = 0; block < sequences * each; ++block) blocks.push_back(block);
  std::vector<TokenId> tokens;
  std::vector<StepSequence> plan;
  std::vector<int> logitRows;
  for (int i = 0; i < sequences; ++i) {
    plan.push_back({i * rows, rows, position,
                    std::span(blocks).subspan(static_cast<std::size_t>(i * each),
                                              static_cast<std::size_t>(each))});
    logitRows.push_back((i + 1) * rows - 1);
  }
  for (int i = 0; i < sequences * rows; ++i) {
    seed_ = seed_ * 6364136223846793005u + 1442695040888963407u;
    tokens.push_back(static_cast<TokenId>(
        (seed_ >> 33) % static_cast<std::uint64_t>(runner_->config().vocab)));
  }
  const double began = secondsNow();
  runner_->run({++step_, tokens, plan, logitRows});
  return secondsNow() - began;
}

void GpuModels::needBlocks(int sequences, int tokens) const {
  const RunnerFacts& facts = runner().facts();
  if (sequences > sequencesMax_) {
    throw EngineError(ErrorCode::kInvalidRequest,
                      "the model was loaded for " + std::to_string(sequencesMax_) + " sequences");
  }
  const int needed = sequences * blocksOf(tokens);
  if (needed <= facts.blocks) return;
  const auto gigabytes = [&](int blocks) {
    char text[32];
    std::snprintf(text, sizeof text, "%.1f GB",
                  static_cast<double>(facts.blockBytes) * blocks / 1e9);
    return std::string(text);
  };
  throw EngineError(ErrorCode::kNoMemory, "does not fit: its cache is " + gigabytes(needed) +
                                              ", and there is room for " +
                                              gigabytes(facts.blocks));
}

void GpuModels::decode(const Json& request, Answer& answer) {
  const int batch = countOf(request, "batch", 1, 1);
  const int context = countOf(request, "context", 2048, 1);
  const int steps = countOf(request, "steps", 16, 1);
  constexpr int kUnmeasured = 2;
  answer.text("name", name_)
      .text("cache", std::string(nameOf(runner().facts().cache)))
      .number("batch", batch)
      .number("context", context);
  // The last step sees `context` tokens, those before it one less each.
  const int first = context - steps - kUnmeasured;
  if (first < 0) throw EngineError(ErrorCode::kInvalidRequest, "more steps than the context has");
  needBlocks(batch, context);
  std::vector<double> seconds;
  for (int i = 0; i < steps + kUnmeasured; ++i) {
    const double took = step(batch, 1, first + i);
    if (i >= kUnmeasured) seconds.push_back(took);
  }
  answer.number("depth", context - (steps - 1) / 2.0).times(seconds, "tokensPerSecond", batch);
}

void GpuModels::prefill(const Json& request, Answer& answer) {
  const int tokens = countOf(request, "tokens", 2048, 1);
  const int steps = countOf(request, "steps", 5, 1);
  answer.text("name", name_).number("tokens", tokens);
  needBlocks(1, tokens);
  std::vector<double> seconds;
  for (int i = 0; i <= steps; ++i) {
    const double took = step(1, tokens, 0);
    if (i > 0) seconds.push_back(took);
  }
  answer.times(seconds, "tokensPerSecond", tokens);
}

}  // namespace signalbox::bench
