// What a runner on a CUDA device takes, refuses and says when something goes wrong; what it
// computes is in device_model_test.cpp.
#include <cmath>
#include <functional>

#include "model/cuda_step.h"
#include "test/device_runner_rig.h"
#include "test/engine_rig.h"

namespace signalbox {
namespace {

using test::checkNothingLeft;
using test::deviceOptions;
using test::loadOnFake;
using test::MachineCode;
using test::randomModel;

TEST("a step takes no memory, and all memory is accounted to its purpose") {
  fake_cuda::reset();
  const MachineCode code;
  const CudaOptions options = deviceOptions(randomModel("llama-gqa"), code);
  const ModelConfig config = readModelConfig(options.runner.folder);
  {
    std::vector<std::string> phases;
    std::uint64_t weightsDone = 0;
    const auto runner =
        loadOnFake(options, [&](const std::string& phase, std::uint64_t done, std::uint64_t) {
          if (phases.empty() || phases.back() != phase) phases.push_back(phase);
          if (phase == "weights") weightsDone = done;
        });
    CHECK((phases == std::vector<std::string>{"weights", "cache"}) && weightsDone > 0);
    const fake_cuda::Counts before = fake_cuda::counts();
    const MemoryNeeds needs = cudaMemoryNeedsOf(config, options);
    const RunnerFacts& facts = runner->facts();
    CHECK(before.allocations == 3 && facts.isa == "cuda-sm90");
    CHECK(needs.block == facts.blockBytes && facts.bytes.at(0).cache == 12 * needs.block);
    // The longest sequence that the model allows is longer than the cache's.
    CHECK_SAY(before.bytes <= needs.weights + needs.steps + 12 * needs.block, before.bytes);
    CHECK(before.bytes > needs.weights + 12 * needs.block);
    const BlockId blocks[] = {3, 5};
    const std::vector<TokenId> tokens(4, 9);
    const StepSequence sequence{0, 4, 30, blocks};
    const int row = 3;
    for (std::uint64_t step = 1; step <= 2; ++step) {
      runner->run({step, tokens, {&sequence, 1}, {&row, 1}});
    }
    std::vector<std::uint8_t> saved(facts.blockBytes);
    runner->saveBlock(3, saved.data());
    runner->restoreBlock(4, saved.data());
    std::vector<std::uint8_t> again(facts.blockBytes);
    runner->saveBlock(4, again.data());
    CHECK(saved == again && saved != std::vector<std::uint8_t>(saved.size(), 0));
    const fake_cuda::Counts after = fake_cuda::counts();
    CHECK(after.allocations == 3 && after.pinnedAllocations == before.pinnedAllocations);
    CHECK(after.bytes == before.bytes && after.launches > before.launches);
    int drawn[5] = {};
    runner->parallel(5, [&](int i) { drawn[i] = i + 1; });
    CHECK(drawn[0] == 1 && drawn[4] == 5);
  }
  checkNothingLeft();
}

TEST("what a device cannot do is refused with the option's or the model's name") {
  fake_cuda::reset();
  const MachineCode code;
  const auto refused = [&](ErrorCode code_, const char* model, const char* part,
                           const std::function<void(CudaOptions&)>& spoil) {
    CudaOptions options = deviceOptions(randomModel(model), code);
    spoil(options);
    CHECK_THROWS(loadOnFake(options), code_, part);
  };
  const ErrorCode request = ErrorCode::kInvalidRequest;
  refused(request, "llama-ranks", "ranks is 2", [](auto& o) { o.runner.ranks = 2; });
  refused(request, "llama-gqa", "isa \"avx2\"", [](auto& o) { o.runner.isa = "avx2"; });
  refused(request, "llama-gqa", "f32", [](auto& o) { o.runner.cache = KvDtype::kF32; });
  refused(ErrorCode::kUnsupportedModel, "llama-odd", "rows of 60 activations", [](auto&) {});
  refused(ErrorCode::kUnavailable, "llama-gqa", "not in /no/such",
          [](auto& o) { o.kernels = "/no/such"; });
  refused(ErrorCode::kUnavailable, "llama-gqa", "there is no cuda:3",
          [](auto& o) { o.device = 3; });
  checkNothingLeft();
}

TEST("wherever memory runs out while loading, what was taken is given back") {
  const MachineCode code;
  const CudaOptions options = deviceOptions(randomModel("llama-gqa"), code);
  const auto failAt = [&](int fake_cuda::Faults::*which, int count) {
    fake_cuda::reset();
    fake_cuda::faults().*which = count;
    bool failed = false;
    try {
      loadOnFake(options);
    } catch (const EngineError& error) {
      failed = true;
      CHECK_SAY(error.code() == ErrorCode::kNoMemory, error.what());
    }
    CHECK(failed == (fake_cuda::counts().faults == 1));
    checkNothingLeft();
    return failed;
  };
  int allocations = 1;
  while (failAt(&fake_cuda::Faults::allocation, allocations)) ++allocations;
  CHECK(allocations == 4);  // Three are made.
  int pinned = 1;
  while (failAt(&fake_cuda::Faults::pinned, pinned)) ++pinned;
  CHECK_SAY(pinned > 5, pinned);  // Three, and one of each thread that loads.
}

/// One step of a model; then, after the fault, everything throws what that step threw.
void checkBroken(const std::function<void(fake_cuda::Faults&)>& set, ErrorCode code_,
                 const char* part) {
  fake_cuda::reset();
  const MachineCode code;
  CudaOptions options = deviceOptions(randomModel("llama-gqa"), code);
  std::unique_ptr<ModelRunner> runner = loadOnFake(options);
  const BlockId block = 2;
  const TokenId token = 9;
  const StepSequence sequence{0, 1, 0, {&block, 1}};
  const int row = 0;
  const auto step = [&](std::uint64_t number) {
    runner->run({number, {&token, 1}, {&sequence, 1}, {&row, 1}});
  };
  step(1);
  set(fake_cuda::faults());
  CHECK_THROWS(step(2), code_, part);
  CHECK(fake_cuda::counts().faults == 1);
  CHECK_THROWS(step(3), code_, part);
  std::vector<std::uint8_t> bytes(runner->facts().blockBytes);
  CHECK_THROWS(runner->saveBlock(0, bytes.data()), code_, part);
  CHECK_THROWS(runner->restoreBlock(0, bytes.data()), code_, part);
  CHECK_THROWS(runner->parallel(1, [](int) {}), code_, part);
  runner.reset();
  CHECK(fake_cuda::violations().empty());
}

TEST("a step that breaks says why, and the runner computes nothing more") {
  checkBroken([](auto& faults) { faults.brokenLaunch = 3; }, ErrorCode::kUnavailable,
              "unspecified launch failure");
  checkBroken([](auto& faults) { faults.lostCall = 9; }, ErrorCode::kUnavailable,
              "unknown error (999");
  checkBroken([](auto& faults) { faults.refusedLaunch = 4; }, ErrorCode::kInternal,
              "the kernel ropeAppendRuns failed");
}

TEST("a step that stands still is named within its time") {
  fake_cuda::reset();
  const MachineCode code;
  CudaOptions options = deviceOptions(randomModel("llama-gqa"), code);
  // Long enough for the steps that do not stand still, also under load.
  options.runner.stallMillis = 3000;
  std::unique_ptr<ModelRunner> runner = loadOnFake(options);
  const BlockId block = 2;
  const TokenId token = 9;
  const StepSequence sequence{0, 1, 0, {&block, 1}};
  const auto step = [&](std::uint64_t number) {
    runner->run({number, {&token, 1}, {&sequence, 1}, {}});
  };
  step(41);
  fake_cuda::faults().stillLaunch = 5;
  std::uint64_t named = 0;
  try {
    step(42);
  } catch (const StallError& error) {
    named = error.step;
    CHECK_SAY(std::string(error.what()).find("step 42 took longer than 3000 ms") !=
                  std::string::npos,
              error.what());
  }
  CHECK(named == 42);
  CHECK_THROWS(step(43), ErrorCode::kStalled, "step 42");
  runner.reset();
  CHECK(fake_cuda::violations().empty());
}

/// An engine's life from its options on.
TEST("an engine is loaded on the device that its options name, and fails when the device does") {
  fake_cuda::reset();
  const MachineCode code;
  EngineOptions options;
  options.folder = randomModel("llama-gqa").string();
  options.kernels = code.folder.path();
  options.threads = 2;
  options.pin = false;
  options.stepTokens = 16;
  options.sequencesMax = 2;
  options.stallMillis = 60'000;
  for (const char* device : {"cuda", "cuda:", "cuda:x", "cuda:0x", "cuda:-1", "gpu", ""}) {
    options.device = device;
    CHECK_THROWS(Engine::load(options, nullptr, {}), ErrorCode::kInvalidRequest,
                 "cpu, or cuda:0 and so on, are possible");
  }
  CHECK_THROWS(checkDevice("cuda:1", options.kernels), ErrorCode::kUnavailable, "no cuda:1");
  checkDevice("cuda:0", options.kernels);
  options.device = "cuda:0";
  test::Listener listener;
  std::unique_ptr<Engine> engine = Engine::load(options, nullptr, listener.callback());
  const ModelSummary& summary = engine->summary();
  // Two sequences of 512 tokens.
  CHECK(summary.facts.isa == "cuda-sm90" && summary.facts.blocks == 32);
  CHECK(summary.facts.numerics == Numerics::kNative && summary.contextMax == 512);
  engine->submit(test::requestOf(1, 6, 2));
  listener.waitForEnd(1);
  CHECK(listener.of(1).finish == FinishReason::kLength);
  fake_cuda::faults().brokenLaunch = 30;
  engine->submit(test::requestOf(2, 6, 2));
  listener.waitForEnd(2);
  CHECK(listener.of(2).finish == FinishReason::kError);
  const EngineStats stats = engine->stats();
  CHECK(stats.failed && stats.failure.find("unspecified launch failure") != std::string::npos);
  CHECK_THROWS(engine->submit(test::requestOf(3, 5, 1)), ErrorCode::kUnavailable, "launch failure");
  engine.reset();
  CHECK(fake_cuda::violations().empty() && fake_cuda::counts().contexts == 0);
}

TEST("attention is cut in launches of whole tiles, whose items count from their own first") {
  constexpr int kPositions = 2048;
  std::vector<BlockId> blocks;
  for (int i = 0; i < kPositions / kBlockTokens; ++i) blocks.push_back(i);
  CudaStep step({.rowsMax = 8,
                 .logitRowsMax = 8,
                 .vocab = 10,
                 .blocks = 64,
                 .positions = kPositions,
                 .group = 4,
                 .itemsMax = 10,
                 .windows = {0, 300},
                 .frequencies = {1.0f, 0.5f}});
  const std::vector<TokenId> tokens = {1, 2, 3, 4, 5, 6, 7, 8};
  const StepSequence sequences[] = {{0, 6, 2040, blocks}, {6, 1, 5, blocks}, {7, 1, 600, blocks}};
  std::vector<std::uint8_t> inputs(step.bytesMax());
  const std::size_t used = step.build({1, tokens, sequences, {}}, inputs.data());
  CHECK(used <= inputs.size() && step.rows() == 8);
  const auto at = [&](std::size_t offset) { return inputs.data() + offset; };
  const auto* const tiles = reinterpret_cast<const DeviceTile*>(at(step.tilesAt()));
  const auto* const tables = reinterpret_cast<const BlockId*>(at(step.tablesAt()));
  const auto* const cosines = reinterpret_cast<const float*>(at(step.cosinesAt()));
  CHECK(cosines[0] == std::cos(2040.0f) && cosines[13] == std::cos(2.5f));
  // Tiles of at most four positions inside a block: 2040 to 2043, 2044 to 2045, 5, 600.
  CHECK(tiles[1].row == 4 && tiles[1].count == 2 && tiles[2].table == 64 && tiles[3].table == 65);
  CHECK(tables[0] == 0 && tables[63] == 63 && tables[64] == 0 && tables[65 + 18] == 18);
  struct Expected {
    int window;
    std::vector<int> counts;
  };
  for (const Expected& expected : {Expected{0, {8, 9, 3}}, Expected{300, {7}}}) {
    std::vector<int> counts;
    std::vector<int> seen(4, 0);
    for (const AttentionPart& part : step.parts(expected.window)) {
      counts.push_back(part.count);
      const auto* const items = reinterpret_cast<const AttentionItem*>(at(part.at));
      for (int i = 0; i < part.count; ++i) {
        ++seen[static_cast<std::size_t>(items[i].tile)];
        CHECK(items[i].first <= i && i < items[i].first + items[i].segments);
        CHECK(items[items[i].first].tile == items[i].tile);
        CHECK(items[i].segment - items[items[i].first].segment == i - items[i].first);
      }
    }
    CHECK_SAY(counts == expected.counts, counts.size() << " parts, first " << counts[0]);
    CHECK(seen[0] > 0 && seen[1] == seen[0] && seen[2] == 1 && seen[3] > 0);
  }
  CHECK_THROWS(step.parts(7), ErrorCode::kInternal, "");
  const StepSequence beyond{0, 8, kPositions - 7, blocks};
  CHECK_THROWS(step.build({1, tokens, {&beyond, 1}, {}}, inputs.data()), ErrorCode::kInternal, "");
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
