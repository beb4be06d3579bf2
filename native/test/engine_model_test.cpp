// The engine over real models: however a request is computed, it gets the same bits.
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>

#include "alone.h"
#include "batch/acceptance.h"
#include "batch_driver.h"
#include "check.h"
#include "decoding.h"
#include "model/cpu_runner.h"
#include "temporary_folder.h"

namespace signalbox {
namespace {

using test::AloneOutput;
using test::BatchDriver;
using test::Random;
using test::Track;

constexpr int kBlocks = 24;
constexpr int kContextMax = 320;
constexpr int kPrompt = 200;
constexpr int kOutput = 60;

std::unique_ptr<ModelRunner> runnerOf(const std::filesystem::path& folder, KvDtype cache,
                                      int ranks = 1, const std::string& isa = "",
                                      int threads = 2) {
  RunnerOptions options;
  options.folder = folder.string();
  options.isa = isa;
  options.cache = cache;
  options.ranks = ranks;
  options.threads = threads;
  options.pin = false;
  options.blocks = kBlocks;
  options.rowsMax = 64;
  options.stallMillis = 60000;  // a loaded machine is no reason to fail here
  return loadCpuRunner(options, nullptr);
}

std::vector<TokenId> tokensFor(const ModelRunner& runner, std::uint64_t seed, int count) {
  Random random(seed);
  return test::randomTokens(random, count, runner.config().vocab);
}

Request fillerOf(const ModelRunner& runner, std::uint64_t id, int prompt, int output) {
  Request request = test::requestOf(id, tokensFor(runner, id, prompt), output);
  request.sampling.ignoreEos = true;
  return request;
}

/// Fills every block with something plausible that belongs to nobody.
void litter(ModelRunner& runner) {
  const std::vector<TokenId> tokens = tokensFor(runner, 99, 64);
  for (BlockId block = 0; block < kBlocks; block += 2) {
    const BlockId blocks[] = {block, block + 1};
    const StepSequence step{0, 64, 0, blocks};
    const int row = 63;
    runner.run({1, tokens, {&step, 1}, {&row, 1}});
  }
}

/// One way for a request to be computed; says whether that is what happened.
struct Way {
  const char* name;
  std::function<bool(BatchDriver&, const Request&)> run;
};

bool cold(BatchDriver& driver, const Request& request) {
  driver.submit(request);
  driver.runToEnd(request.id);
  return driver.tracks.at(request.id).cachedTokens == 0;
}

bool prefixHit(BatchDriver& driver, const Request& request) {
  Request before = request;
  before.id = 1000;
  driver.submit(before);
  driver.runToEnd(1000);
  driver.submit(request);
  driver.runToEnd(request.id);
  return driver.tracks.at(request.id).cachedTokens == kPrompt / kBlockTokens * kBlockTokens;
}

/// Others take a part of every step, so the chunks are of all sizes.
bool chunked(BatchDriver& driver, const ModelRunner& runner, const Request& request) {
  for (std::uint64_t id = 2000; id < 2005; ++id) driver.submit(fillerOf(runner, id, 41, 5));
  driver.submit(request);
  std::set<int> chunks;
  while (driver.tracks.at(request.id).finish == FinishReason::kNone) {
    CHECK(driver.step());
    for (const Sequence* sequence : driver.decoder.scheduler().running()) {
      if (sequence->id == request.id) chunks.insert(sequence->computed);
    }
  }
  return chunks.size() > 4;
}

bool preempted(BatchDriver& driver, const ModelRunner& runner, const Request& request) {
  driver.submit(request);
  for (int i = 0; i < 15; ++i) driver.step();
  // They go first, and there is no room for all.
  for (std::uint64_t id = 3000; id < 3003; ++id) {
    Request urgent = fillerOf(runner, id, 180, 20);
    urgent.priority = -1;
    driver.submit(urgent);
  }
  return driver.runToEndPreempted(request.id);
}

bool spilledAndRestored(BatchDriver& driver, const ModelRunner& runner, const Request& request) {
  Request before = request;
  before.id = 4000;
  driver.submit(before);
  driver.runToEnd(4000);
  for (std::uint64_t id = 4001; id < 4005; ++id) {
    driver.submit(fillerOf(runner, id, 300, 2));
    driver.runToEnd(id);
  }
  driver.submit(request);
  driver.runToEnd(request.id);
  return driver.decoder.stats().restored >= kPrompt / kBlockTokens &&
         driver.tracks.at(request.id).cachedTokens == kPrompt / kBlockTokens * kBlockTokens;
}

/// All ways for one model, one dtype of the cache, both temperatures, against one thread of the
/// same path. Returns how many were compared.
int checkWays(const std::filesystem::path& folder, KvDtype cache, int ranks,
              const std::string& isa = "") {
  test::TemporaryFolder spill;
  const std::unique_ptr<ModelRunner> lonely = runnerOf(folder, cache, 1, isa, 1);
  const std::unique_ptr<ModelRunner> runner = runnerOf(folder, cache, ranks, isa);
  const ModelRunner& model = *runner;
  const Way ways[] = {
      {"cold", cold},
      {"prefix hit", prefixHit},
      {"chunked", [&](auto& driver, auto& request) { return chunked(driver, model, request); }},
      {"preempted", [&](auto& driver, auto& request) { return preempted(driver, model, request); }},
      {"spilled and restored",
       [&](auto& driver, auto& request) { return spilledAndRestored(driver, model, request); }},
  };
  EngineOptions options;
  options.stepTokens = 64;
  options.sequencesMax = 8;
  options.spillFolder = spill.path();
  options.spillBytes = 200 * (model.facts().blockBytes + 4096);
  int compared = 0;
  const auto compare = [&](const Request& request, const Track& track, const AloneOutput& expected,
                           const char* way) {
    const auto from = static_cast<std::ptrdiff_t>(request.resume.size());
    CHECK_SAY(std::vector<TokenId>(expected.tokens.begin() + from, expected.tokens.end()) ==
                  track.tokens,
              folder.filename() << " " << nameOf(cache) << " " << way << " temperature "
                                << request.sampling.temperature);
    CHECK_SAY(std::vector<float>(expected.logprobs.begin() + from, expected.logprobs.end()) ==
                  track.logprobs,
              folder.filename() << " " << nameOf(cache) << " " << way << " log-probabilities");
    ++compared;
  };
  for (const float temperature : {0.0f, 1.0f}) {
    Request request = test::requestOf(7, tokensFor(model, 7, kPrompt), kOutput, temperature);
    request.sampling.ignoreEos = true;
    request.sampling.repetitionPenalty = 1.1f;
    request.sampling.logprobs = 0;
    const AloneOutput expected = test::decodeAlone(*lonely, request, {});
    CHECK(expected.tokens.size() == kOutput);
    for (const Way& way : ways) {
      litter(*runner);
      BatchDriver driver(*runner, options);
      CHECK_SAY(way.run(driver, request), way.name << " did not happen");
      driver.finish();
      compare(request, driver.tracks.at(7), expected, way.name);
    }
    for (const int emitted : {1, 31, 32, 33, kOutput - 1}) {
      litter(*runner);
      BatchDriver driver(*runner, options);
      Request rest = request;
      rest.resume.assign(expected.tokens.begin(), expected.tokens.begin() + emitted);
      driver.submit(rest);
      driver.finish();
      compare(rest, driver.tracks.at(7), expected, "resumed");
    }
  }
  return compared;
}

TEST(
    "cold, prefix hit, chunked, preempted, spilled and resumed give the same bits in every model") {
  for (const std::filesystem::path& folder : test::goldenModels()) {
    for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
      CHECK(checkWays(folder, cache, 1) == 20);
    }
    std::printf("      %s\n", folder.filename().c_str());
    std::fflush(stdout);
  }
}

TEST("the same with the model on two ranks, against one") {
  const std::filesystem::path folder = test::modelsFolder() / "random" / "llama-ranks";
  for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
    CHECK(checkWays(folder, cache, 2) == 20);
  }
}

TEST("the same on every native path, which has bits of its own") {
  const std::filesystem::path folder = test::modelsFolder() / "random" / "llama-mqa";
  for (const std::string& path : test::nativePaths()) {
    for (const KvDtype cache : {KvDtype::kBf16, KvDtype::kFp8}) {
      CHECK(checkWays(folder, cache, 1, path) == 20);
    }
  }
}

EngineOptions engineOptionsOf(const std::filesystem::path& folder) {
  EngineOptions options;
  options.folder = folder.string();
  options.threads = 2;
  options.pin = false;
  options.stepTokens = 64;
  options.sequencesMax = 4;
  options.stallMillis = 60000;
  return options;
}

TEST("loading tells its phases in order, says what was chosen, and generates") {
  const std::filesystem::path folder = test::modelsFolder() / "random" / "llama-gqa";
  std::vector<std::string> phases;
  double last = 0;
  std::mutex mutex;
  std::condition_variable news;
  std::vector<TokenId> tokens;
  FinishReason finish = FinishReason::kNone;
  const auto onProgress = [&](const LoadProgress& progress) {
    if (phases.empty() || phases.back() != progress.phase) phases.emplace_back(progress.phase);
    CHECK(progress.done <= progress.total && progress.seconds >= last);
    last = progress.seconds;
  };
  const auto onStep = [&](StepOutput&& step) {
    const std::lock_guard lock(mutex);
    for (const TokenOutput& output : step.outputs) {
      if (output.index >= 0) tokens.push_back(output.token);
      finish = output.finish;
    }
    news.notify_all();
  };
  auto engine = Engine::load(engineOptionsOf(folder), onProgress, onStep);
  CHECK((phases == std::vector<std::string>{"config", "weights", "cache", "threads", "ready"}));
  const ModelSummary& summary = engine->summary();
  // 4 sequences of 512 tokens.
  CHECK_SAY(summary.facts.blocks == 64 && summary.contextMax == 512, summary.facts.blocks);
  CHECK(summary.facts.rowsMax == 64 && summary.facts.blockBytes > 0);
  CHECK(summary.waterfall.size() == 4 && summary.waterfall[1].first == "weights");
  double sum = 0;
  for (const auto& [phase, seconds] : summary.waterfall) {
    CHECK(seconds >= 0);
    sum += seconds;
  }
  CHECK(sum <= last);
  CHECK(summary.parameters == checkModelFolder(folder.string()).parameters);
  CHECK(summary.parameters > 100000);

  Request request = test::requestOf(3, {5, 6, 7, 8}, 40);
  request.sampling.ignoreEos = true;
  engine->submit(Request(request));
  {
    std::unique_lock lock(mutex);
    CHECK(news.wait_for(lock, std::chrono::seconds(60),
                        [&] { return finish != FinishReason::kNone; }));
  }
  CHECK(finish == FinishReason::kLength);
  const EngineStats stats = engine->stats();
  CHECK(stats.tokensOut == 40 && stats.team.threads == 2 && stats.forwardSeconds > 0);
  const std::unique_ptr<ModelRunner> lonely = runnerOf(folder, KvDtype::kBf16);
  CHECK(tokens == test::decodeAlone(*lonely, request, {}).tokens);
}

TEST("loading refuses what cannot be, and says why") {
  const std::filesystem::path folder = test::modelsFolder() / "random" / "llama-gqa";
  const auto refused = [&](ErrorCode code, const char* part,
                           const std::function<void(EngineOptions&)>& spoil) {
    EngineOptions options = engineOptionsOf(folder);
    spoil(options);
    CHECK_THROWS(Engine::load(options, nullptr, [](StepOutput&&) {}), code, part);
  };
  refused(ErrorCode::kIo, "/no/such", [](EngineOptions& o) { o.folder = "/no/such"; });
  refused(ErrorCode::kInvalidRequest, "contextMax is 513",
          [](EngineOptions& o) { o.contextMax = 513; });
  refused(ErrorCode::kInvalidRequest, "cacheBytes 100",
          [](EngineOptions& o) { o.cacheBytes = 100; });
  refused(ErrorCode::kInvalidRequest, "sse9", [](EngineOptions& o) { o.isa = "sse9"; });
  refused(ErrorCode::kNoMemory, "", [](EngineOptions& o) { o.cacheBytes = 1ull << 44; });
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
