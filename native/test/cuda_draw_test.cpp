// Sampling on the emulated device draws the very tokens that the CPU's sampler draws, from rows
// that it changes as the CPU does.
#include <limits>

#include "kernels_cuda/adjust.cuh"
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

/// What a request changes, as the CPU's sampler takes it.
struct Change {
  SamplingParams params;
  TokenCounts counts;
  std::vector<std::uint32_t> allowed;
  std::vector<TokenId> suppressed;

  DrawInput input(const float* logits) const {
    DrawInput input{};
    input.logits = logits;
    input.params = &params;
    input.counts = &counts;
    input.allowed = allowed;
    input.suppressed = suppressed;
    input.position = 11;
    return input;
  }
};

Change randomChange(int vocab, Random& random) {
  Change change;
  SamplingParams& params = change.params;
  params.seed = random.next();
  params.temperature = random.below(3) == 0 ? 0.0f : 1.5f;
  params.topP = random.below(2) == 0 ? 1.0f : 0.9f;
  params.topK = random.below(2) == 0 ? 0 : random.between(1, vocab);
  const auto some = [&](int most) { return random.below(2) == 0 ? 0 : random.between(1, most); };
  // Some named twice, some as far as a float goes.
  for (int i = some(30); i > 0; --i) {
    const float size = random.below(5) == 0 ? 3e38f : 4.0f;
    params.logitBias.push_back({random.below(vocab < 20 ? vocab : 20), random.normal() * size});
  }
  if (random.below(2) == 0) params.repetitionPenalty = random.below(2) == 0 ? 1.3f : 0.8f;
  if (random.below(2) == 0) params.frequencyPenalty = random.normal();
  if (random.below(2) == 0) params.presencePenalty = random.normal();
  for (int i = some(40); i > 0; --i) {
    if (random.below(2) == 0) {
      change.counts.addPrompt(random.below(vocab));
    } else {
      change.counts.addOutput(random.below(vocab));
    }
  }
  for (int i = some(6); i > 0; --i) change.suppressed.push_back(random.below(vocab));
  if (random.below(2) == 0) {
    change.allowed.resize(static_cast<std::size_t>((vocab + 31) / 32));
    const auto allow = [&](TokenId token) {
      change.allowed[static_cast<std::size_t>(token / 32)] |= 1u << token % 32;
    };
    // At times nothing but what is suppressed.
    const bool only = !change.suppressed.empty() && random.below(2) == 0;
    for (int i = random.between(1, 2 * vocab); i > 0 && !only; --i) allow(random.below(vocab));
    if (only) allow(change.suppressed.front());
  }
  return change;
}

/// Lists of all rows, one after the other.
struct ChangeLists {
  std::vector<AdjustRequest> requests;
  std::vector<LogitBias> biases;
  std::vector<TokenCounts::Entry> counts;
  std::vector<std::uint32_t> allowed;
  std::vector<TokenId> suppressed;

  template <class List, class Values>
  static ListRun append(List& list, const Values& values) {
    const ListRun run{static_cast<int>(list.size()), static_cast<int>(values.size())};
    list.insert(list.end(), values.begin(), values.end());
    return run;
  }
  void add(const Change& change) {
    const SamplingParams& params = change.params;
    AdjustRequest request;
    request.penalties = {params.repetitionPenalty, flushed(params.frequencyPenalty),
                         flushed(params.presencePenalty)};
    request.biases = append(biases, params.logitBias);
    if (penalises(params)) request.counts = append(counts, change.counts.entries());
    if (!change.allowed.empty()) request.allowed = append(allowed, change.allowed).first;
    request.suppressed = append(suppressed, change.suppressed);
    requests.push_back(request);
  }
};

TEST("biases, masks, penalties and suppressed tokens change the CPU's bits, and draw its tokens") {
  if (emulation::kRealThreads) return;
  Random random(test::testSeed() + 3);
  int broken = 0;
  int restored = 0;
  for (const int vocab : {1, 7, 33, 512, 1300, 5003}) {
    std::vector<float> logits;
    std::vector<Change> changes;
    ChangeLists lists;
    std::vector<DrawRequest> requests;
    for (int i = 0; i < 6; ++i) {
      std::vector<float> row = randomLogits(vocab, random);
      row[static_cast<std::size_t>(random.below(vocab))] = -1e-40f;
      if (i == 5) row[static_cast<std::size_t>(random.below(vocab))] = -INFINITY;
      logits.insert(logits.end(), row.begin(), row.end());
      changes.push_back(randomChange(vocab, random));
      if (i == 0) {
        changes[0].counts = {};
        // One token is left, suppressed twice, and penalised by another thread than saves it.
        for (TokenId token = 0; token < 5 && token < vocab; ++token) {
          changes[0].counts.addPrompt(token);
        }
        changes[0].counts.addOutput(vocab / 2);
        changes[0].params.repetitionPenalty = 1.5f;
        changes[0].suppressed = {vocab / 2, vocab / 2};
        changes[0].allowed.assign(static_cast<std::size_t>((vocab + 31) / 32), 0);
        changes[0].allowed[static_cast<std::size_t>(vocab / 64)] = 1u << vocab / 2 % 32;
      }
      const SamplingParams& params = changes.back().params;
      lists.add(changes.back());
      requests.push_back({params.temperature, params.topK, params.topP, params.minP, params.seed,
                          11});
    }
    Exact<float> onDevice(logits);
    Exact<AdjustRequest> asked(lists.requests);
    Exact<LogitBias> biases(lists.biases);
    Exact<TokenCounts::Entry> counts(lists.counts);
    Exact<std::uint32_t> allowed(lists.allowed);
    Exact<TokenId> suppressed(lists.suppressed);
    Exact<float> saved(lists.suppressed.size());
    const int rows = static_cast<int>(changes.size());
    emulation::launch({.grid = {rows, 1},
                       .threads = kAdjustThreads,
                       .sharedBytes = sizeof(AdjustShared),
                       .seed = random.next()},
                      adjustLogits,
                      AdjustParams{onDevice.get(), static_cast<std::size_t>(vocab), vocab,
                                   asked.get(), biases.get(), counts.get(), allowed.get(),
                                   suppressed.get(), saved.get()});
    Exact<DrawRequest> draws(requests);
    Exact<TokenId> tokens(changes.size());
    emulation::launch({.grid = {rows, 1},
                       .threads = kDrawThreads,
                       .sharedBytes = sizeof(DrawShared),
                       .seed = random.next()},
                      drawTokens,
                      DrawParams{onDevice.get(), static_cast<std::size_t>(vocab), vocab,
                                 kTemperatureMin, draws.get(), tokens.get(), true});
    Sampler sampler(vocab);
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const DrawInput input =
          changes[i].input(logits.data() + i * static_cast<std::size_t>(vocab));
      Drawn drawn;
      sampler.draw(input, drawn);
      CHECK_SAY(tokens[i] == (drawn.finite ? drawn.token : -1),
                "row " << i << " of vocabulary " << vocab << ": " << tokens[i] << " and not "
                       << drawn.token);
      broken += drawn.finite ? 0 : 1;
      if (!drawn.finite) continue;
      LogitRow row(vocab);
      CHECK(row.load(input));
      if (!input.suppressed.empty()) row.suppress(input.suppressed);
      for (int token = 0; token < vocab; ++token) {
        const float got = onDevice[i * static_cast<std::size_t>(vocab) +
                                   static_cast<std::size_t>(token)];
        CHECK_SAY(std::bit_cast<std::uint32_t>(got) ==
                      std::bit_cast<std::uint32_t>(flushed(row.values()[token])),
                  "token " << token << " of row " << i << ": " << got << " and not "
                           << row.values()[token]);
      }
      for (const TokenId token : input.suppressed) {
        restored += row.values()[token] != kExcludedLogit ? 1 : 0;
      }
    }
  }
  CHECK_SAY(broken == 6 && restored >= 12, broken << " refused, " << restored << " put back");
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
