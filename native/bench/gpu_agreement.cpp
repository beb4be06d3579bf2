// The same tokens on both back ends, and what their logits say.
#include "bench/gpu_agreement.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "core/safetensors.h"
#include "model/cuda_runner.h"

namespace signalbox::bench {

namespace {

constexpr std::size_t kRowsMax = 128;
constexpr int kBlocks = 64;

/// Which model is meant is in the answer, whatever comes of it.
CudaOptions optionsOf(Gpu& gpu, const Json& request, Answer& answer) {
  CudaOptions options;
  options.device = gpu.device.facts().index;
  options.kernels = gpu.folder;
  options.runner.folder = textOf(request, "folder", "");
  options.runner.cache = cacheOf(request);
  options.runner.rowsMax = kRowsMax;
  options.runner.blocks = kBlocks;
  options.runner.threads = 2;
  options.runner.stallMillis = 60'000;
  answer.text("folder", options.runner.folder)
      .text("cache", std::string(nameOf(options.runner.cache)));
  return options;
}

std::unique_ptr<ModelRunner> onDevice(const CudaOptions& options) {
  return loadCudaRunner(openCudaDevice(options.device, options.kernels), options, nullptr);
}

/// One sequence after the other on a runner, each from block 0.
class Alone {
 public:
  explicit Alone(std::unique_ptr<ModelRunner> runner) : runner_(std::move(runner)) {
    for (BlockId block = 0; block < kBlocks; ++block) blocks_.push_back(block);
  }

  void begin() { position_ = 0; }
  int vocab() const { return runner_->config().vocab; }
  /// Of the last row, or of every row. Valid until the next call.
  Logits run(std::span<const TokenId> tokens, bool every) {
    std::vector<int> rows;
    const int count = static_cast<int>(tokens.size());
    for (int row = every ? 0 : count - 1; row < count; ++row) rows.push_back(row);
    const StepSequence sequence{0, count, position_, blocks_};
    position_ += count;
    return runner_->run({++step_, tokens, {&sequence, 1}, rows});
  }

 private:
  std::unique_ptr<ModelRunner> runner_;
  std::vector<BlockId> blocks_;
  int position_ = 0;
  std::uint64_t step_ = 0;
};

std::size_t largestOf(std::span<const float> row) {
  return static_cast<std::size_t>(std::max_element(row.begin(), row.end()) - row.begin());
}

struct Agreement {
  int steps = 0;
  int decided = 0;
  int agreed = 0;
  double distance = 0;

  /// The CPU's choice.
  TokenId add(std::span<const float> cpu, std::span<const float> device) {
    const std::size_t choice = largestOf(cpu);
    double size = 0;
    double difference = 0;
    double second = -HUGE_VAL;
    for (std::size_t i = 0; i < cpu.size(); ++i) {
      const auto exact = static_cast<double>(cpu[i]);
      size = std::max(size, std::fabs(exact));
      const double apart = std::fabs(static_cast<double>(device[i]) - exact);
      // A NaN must not pass for zero.
      difference = apart >= 0 ? std::max(difference, apart) : HUGE_VAL;
      if (i != choice) second = std::max(second, exact);
    }
    distance = std::max(distance, difference / size);
    ++steps;
    // Both may move by the bound, towards each other.
    if (static_cast<double>(cpu[choice]) - second > 2 * kLogitBound * size) {
      ++decided;
      agreed += largestOf(device) == choice ? 1 : 0;
    }
    return static_cast<TokenId>(choice);
  }
};

std::span<const float> lastRow(const Logits& logits) {
  return {logits.values, static_cast<std::size_t>(logits.vocab)};
}

double negativeLogLikelihood(const float* row, int vocab, TokenId token) {
  const double largest = *std::max_element(row, row + vocab);
  double total = 0;
  for (int i = 0; i < vocab; ++i) total += std::exp(static_cast<double>(row[i]) - largest);
  return largest + std::log(total) - static_cast<double>(row[token]);
}

}  // namespace

void compareGreedy(Gpu& gpu, const Json& request, Answer& answer) {
  const CudaOptions options = optionsOf(gpu, request, answer);
  const int tokens = countOf(request, "tokens", 24, 1);
  const int prompts = countOf(request, "prompts", 4, 1);
  Alone device(onDevice(options));
  Alone cpu(loadCpuRunner(options.runner, nullptr));
  Agreement agreement;
  std::uint64_t seed = 11;
  for (int prompt = 0; prompt < prompts; ++prompt) {
    std::vector<TokenId> next;
    for (int i = 0; i < 7 + 13 * prompt; ++i) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      next.push_back(
          static_cast<TokenId>((seed >> 33) % static_cast<std::uint64_t>(cpu.vocab())));
    }
    device.begin();
    cpu.begin();
    for (int i = 0; i < tokens; ++i) {
      const Logits exact = cpu.run(next, false);
      next = {agreement.add(lastRow(exact), lastRow(device.run(next, false)))};
    }
  }
  answer.number("steps", agreement.steps)
      .number("decided", agreement.decided)
      .number("agreed", agreement.agreed)
      .number("distance", agreement.distance)
      .number("bound", kLogitBound);
}

void measurePerplexity(Gpu& gpu, const Json& request, Answer& answer) {
  const CudaOptions options = optionsOf(gpu, request, answer);
  const auto sequences = static_cast<std::size_t>(countOf(request, "sequences", 8, 1));
  const auto tokensMax = static_cast<std::size_t>(countOf(request, "tokens", 1024, 2));
  const std::string path = options.runner.folder + "/heldout.json";
  const Json heldOut = Json::parse(readSmallFile(path, std::size_t{4} << 20), path);
  const Json* const text = heldOut.find("text");
  if (text == nullptr) heldOut.refuse("has no text");
  Alone device(onDevice(options));
  double sum = 0;
  int count = 0;
  for (std::size_t s = 0; s < std::min(sequences, text->asArray().size()); ++s) {
    std::vector<TokenId> ids;
    for (const Json& id : text->asArray()[s].asArray()) {
      if (ids.size() < tokensMax) ids.push_back(static_cast<TokenId>(id.asInteger()));
    }
    device.begin();
    for (std::size_t at = 0; at < ids.size(); at += kRowsMax) {
      const std::size_t rows = std::min(kRowsMax, ids.size() - at);
      const Logits logits = device.run(std::span<const TokenId>(ids).subspan(at, rows), true);
      for (std::size_t row = 0; row < rows && at + row + 1 < ids.size(); ++row, ++count) {
        sum += negativeLogLikelihood(logits.values + row * logits.stride, logits.vocab,
                                     ids[at + row + 1]);
      }
    }
  }
  answer.number("tokens", count)
      .number("perplexity", std::exp(sum / count));
}

}  // namespace signalbox::bench
