// Every committed model against transformers: logits, and greedy output of 128 tokens.
#include "test/golden_file.h"

#include <cmath>
#include <cstdio>

#include "test/check.h"
#include "test/decoding.h"

namespace signalbox {

namespace {

using test::Decoder;
using test::GoldenFile;
using test::GoldenPath;
using test::GoldenPrompt;
using test::Sequence;

/// Errors against the fp32 logits, over all kept rows of all prompts.
struct Distance {
  double largestLogit = 0;
  double largest = 0;
  double squares = 0;
  double count = 0;

  void add(const std::vector<float>& exact, const float* other) {
    for (std::size_t i = 0; i < exact.size(); ++i) {
      const double difference = static_cast<double>(other[i]) - static_cast<double>(exact[i]);
      // A NaN must not pass for zero.
      if (!(std::fabs(difference) <= largest)) largest = std::fabs(difference);
      largestLogit = std::max(largestLogit, std::fabs(static_cast<double>(exact[i])));
      squares += difference * difference;
      ++count;
    }
  }
  double ofLargest() const { return largest / largestLogit; }
  double rms() const { return std::sqrt(squares / count) / largestLogit; }
};

using ToleranceOf = std::function<float(const GoldenPath&)>;

RunnerOptions optionsFor(const std::filesystem::path& folder, const char* isa) {
  RunnerOptions options;
  options.folder = folder.string();
  options.isa = isa;
  options.threads = 2;
  options.rowsMax = 256;
  options.blocks = 64;
  options.stallMillis = 20000;
  return options;
}

struct Distances {
  Distance ours;
  Distance transformers;
};

Distances distancesOf(const std::filesystem::path& folder, const GoldenFile& golden,
                      const char* isa) {
  Decoder decoder(optionsFor(folder, isa));
  const int vocab = decoder.runner().config().vocab;
  Distances distances;
  for (const GoldenPrompt& prompt : golden.prompts()) {
    Sequence sequence;
    const std::vector<float> rows = decoder.prefill(sequence, prompt.ids);
    const std::size_t first =
        static_cast<std::size_t>(prompt.firstRow) * static_cast<std::size_t>(vocab);
    CHECK(rows.size() - first == prompt.exact.size());
    distances.ours.add(prompt.exact, rows.data() + first);
    distances.transformers.add(prompt.exact, prompt.rounded.data());
  }
  return distances;
}

struct GreedyResult {
  int steps = 0;
  int decided = 0;  // steps whose margin exceeds the tolerance
  int different = 0;
};

/// All greedy paths of a model as one batch. Where the path takes another token than the reference
/// within the tolerance, it goes on with the reference's.
GreedyResult decodeGreedily(const std::filesystem::path& folder, const GoldenFile& golden,
                            const char* isa, const ToleranceOf& tolerance) {
  Decoder decoder(optionsFor(folder, isa));
  const int vocab = decoder.runner().config().vocab;
  std::vector<const GoldenPrompt*> prompts;
  for (const GoldenPrompt& prompt : golden.prompts()) {
    if (!prompt.greedy.empty()) prompts.push_back(&prompt);
  }
  std::vector<Sequence> sequences(prompts.size());
  GreedyResult result;
  for (std::size_t step = 0; step < 128; ++step) {
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const std::vector<TokenId>& ids = prompts[i]->greedy[0].ids;
      CHECK(ids.size() == 128);
      const std::span<const TokenId> next =
          step == 0 ? std::span<const TokenId>(prompts[i]->ids)
                    : std::span<const TokenId>(ids).subspan(step - 1, 1);
      decoder.add(sequences[i], next, 1);
    }
    const std::vector<float> rows = decoder.run();
    for (std::size_t i = 0; i < prompts.size(); ++i) {
      const GoldenPath& path = prompts[i]->greedy[0];
      const int token =
          test::largest(rows.data() + i * static_cast<std::size_t>(vocab), vocab);
      const bool decided = path.margins[step] > tolerance(path);
      ++result.steps;
      result.decided += decided ? 1 : 0;
      if (token == path.ids[step]) continue;
      ++result.different;
      CHECK_SAY(!decided, folder.filename() << " prompt of " << prompts[i]->ids.size() << ", step "
                                            << step << ": " << token << " for " << path.ids[step]
                                            << " at a margin of " << path.margins[step]);
    }
  }
  return result;
}

}  // namespace

TEST("the folder of models is not empty") {
  CHECK_SAY(test::goldenModels().size() >= 12, test::goldenModels().size());
}

TEST("the reference path gives transformers' fp32 logits within 1e-4 of the largest") {
  for (const std::filesystem::path& folder : test::goldenModels()) {
    const Distance ours = distancesOf(folder, GoldenFile(folder), "reference").ours;
    std::printf("      %-15s %.2e of the largest logit\n", folder.filename().c_str(),
                ours.ofLargest());
    CHECK_SAY(ours.ofLargest() <= 1e-4, folder.filename() << ": " << ours.ofLargest());
  }
}

TEST("default and native paths are no farther from fp32 than 1.5 times transformers' bf16") {
  std::vector<std::string> paths = test::pathsOf(Numerics::kNative);
  paths.insert(paths.begin(), "");
  for (const std::string& path : paths) {
    for (const std::filesystem::path& folder : test::goldenModels()) {
      const Distances d = distancesOf(folder, GoldenFile(folder), path.c_str());
      std::printf("      %-15s largest %.4f against %.4f, rms %.5f against %.5f: %.2f, %.2f %s\n",
                  folder.filename().c_str(), d.ours.ofLargest(), d.transformers.ofLargest(),
                  d.ours.rms(), d.transformers.rms(), d.ours.largest / d.transformers.largest,
                  d.ours.rms() / d.transformers.rms(), path.c_str());
      CHECK_SAY(d.ours.largest <= 1.5 * d.transformers.largest, folder.filename() << ' ' << path);
      CHECK_SAY(d.ours.rms() <= 1.5 * d.transformers.rms(), folder.filename() << ' ' << path);
      // The comparison is of two roundings: neither may be exact.
      CHECK(d.ours.largest > 0 && d.transformers.largest > 0);
    }
  }
}

TEST("greedy output of the reference path is transformers' for 128 tokens") {
  for (const std::filesystem::path& folder : test::goldenModels()) {
    const GreedyResult result = decodeGreedily(folder, GoldenFile(folder), "reference",
                                               [](const GoldenPath&) { return 2e-3f; });
    CHECK_SAY(result.decided >= result.steps * 99 / 100,
              folder.filename() << ": only " << result.decided << " of " << result.steps);
  }
}

TEST("greedy output of the default path is transformers' wherever its margin decides") {
  int steps = 0;
  int decided = 0;
  for (const std::filesystem::path& folder : test::goldenModels()) {
    // The path's tolerance is that of its logits: 1.5 times what bf16 costs transformers.
    const GreedyResult result =
        decodeGreedily(folder, GoldenFile(folder), "",
                       [](const GoldenPath& path) { return 1.5f * path.bf16Error; });
    std::printf("      %-15s %d steps, %d decided, %d different\n", folder.filename().c_str(),
                result.steps, result.decided, result.different);
    steps += result.steps;
    decided += result.decided;
  }
  CHECK_SAY(decided * 2 > steps, decided << " of " << steps);
}

}  // namespace signalbox

TEST_MAIN
