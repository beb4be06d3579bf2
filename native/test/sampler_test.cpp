// The sampler against its definition read slowly, against probability theory, and by example.
#include <cmath>
#include <limits>
#include <numeric>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "allocations.h"
#include "check.h"
#include "sample/sampler.h"
#include "slow_sampler.h"

namespace signalbox {
namespace {

using test::Random;

/// One draw with all it may need; holds what DrawInput points to.
struct Case {
  std::vector<float> logits;
  SamplingParams params;
  std::vector<TokenId> prompt;
  std::vector<TokenId> output;
  std::vector<std::uint32_t> allowed;
  std::vector<TokenId> suppressed;
  std::uint64_t position = 0;
  TokenCounts counts;

  DrawInput input() {
    counts = TokenCounts();
    for (const TokenId t : prompt) counts.addPrompt(t);
    for (const TokenId t : output) counts.addOutput(t);
    return {logits.data(), &params, &counts, allowed, suppressed, position};
  }
  Drawn draw() {
    Sampler sampler(static_cast<int>(logits.size()));
    Drawn drawn;
    sampler.draw(input(), drawn);
    return drawn;
  }
};

Case caseOf(std::vector<float> logits) {
  Case c;
  c.logits = std::move(logits);
  return c;
}

/// Only these may be drawn.
std::vector<std::uint32_t> maskOf(int vocab, std::initializer_list<TokenId> tokens) {
  std::vector<std::uint32_t> mask(static_cast<std::size_t>(vocab + 31) / 32);
  for (const TokenId t : tokens) mask[static_cast<std::size_t>(t) / 32] |= 1u << t % 32;
  return mask;
}

std::vector<float> randomLogits(Random& random, int vocab) {
  std::vector<float> logits(static_cast<std::size_t>(vocab));
  const int kind = random.below(6);
  const float spread = kind == 0 ? 0.01f : kind == 1 ? 20.0f : 3.0f;
  for (float& x : logits) {
    x = random.normal() * spread;
    if (kind == 2) x = std::floor(x * 4) / 4;                      // many ties
    if (kind == 3) x = random.below(3) == 0 ? 0x1p-140f * x : x;   // subnormals beside numbers
    if (kind == 4 && random.below(50) == 0) x += 25;               // a few stand out
    if (kind == 5) x = 1.5f;                                       // nothing does
  }
  return logits;
}

SamplingParams randomParams(Random& random, int vocab) {
  SamplingParams params;
  const float temperatures[] = {0, 0x1p-17f, 0x1p-16f, 0.3f, 1, 1, 2.5f, 100};
  params.temperature = temperatures[random.below(8)];
  const int ks[] = {0, 0, 1, 2, 20, vocab / 3 + 1, vocab, 5000};
  params.topK = ks[random.below(8)];
  const float ps[] = {1, 1, 0.9f, 0.5f, 0.999f, 1e-6f};
  params.topP = ps[random.below(6)];
  const float mins[] = {0, 0, 0.05f, 1, 1e-5f};
  params.minP = mins[random.below(5)];
  if (random.below(2) == 0) params.repetitionPenalty = random.below(2) == 0 ? 1.3f : 0.7f;
  if (random.below(2) == 0) params.presencePenalty = static_cast<float>(random.between(-2, 2));
  if (random.below(2) == 0) params.frequencyPenalty = 0.37f * static_cast<float>(random.below(4));
  for (int i = random.below(4); i > 0; --i) {
    params.logitBias.push_back({random.below(vocab), random.normal() * 5});
  }
  params.logprobs = random.between(-1, kLogprobsMax);
  params.seed = random.next();
  return params;
}

Case randomCase(Random& random) {
  const int vocabs[] = {1, 2, 31, 63, 64, 65, 320, 1000, 5000, 20000, 33333};
  const int vocab = vocabs[random.below(11)];
  Case c = caseOf(randomLogits(random, vocab));
  c.params = randomParams(random, vocab);
  for (int i = random.below(40); i > 0; --i) c.prompt.push_back(random.below(vocab));
  for (int i = random.below(40); i > 0; --i) c.output.push_back(random.below(vocab));
  if (random.below(3) == 0) {
    c.allowed.resize(static_cast<std::size_t>(vocab + 31) / 32);
    const bool few = random.below(2) == 0;
    for (std::uint32_t& word : c.allowed) {
      word = static_cast<std::uint32_t>(few ? random.next() & random.next() & random.next()
                                            : random.next() | random.next());
    }
    c.allowed[0] |= 1;
  }
  for (int i = random.below(4) == 0 ? random.between(1, 5) : 0; i > 0; --i) {
    c.suppressed.push_back(random.below(vocab));
  }
  c.position = random.next() >> 40;
  return c;
}

void checkAgainstSlow(Case& c, const Drawn& drawn) {
  const test::SlowDraw slow = test::drawSlowly(c.logits, c.params, c.prompt, c.output, c.allowed,
                                               c.suppressed, c.position);
  CHECK(drawn.finite == slow.finite);
  CHECK_SAY(drawn.token == slow.token,
            drawn.token << " not " << slow.token << ", vocab " << c.logits.size() << " temperature "
                        << c.params.temperature << " k " << c.params.topK << " p "
                        << c.params.topP << " min " << c.params.minP);
  CHECK_SAY(drawn.logprob == slow.logprob, drawn.logprob << " not " << slow.logprob);
  CHECK(drawn.alternatives == static_cast<int>(slow.alternatives.size()));
  for (int i = 0; i < drawn.alternatives; ++i) {
    const auto at = static_cast<std::size_t>(i);
    CHECK(drawn.alternative[at].token == slow.alternatives[at].token);
    CHECK(drawn.alternative[at].logprob == slow.alternatives[at].logprob);
  }
}

TEST("every shortcut draws what a full sort would") {
  Random random(test::testSeed());
  for (int i = 0; i < 1500; ++i) {
    Case c = randomCase(random);
    checkAgainstSlow(c, c.draw());
  }
}

TEST("one sampler after many rows draws what a new one would") {
  Random random(test::testSeed() + 1);
  Sampler sampler(1000);
  Drawn drawn;
  for (int i = 0; i < 400; ++i) {
    Case c = caseOf(randomLogits(random, 1000));
    c.params = randomParams(random, 1000);
    for (int n = random.below(3); n > 0; --n) c.suppressed.push_back(random.below(1000));
    sampler.draw(c.input(), drawn);
    checkAgainstSlow(c, drawn);
  }
}

/// How many standard deviations (of chi-square, by Wilson and Hilferty) the counts are off.
double surprise(const std::vector<double>& expected, const std::vector<int>& counts, int draws) {
  double chi = 0;
  int cells = 0;
  double restExpected = 0;
  double restCount = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double mean = expected[i] * draws;
    if (mean == 0) CHECK_SAY(counts[i] == 0, "token " << i << " cannot be drawn");
    if (mean < 8) {
      restExpected += mean;
      restCount += counts[i];
      continue;
    }
    chi += (counts[i] - mean) * (counts[i] - mean) / mean;
    ++cells;
  }
  if (restExpected > 0) {
    chi += (restCount - restExpected) * (restCount - restExpected) / restExpected;
    ++cells;
  }
  const double freedom = cells - 1;
  const double spread = 2 / (9 * freedom);
  return (std::cbrt(chi / freedom) - (1 - spread)) / std::sqrt(spread);
}

std::vector<double> softmax(const std::vector<float>& logits, double temperature) {
  std::vector<double> p;
  for (const float x : logits) p.push_back(std::exp(x / temperature));
  const double sum = std::accumulate(p.begin(), p.end(), 0.0);
  for (double& value : p) value /= sum;
  return p;
}

void checkDistribution(Case& c, const std::vector<double>& expected) {
  const int draws = 40000;
  std::vector<int> counts(c.logits.size());
  Sampler sampler(static_cast<int>(c.logits.size()));
  Drawn drawn;
  for (int i = 0; i < draws; ++i) {
    c.position = static_cast<std::uint64_t>(i);
    sampler.draw(c.input(), drawn);
    ++counts[static_cast<std::size_t>(drawn.token)];
  }
  const double deviations = surprise(expected, counts, draws);
  CHECK_SAY(std::abs(deviations) < 4, deviations << " standard deviations");
}

/// `expected` with everything but the first `keep` of `order` at 0, and scaled to 1.
std::vector<double> onlyFirst(std::vector<double> expected, const std::vector<std::size_t>& order,
                              std::size_t keep) {
  double sum = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (i >= keep) expected[order[i]] = 0;
    sum += expected[order[i]];
  }
  for (double& p : expected) p /= sum;
  return expected;
}

TEST("tokens come as often as their probabilities say, with every filter") {
  // Fixed seeds: a chi-square test that fails once in ten thousand is no use in a nightly run.
  Random random(20240607);
  for (const float temperature : {0.5f, 1.0f, 1.7f}) {
    Case c = caseOf({});
    for (int i = 0; i < 200; ++i) c.logits.push_back(random.normal() * 1.2f);
    c.params.temperature = temperature;
    c.params.seed = random.next();
    const std::vector<double> p = softmax(c.logits, static_cast<double>(temperature));
    std::vector<std::size_t> order(p.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return p[a] > p[b]; });
    checkDistribution(c, p);
    c.params.topK = 17;
    checkDistribution(c, onlyFirst(p, order, 17));
    c.params.topK = 0;
    c.params.topP = 0.8f;
    std::size_t keep = 0;
    for (double sum = 0; sum < 0.8; ++keep) sum += p[order[keep]];
    CHECK(keep > 1 && keep < 190);
    checkDistribution(c, onlyFirst(p, order, keep));
    c.params.topP = 1;
    c.params.minP = 0.1f;
    keep = 0;
    while (p[order[keep]] >= 0.1 * p[order[0]]) ++keep;
    CHECK(keep > 1 && keep < 190);
    checkDistribution(c, onlyFirst(p, order, keep));
  }
}

TEST("the same seed and position draw the same, others something else") {
  Case c = caseOf(std::vector<float>(1000, 0.5f));
  c.params.seed = 11;
  c.position = 5;
  const TokenId first = c.draw().token;
  CHECK(c.draw().token == first);
  int same = 0;
  for (int i = 1; i <= 100; ++i) {
    c.position = 5 + static_cast<std::uint64_t>(i);
    same += c.draw().token == first ? 1 : 0;
    c.position = 5;
    c.params.seed = 11 + static_cast<std::uint64_t>(i);
    same += c.draw().token == first ? 1 : 0;
    c.params.seed = 11;
  }
  CHECK(same < 5);
}

TEST("temperature 0 takes the largest, of equals the lowest id, whatever else is asked") {
  Case c = caseOf(std::vector<float>(300, -1));
  c.logits[70] = c.logits[7] = c.logits[200] = 2;
  c.params.temperature = 0;
  CHECK(c.draw().token == 7);
  c.params.topK = 1;
  c.params.topP = 0.1f;
  c.params.minP = 1;
  CHECK(c.draw().token == 7);
  c.allowed = maskOf(300, {9, 200, 70});
  CHECK(c.draw().token == 70);
  c.suppressed = {70};
  CHECK(c.draw().token == 200);
  c.params.logitBias = {{9, 3.5f}};
  CHECK(c.draw().token == 9);
  c.params.frequencyPenalty = 1;
  c.output = {9};
  CHECK(c.draw().token == 200);
}

TEST("zeros of either sign and subnormals are ties, whatever the thread does with them") {
  Case c = caseOf({-1, -0.0f, 1e-40f, 0.0f});
  c.params.temperature = 0;
  CHECK(c.draw().token == 1);
#if defined(__x86_64__)
  Random random(test::testSeed() + 2);
  const unsigned before = _mm_getcsr();
  for (int i = 0; i < 300; ++i) {
    Case each = randomCase(random);
    const Drawn plain = each.draw();
    _mm_setcsr(before | 0x8040u);  // FTZ and DAZ, as threads that compute have it
    const Drawn flushing = each.draw();
    _mm_setcsr(before);
    CHECK(plain.token == flushing.token && plain.logprob == flushing.logprob);
  }
#endif
}

TEST("a bias adds up in order, and a large one bans or forces") {
  Case c = caseOf({1, 2, 3});
  c.params.temperature = 0;
  c.params.logitBias = {{0, 1.5f}, {0, 1.0f}};
  CHECK(c.draw().token == 0);
  c.params.logitBias = {{2, -100}, {1, -100}};
  CHECK(c.draw().token == 0);
  c.logits = {0, 3e38f, 3e38f};
  c.params.logitBias = {{0, std::numeric_limits<float>::max()}, {1, 3.4e38f}};
  CHECK_SAY(c.draw().token == 0, "beyond the largest float is the largest float");
}

TEST("repetition looks at prompt and output, presence and frequency at output alone") {
  Case c = caseOf({2, -2, 1, 0.5f});
  c.params.logprobs = 4;
  c.params.repetitionPenalty = 4;
  c.prompt = {0, 1, 1};
  c.output = {2, 2, 2};
  c.params.presencePenalty = 0.25f;
  c.params.frequencyPenalty = 0.125f;
  // 2 / 4, -2 * 4, 1 / 4 - 3 * 0.125 - 0.25, untouched
  const std::vector<double> p = softmax({0.5f, -8, -0.375f, 0.5f}, 1);
  const Drawn drawn = c.draw();
  CHECK(drawn.alternatives == 4);
  const TokenId order[] = {0, 3, 2, 1};
  for (std::size_t i = 0; i < 4; ++i) {
    const TokenLogprob& alternative = drawn.alternative[i];
    CHECK(alternative.token == order[i]);
    const double expected = std::log(p[static_cast<std::size_t>(order[i])]);
    CHECK_SAY(std::abs(static_cast<double>(alternative.logprob) - expected) < 2e-6,
              alternative.logprob << " not " << expected);
  }
}

TEST("log-probabilities are natural, before temperature and filters, and sum to one") {
  Random random(test::testSeed() + 3);
  Case c = caseOf({});
  for (int i = 0; i < 20; ++i) c.logits.push_back(random.normal() * 3);
  c.params.logprobs = 20;
  c.params.temperature = 0.2f;
  c.params.topK = 1;
  const Drawn drawn = c.draw();
  double sum = 0;
  for (const TokenLogprob& each : drawn.alternative) sum += std::exp(double{each.logprob});
  CHECK_SAY(std::abs(sum - 1) < 1e-6, sum);
  CHECK(drawn.token == drawn.alternative[0].token);
  CHECK(drawn.logprob == drawn.alternative[0].logprob);
  c.params.logprobs = 0;
  CHECK(c.draw().alternatives == 0);
  CHECK(c.draw().logprob == drawn.logprob);
  c.params.logprobs = -1;
  CHECK(c.draw().logprob == 0);
}

TEST("masked tokens are neither drawn nor reported; suppressed ones are reported alone") {
  Case c = caseOf({9, 8, 7, 6});
  c.params.logprobs = 4;
  c.allowed = maskOf(4, {1, 3});
  Drawn drawn = c.draw();
  CHECK(drawn.alternatives == 2);
  CHECK(drawn.alternative[0].token == 1 && drawn.alternative[1].token == 3);
  c.allowed.clear();
  c.params.temperature = 0;
  c.suppressed = {0, 0};
  drawn = c.draw();
  CHECK(drawn.token == 1);
  CHECK(drawn.alternatives == 4 && drawn.alternative[0].token == 0);
}

TEST("a mask that leaves only suppressed tokens wins over minTokens") {
  Case c = caseOf({1, 5, 3});
  c.allowed = maskOf(3, {0, 2});
  c.params.temperature = 0;
  c.suppressed = {2, 0, 2};
  CHECK(c.draw().token == 2);
}

TEST("a mask of one token is certain, wherever it is") {
  Random random(test::testSeed() + 4);
  for (int i = 0; i < 100; ++i) {
    const int vocab = random.between(1, 700);
    Case c = caseOf(randomLogits(random, vocab));
    c.params = randomParams(random, vocab);
    const TokenId only = random.below(vocab);
    c.allowed = maskOf(vocab, {only});
    // Bits beyond the vocabulary mean nothing.
    if (vocab % 32 != 0) c.allowed.back() |= ~0u << (vocab % 32);
    CHECK(c.draw().token == only);
  }
}

TEST("a logit that is no number fails the draw, wherever it is and whatever is asked") {
  Random random(test::testSeed() + 5);
  const float broken[] = {std::numeric_limits<float>::quiet_NaN(),
                          -std::numeric_limits<float>::quiet_NaN(),
                          std::numeric_limits<float>::infinity(),
                          -std::numeric_limits<float>::infinity()};
  for (int i = 0; i < 300; ++i) {
    Case c = randomCase(random);
    const int at = random.below(static_cast<int>(c.logits.size()));
    c.logits[static_cast<std::size_t>(at)] = broken[random.below(4)];
    CHECK(!c.draw().finite);
  }
}

TEST("weights are the exponential within its tolerance, and their logarithm inverts them") {
  CHECK(weightOf(0) == std::uint64_t{1} << 40);
  CHECK(weightOf(kWeightlessExponent) == 0 && weightOf(-1e30f) == 0);
  CHECK(weightOf(-std::numeric_limits<float>::infinity()) == 0);
  Random random(test::testSeed() + 6);
  for (int i = 0; i < 20000; ++i) {
    const float x = -20 * static_cast<float>(random.uniform());
    const double exact = std::exp(double{x}) * 0x1p40;
    const double error = std::abs(static_cast<double>(weightOf(x)) - exact);
    CHECK_SAY(error <= 1 + exact * 2e-7 * (1 - double{x}), x << " is off by " << error);
    const std::uint64_t weight = (random.next() >> random.between(1, 63)) | 1;
    const double logarithm = std::log(static_cast<double>(weight)) - 40 * std::log(2.0);
    CHECK_SAY(std::abs(logOfWeight(weight) - logarithm) < 1e-13, weight);
  }
}

TEST("token counts count, however many there are") {
  Random random(test::testSeed() + 7);
  TokenCounts counts;
  std::map<TokenId, int> expected;
  for (int i = 0; i < 5000; ++i) {
    const TokenId token = random.below(2) == 0 ? random.below(100) : random.below(128000);
    if (random.below(2) == 0) {
      counts.addPrompt(token);
      expected[token];
    } else {
      counts.addOutput(token);
      ++expected[token];
    }
  }
  CHECK(counts.entries().size() == expected.size());
  for (const TokenCounts::Entry& entry : counts.entries()) {
    CHECK(expected.at(entry.token) == entry.inOutput);
  }
}

TEST("drawing allocates nothing once it has run") {
  test::needAllocationsCounted();
  Random random(test::testSeed() + 8);
  Sampler sampler(20000);
  Drawn drawn;
  std::vector<Case> cases;
  for (int i = 0; i < 40; ++i) {
    Case& c = cases.emplace_back(caseOf(randomLogits(random, 20000)));
    c.params = randomParams(random, 20000);
    c.suppressed.assign(2, random.below(20000));
  }
  std::vector<DrawInput> inputs;
  for (Case& c : cases) inputs.push_back(c.input());
  sampler.draw(inputs[0], drawn);
  const std::uint64_t before = test::allocations;
  for (const DrawInput& input : inputs) sampler.draw(input, drawn);
  CHECK_SAY(test::allocations == before, test::allocations - before << " allocations");
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
