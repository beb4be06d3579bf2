// What 8-bit caches and weights cost the bundled model: perplexity of its held-out text, and the
// answers it still gets right. native/models/README.md has the format of heldout.json.
#include <cmath>
#include <cstdio>
#include <filesystem>

#include "core/json.h"
#include "core/safetensors.h"
#include "test/check.h"
#include "test/decoding.h"
#include "test/golden_file.h"

namespace signalbox {

namespace {

using test::Decoder;
using test::Sequence;

std::filesystem::path lantern() {
  for (const std::filesystem::path& folder : test::goldenModels()) {
    if (folder.filename() == "lantern") return folder;
  }
  throw std::runtime_error("the bundled model is not there");
}

Json heldOut() {
  const std::string path = (lantern() / "heldout.json").string();
  return Json::parse(readSmallFile(path, std::size_t{4} << 20), path);
}

std::vector<TokenId> idsOf(const Json& list) {
  std::vector<TokenId> ids;
  for (const Json& id : list.asArray()) ids.push_back(static_cast<TokenId>(id.asInteger()));
  return ids;
}

RunnerOptions optionsOf(const char* isa, KvDtype cache, WeightDtype weights) {
  RunnerOptions options;
  options.folder = lantern().string();
  options.isa = isa;
  options.cache = cache;
  options.weights = weights;
  options.threads = 2;
  options.rowsMax = 512;
  options.blocks = 512;
  options.stallMillis = 20000;
  return options;
}

/// exp of the mean negative log likelihood of tokens 2, 3, ... given those before, pooled over the
/// first two sequences of the text, or their first `tokensMax` tokens.
double perplexity(const RunnerOptions& options, std::size_t tokensMax) {
  constexpr std::size_t kSequences = 2;
  const Json text = heldOut();
  double sum = 0;
  double count = 0;
  for (std::size_t s = 0; s < kSequences; ++s) {
    std::vector<TokenId> ids = idsOf(text.find("text")->asArray()[s]);
    if (ids.size() > tokensMax) ids.resize(tokensMax);
    Decoder decoder(options);
    const int vocab = decoder.runner().config().vocab;
    Sequence sequence;
    for (std::size_t at = 0; at < ids.size(); at += 256) {
      const std::size_t rows = std::min<std::size_t>(256, ids.size() - at);
      const std::vector<float> logits =
          decoder.prefill(sequence, std::span<const TokenId>(ids).subspan(at, rows));
      for (std::size_t row = 0; row < rows && at + row + 1 < ids.size(); ++row) {
        const float* values = logits.data() + row * static_cast<std::size_t>(vocab);
        double largest = values[0];
        for (int i = 1; i < vocab; ++i) largest = std::max<double>(largest, values[i]);
        double total = 0;
        for (int i = 0; i < vocab; ++i) total += std::exp(values[i] - largest);
        sum -= values[ids[at + row + 1]] - largest - std::log(total);
        ++count;
      }
    }
  }
  return std::exp(sum / count);
}

/// Tasks whose greedy continuation is the answer, of every `stride`-th.
int answered(const RunnerOptions& options, std::size_t stride, int* asked) {
  const Json text = heldOut();
  const std::vector<Json>& tasks = text.find("tasks")->asArray();
  Decoder decoder(options);
  const int vocab = decoder.runner().config().vocab;
  int right = 0;
  *asked = 0;
  for (std::size_t i = 0; i < tasks.size(); i += stride) {
    const std::vector<TokenId> prompt = idsOf(*tasks[i].find("prompt"));
    const std::vector<TokenId> answer = idsOf(*tasks[i].find("answer"));
    Sequence sequence;
    std::vector<float> logits = decoder.prefill(sequence, prompt);
    bool same = true;
    for (std::size_t t = 0; t < answer.size() && same; ++t) {
      const float* last = logits.data() + logits.size() - static_cast<std::size_t>(vocab);
      same = test::largest(last, vocab) == answer[t];
      if (same && t + 1 < answer.size()) {
        logits = decoder.prefill(sequence, std::span<const TokenId>(answer).subspan(t, 1));
      }
    }
    right += same ? 1 : 0;
    ++*asked;
  }
  return right;
}

}  // namespace

TEST("an fp8 cache moves the bundled model's perplexity by at most 0.5 %, fp8 weights by 1 %") {
  const auto of = [&](const char* isa, KvDtype cache, WeightDtype weights,
                      std::size_t tokensMax = SIZE_MAX) {
    return perplexity(optionsOf(isa, cache, weights), tokensMax);
  };
  // The reference path takes its time.
  constexpr std::size_t kBeginning = 400;
  const double exact = of("reference", KvDtype::kF32, WeightDtype::kBf16, kBeginning);
  const double beginning = of("", KvDtype::kBf16, WeightDtype::kBf16, kBeginning);
  const double plain = of("", KvDtype::kBf16, WeightDtype::kBf16);
  const double cache = of("", KvDtype::kFp8, WeightDtype::kBf16);
  const double weights = of("", KvDtype::kBf16, WeightDtype::kFp8);
  std::printf("      fp32 %.5f, bf16 %.5f; of all bf16 %.5f\n", exact, beginning, plain);
  std::printf("      fp8 cache %.5f (%+.3f %%)\n", cache, 100 * (cache / plain - 1));
  std::printf("      fp8 weights %.5f (%+.3f %%)\n", weights, 100 * (weights / plain - 1));
  // An untrained model would be near its vocabulary's 1280.
  CHECK(exact > 1 && exact < 20);
  CHECK(std::fabs(beginning / exact - 1) < 0.005);
  CHECK(cache != plain && std::fabs(cache / plain - 1) <= 0.005);
  CHECK(weights != plain && std::fabs(weights / plain - 1) <= 0.01);
}

TEST("the bundled model answers held-out tasks, as well with an fp8 cache") {
  int asked = 0;
  const RunnerOptions plain = optionsOf("", KvDtype::kBf16, WeightDtype::kBf16);
  const int right = answered(plain, 3, &asked);
  const RunnerOptions narrow = optionsOf("", KvDtype::kFp8, WeightDtype::kBf16);
  const int rightNarrow = answered(narrow, 3, &asked);
  std::printf("      %d of %d, fp8 cache %d\n", right, asked, rightNarrow);
  CHECK(asked >= 90 && 2 * right > asked);
  CHECK(20 * std::abs(right - rightNarrow) <= asked);
}

}  // namespace signalbox

TEST_MAIN
