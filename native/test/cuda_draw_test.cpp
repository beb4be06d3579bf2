// Sampling on the emulated device draws the very tokens that the CPU's sampler draws.
#include <limits>

#include "kernels_cuda/draw.cuh"
#include "sample/sampler.h"
#include "test/device_rig.h"

namespace signalbox {
namespace {

using test::Exact;
using test::Random;

/// A block per row of `logits`, [rows][vocab].
std::vector<TokenId> drawOnDevice(const std::vector<float>& logits, int vocab,
                                  const std::vector<DrawRequest>& requests, std::uint64_t seed) {
  const auto rows = requests.size();
  Exact<float> onDevice(logits);
  Exact<DrawRequest> asked(requests);
  Exact<TokenId> tokens(rows);
  emulation::launch(
      {.grid = {static_cast<int>(rows), 1},
       .threads = kDrawThreads,
       .sharedBytes = sizeof(DrawShared),
       .seed = seed},
      drawTokens,
      DrawParams{onDevice.get(), static_cast<std::size_t>(vocab), vocab, kTemperatureMin,
                 asked.get(), tokens.get()});
  return tokens.copy();
}

TokenId drawOnCpu(const float* logits, int vocab, const DrawRequest& request) {
  SamplingParams params;
  params.temperature = request.temperature;
  params.topK = request.topK;
  params.topP = request.topP;
  params.minP = request.minP;
  params.seed = request.seed;
  Sampler sampler(vocab);
  Drawn drawn;
  DrawInput input{};
  input.logits = logits;
  input.params = &params;
  input.position = request.position;
  sampler.draw(input, drawn);
  return drawn.finite ? drawn.token : -1;
}

/// Peaked, flat or full of ties.
std::vector<float> randomLogits(int vocab, Random& random) {
  const int kind = random.below(4);
  std::vector<float> logits;
  for (int i = 0; i < vocab; ++i) {
    const float value = random.normal() * (kind == 0 ? 10.0f : kind == 1 ? 0.1f : 3.0f);
    logits.push_back(kind == 3 ? std::round(value) : value);
  }
  return logits;
}

DrawRequest randomRequest(int vocab, Random& random) {
  const auto oneOf = [&](std::initializer_list<float> values) {
    return values.begin()[random.below(static_cast<int>(values.size()))];
  };
  return {oneOf({0.0f, 0.3f, 0.7f, 1.0f, 1.0f, 2.5f}),
          random.below(2) == 0 ? 0 : random.between(1, random.below(2) == 0 ? 50 : vocab + 2),
          oneOf({1.0f, 1.0f, 0.95f, 0.5f, 0.1f, 0.0f}),
          oneOf({0.0f, 0.0f, 0.05f, 0.4f, 1.0f}),
          random.next(),
          random.next() >> random.below(64)};
}

TEST("every request draws the CPU's token, for every vocabulary, filter and temperature") {
  Random random(test::testSeed());
  int filtered = 0;
  for (const int vocab : {1, 2, 31, 33, 256, 511, 513, 1000, 4096, 5003, 32000}) {
    if (emulation::kRealThreads && vocab != 33) continue;
    std::vector<float> logits;
    std::vector<DrawRequest> requests;
    for (int i = 0; i < test::rounds(vocab > 4096 ? 3 : 7); ++i) {
      const std::vector<float> row = randomLogits(vocab, random);
      logits.insert(logits.end(), row.begin(), row.end());
      requests.push_back(randomRequest(vocab, random));
      filtered += requests.back().topP < 1 || requests.back().topK > 0 ? 1 : 0;
    }
    const std::vector<TokenId> tokens = drawOnDevice(logits, vocab, requests, random.next());
    for (std::size_t i = 0; i < requests.size(); ++i) {
      const DrawRequest& request = requests[i];
      const TokenId expected =
          drawOnCpu(logits.data() + i * static_cast<std::size_t>(vocab), vocab, request);
      CHECK_SAY(tokens[i] == expected,
                tokens[i] << " and not " << expected << " of " << vocab << ": temperature "
                          << request.temperature << ", top-k " << request.topK << ", top-p "
                          << request.topP << ", min-p " << request.minP);
    }
  }
  CHECK(emulation::kRealThreads || filtered > 30);
}

TEST("a draw depends on the seed and the position, not on the row or its neighbours") {
  Random random(test::testSeed() + 1);
  const int vocab = 300;
  const std::vector<float> row = randomLogits(vocab, random);
  std::vector<float> logits;
  std::vector<DrawRequest> requests;
  const int rows = test::rounds(24);
  for (int i = 0; i < rows; ++i) {
    logits.insert(logits.end(), row.begin(), row.end());
    requests.push_back({3.0f, 0, 1.0f, 0.0f, 7, static_cast<std::uint64_t>(i / 2)});
  }
  const std::vector<TokenId> tokens = drawOnDevice(logits, vocab, requests, 1);
  int changes = 0;
  for (std::size_t i = 1; i < tokens.size(); ++i) {
    if (i % 2 == 1) CHECK(tokens[i] == tokens[i - 1]);
    changes += tokens[i] != tokens[i - 1] ? 1 : 0;
  }
  CHECK(emulation::kRealThreads || changes > 5);
}

TEST("a row with a logit that is not finite draws -1, and its neighbours draw") {
  Random random(test::testSeed() + 2);
  const int vocab = 600;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()}) {
    std::vector<float> logits = test::normals(2 * vocab, random);
    logits[static_cast<std::size_t>(random.below(vocab))] = bad;
    const std::vector<DrawRequest> requests(2, DrawRequest{1.0f, 0, 1.0f, 0.0f, 1, 2});
    const std::vector<TokenId> tokens = drawOnDevice(logits, vocab, requests, 3);
    CHECK(tokens[0] == -1);
    CHECK(tokens[1] == drawOnCpu(logits.data() + vocab, vocab, requests[1]));
    if (emulation::kRealThreads) break;
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
