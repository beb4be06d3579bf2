// Models on a CUDA device that is made up (fake_cuda.h), whose kernels run in the emulation: the
// code around them is what runs on a GPU. Small models and few tokens, for the emulation is slow.
#include <cmath>
#include <cstdio>
#include <functional>
#include <set>

#include "test/alone.h"
#include "test/batch_driver.h"
#include "test/decoding.h"
#include "test/device_runner_rig.h"
#include "test/golden_file.h"
#include "test/model_bytes.h"
#include "test/temporary_folder.h"

namespace signalbox {
namespace {

using test::checkNothingLeft;
using test::deviceOptions;
using test::GoldenFile;
using test::GoldenPrompt;
using test::loadOnFake;
using test::MachineCode;
using test::Random;
using test::randomModel;

/// Grouped heads padded to 32, one with a tied embedding, one with heads of 96.
constexpr const char* kModels[] = {"llama-gqa", "llama-rope3", "mistral-plain"};

struct Distance {
  double largestLogit = 0;
  double largest = 0;

  void add(const float* exact, const float* other, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
      const double difference = static_cast<double>(other[i]) - static_cast<double>(exact[i]);
      // A NaN must not pass for zero.
      if (!(std::fabs(difference) <= largest)) largest = std::fabs(difference);
      largestLogit = std::max(largestLogit, std::fabs(static_cast<double>(exact[i])));
    }
  }
};

/// The device's logits of a prompt, and those of the CPU with the same dtypes.
void compareWithCpu(const std::filesystem::path& folder, WeightDtype weights, KvDtype cache) {
  fake_cuda::forget();
  const MachineCode code;
  const std::string name = folder.filename();
  CudaOptions options = deviceOptions(folder, code);
  options.runner.weights = weights;
  options.runner.cache = cache;
  test::Decoder device(loadOnFake(options));
  test::Decoder cpu(options.runner);
  const int vocab = cpu.runner().config().vocab;
  Random random(5);
  std::vector<TokenId> prompt;
  for (int i = 0; i < 40; ++i) prompt.push_back(random.below(vocab));
  test::Sequence onDevice;
  test::Sequence onCpu;
  // The prompt's first part alone, then its rest and a second sequence in one step.
  Distance distance;
  const auto step = [&](std::size_t first, std::size_t count, int wanted, int other) {
    const std::span<const TokenId> part = std::span<const TokenId>(prompt).subspan(first, count);
    test::Sequence second;
    test::Sequence secondOnCpu;
    device.add(onDevice, part, wanted);
    cpu.add(onCpu, part, wanted);
    if (other > 0) {
      device.add(second, part.subspan(0, static_cast<std::size_t>(other)), 1);
      cpu.add(secondOnCpu, part.subspan(0, static_cast<std::size_t>(other)), 1);
    }
    const std::vector<float> got = device.run();
    const std::vector<float> expected = cpu.run();
    CHECK(got.size() == expected.size());
    distance.add(expected.data(), got.data(), got.size());
  };
  step(0, 21, 21, 0);
  step(21, 17, 2, 9);
  step(38, 1, 1, 1);
  step(39, 1, 0, 0);
  const double relative = distance.largest / distance.largestLogit;
  std::printf("      %-14s %s weights, %s cache: %.4f of the largest logit\n", name.c_str(),
              std::string(nameOf(weights)).c_str(), std::string(nameOf(cache)).c_str(), relative);
  // Both round activations to bf16, of 8 bits, where sums of another order may differ by a unit;
  // 2^-5 is eight of them.
  CHECK_SAY(relative < 0x1p-5 && relative > 0, name << ": " << relative);
}

TEST("logits are the CPU's within 2^-5 of the largest, bf16 and fp8") {
  // Biases and rows of 88; norms of heads of 128; a window of 24; heads padded to 32.
  for (const char* name : {"qwen2", "qwen3", "mistral-window", "llama-gqa"}) {
    compareWithCpu(randomModel(name), WeightDtype::kBf16, KvDtype::kBf16);
  }
  compareWithCpu(randomModel("llama-gqa"), WeightDtype::kFp8, KvDtype::kBf16);
  compareWithCpu(randomModel("llama-gqa"), WeightDtype::kBf16, KvDtype::kFp8);
  compareWithCpu(randomModel("llama-ranks"), WeightDtype::kFp8, KvDtype::kFp8);
  // Biases also of what is added to the residual.
  const test::TempFolder biased;
  test::ModelBytes({.bias = true}).write(biased);
  compareWithCpu(biased.path(), WeightDtype::kBf16, KvDtype::kBf16);
  checkNothingLeft();
}

TEST("greedy output is transformers' wherever its margin decides") {
  const MachineCode code;
  int decided = 0;
  int steps = 0;
  for (const char* name : kModels) {
    fake_cuda::forget();
    const GoldenFile golden(randomModel(name));
    test::Decoder decoder(loadOnFake(deviceOptions(randomModel(name), code)));
    const int vocab = decoder.runner().config().vocab;
    std::vector<const GoldenPrompt*> prompts;
    for (const GoldenPrompt& prompt : golden.prompts()) {
      if (!prompt.greedy.empty() && prompt.ids.size() <= 33) prompts.push_back(&prompt);
    }
    CHECK(prompts.size() == 3);
    std::vector<test::Sequence> sequences(prompts.size());
    for (std::size_t step = 0; step < 8; ++step) {
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        const std::vector<TokenId>& ids = prompts[i]->greedy[0].ids;
        decoder.add(sequences[i],
                    step == 0 ? std::span<const TokenId>(prompts[i]->ids)
                              : std::span<const TokenId>(ids).subspan(step - 1, 1),
                    1);
      }
      const std::vector<float> rows = decoder.run();
      for (std::size_t i = 0; i < prompts.size(); ++i) {
        const auto& path = prompts[i]->greedy[0];
        const int token = test::largest(rows.data() + i * static_cast<std::size_t>(vocab), vocab);
        // As for the CPU's paths: 1.5 times what bf16 costs transformers.
        const bool isDecided = path.margins[step] > 1.5f * path.bf16Error;
        ++steps;
        decided += isDecided ? 1 : 0;
        CHECK_SAY(token == path.ids[step] || !isDecided,
                  name << " prompt of " << prompts[i]->ids.size() << ", step " << step << ": "
                       << token << " for " << path.ids[step]);
      }
    }
  }
  CHECK_SAY(decided * 2 > steps, decided << " of " << steps);
  checkNothingLeft();
}

constexpr int kPrompt = 40;
constexpr int kOutput = 8;

Request requestOf(std::uint64_t id, int prompt, int output, float temperature) {
  Random random(id);
  Request request = test::requestOf(id, test::randomTokens(random, prompt, 200), output,
                                    temperature);
  request.sampling.ignoreEos = true;
  request.sampling.logprobs = 0;
  return request;
}

struct Way {
  const char* name;
  std::function<bool(test::BatchDriver&, const Request&)> run;
};

bool prefixHit(test::BatchDriver& driver, const Request& request) {
  Request before = request;
  before.id = 1000;
  driver.submit(before);
  driver.runToEnd(1000);
  driver.submit(request);
  driver.runToEnd(request.id);
  return driver.tracks.at(request.id).cachedTokens == kPrompt / kBlockTokens * kBlockTokens;
}

/// Others take a part of every step, so the chunks are of several sizes.
bool chunked(test::BatchDriver& driver, const Request& request) {
  for (std::uint64_t id = 2000; id < 2002; ++id) driver.submit(requestOf(id, 21, 3, 1));
  driver.submit(request);
  std::set<int> chunks;
  while (driver.tracks.at(request.id).finish == FinishReason::kNone) {
    CHECK(driver.step());
    for (const Sequence* sequence : driver.decoder.scheduler().running()) {
      if (sequence->id == request.id && sequence->computed < kPrompt) {
        chunks.insert(sequence->computed);
      }
    }
  }
  return chunks.size() >= 2;
}

bool preempted(test::BatchDriver& driver, const Request& request) {
  driver.submit(request);
  for (int i = 0; i < 2; ++i) driver.step();
  Request urgent = requestOf(3000, 130, 1, 1);
  urgent.priority = -1;
  driver.submit(urgent);
  return driver.runToEndPreempted(request.id);
}

bool spilledAndRestored(test::BatchDriver& driver, const Request& request) {
  Request before = request;
  before.id = 4000;
  driver.submit(before);
  driver.runToEnd(4000);
  driver.submit(requestOf(4001, 150, 1, 1));
  driver.runToEnd(4001);
  driver.submit(request);
  driver.runToEnd(request.id);
  return driver.decoder.stats().restored >= kPrompt / kBlockTokens;
}

/// Against the sequence alone, token by token.
void checkWays(KvDtype cache) {
  fake_cuda::forget();
  const MachineCode code;
  CudaOptions options = deviceOptions(randomModel("llama-gqa"), code);
  options.runner.cache = cache;
  options.runner.blocks = 5;  // so few that sequences get in each other's way
  const std::unique_ptr<ModelRunner> runner = loadOnFake(options);
  const Request request = requestOf(7, kPrompt, kOutput, 1);
  const test::AloneOutput expected = test::decodeAlone(*runner, request, {});
  CHECK(expected.tokens.size() == kOutput);
  test::TemporaryFolder spill;
  EngineOptions engine;
  engine.stepTokens = 24;
  engine.sequencesMax = 4;
  engine.spillFolder = spill.path();
  engine.spillBytes = 100 * (runner->facts().blockBytes + 4096);
  const auto compare = [&](const test::BatchDriver& driver, std::size_t from, const char* way) {
    const test::Track& track = driver.tracks.at(7);
    const auto begin = static_cast<std::ptrdiff_t>(from);
    CHECK_SAY(std::vector<TokenId>(expected.tokens.begin() + begin, expected.tokens.end()) ==
                  track.tokens,
              nameOf(cache) << " " << way);
    CHECK_SAY(std::vector<float>(expected.logprobs.begin() + begin, expected.logprobs.end()) ==
                  track.logprobs,
              nameOf(cache) << " " << way << ": log-probabilities");
  };
  const Way ways[] = {{"prefix hit", prefixHit},
                      {"chunked", chunked},
                      {"preempted", preempted},
                      {"spilled and restored", spilledAndRestored}};
  for (const Way& way : ways) {
    test::BatchDriver driver(*runner, engine);
    CHECK_SAY(way.run(driver, request), way.name << " did not happen");
    driver.finish();
    compare(driver, 0, way.name);
  }
  test::BatchDriver driver(*runner, engine);
  Request rest = request;
  rest.resume.assign(expected.tokens.begin(), expected.tokens.begin() + 3);
  driver.submit(rest);
  driver.finish();
  compare(driver, 3, "resumed");
}

TEST("cached, chunked, preempted, spilled and resumed give the bits of a sequence alone") {
  checkWays(KvDtype::kBf16);
  checkWays(KvDtype::kFp8);
  checkNothingLeft();
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
