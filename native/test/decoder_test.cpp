// Requests get what they get alone, however they are computed: the decoder over a model that
// notices every wrong cell.
#include <functional>
#include <set>

#include "allocations.h"
#include "batch_world.h"
#include "temporary_folder.h"

namespace signalbox {
namespace {

using test::AloneOutput;
using test::FakeModel;
using test::optionsOf;
using test::Random;
using test::randomTokens;
using test::requestOf;
using test::Track;
using test::World;

/// What random traffic looks like.
struct Traffic {
  int requests = test::kWatched ? 60 : 150;
  int beginnings = 4;
  int beginningMax = 150;
  int tailMax = 90;
  int outputMax = 70;
  double arrival = 0.5;  // a step
  double masked = 0.2;
  double aborted = 0.1;
  int priorities = 1;
};

class Client {
 public:
  Client(std::uint64_t seed, const FakeModel& model, const Traffic& traffic)
      : random(seed), model_(model), traffic_(traffic) {
    for (int i = 0; i < traffic.beginnings; ++i) {
      beginnings_.push_back(randomTokens(random, traffic.beginningMax, model.vocab));
    }
  }

  Request next() {
    std::vector<TokenId> prompt = beginnings_[static_cast<std::size_t>(random.below(
        static_cast<int>(beginnings_.size())))];
    prompt.resize(static_cast<std::size_t>(random.between(0, traffic_.beginningMax)));
    const std::vector<TokenId> tail =
        randomTokens(random, random.between(1, traffic_.tailMax), model_.vocab);
    prompt.insert(prompt.end(), tail.begin(), tail.end());
    Request request = requestOf(++ids_, std::move(prompt), random.between(1, traffic_.outputMax));
    if (random.below(4) == 0) request.cacheSalt = "tenant";
    request.priority = random.below(traffic_.priorities);
    request.masked = random.uniform() < traffic_.masked;
    if (random.below(5) == 0) {
      const int tokens = random.between(0, request.sampling.maxTokens);
      request.resume = randomTokens(random, tokens, model_.vocab);
    }
    SamplingParams& sampling = request.sampling;
    const float temperatures[] = {0, 1, 0.7f};
    sampling.temperature = temperatures[random.below(3)];
    if (random.below(3) == 0) sampling.topK = random.between(1, 20);
    if (random.below(3) == 0) sampling.topP = 0.9f;
    if (random.below(4) == 0) sampling.minP = 0.02f;
    if (random.below(3) == 0) sampling.repetitionPenalty = 1.2f;
    if (random.below(4) == 0) sampling.frequencyPenalty = 0.5f;
    if (random.below(4) == 0) sampling.presencePenalty = 0.5f;
    if (random.below(4) == 0) sampling.logitBias = {{random.below(model_.vocab), 2}};
    if (random.below(4) == 0) sampling.stopIds = {random.below(model_.vocab)};
    if (random.below(6) == 0) sampling.ignoreEos = true;
    if (random.below(4) == 0) sampling.minTokens = random.between(0, sampling.maxTokens);
    if (random.below(3) == 0) sampling.logprobs = random.below(4);
    return request;
  }

  Random random;

 private:
  FakeModel model_;
  Traffic traffic_;
  std::vector<std::vector<TokenId>> beginnings_;
  std::uint64_t ids_ = 0;
};

/// What happened in a run, so that a test can say that it tested something.
struct Happened {
  EngineStats stats;
  std::uint64_t chunked = 0;
  int aborted = 0;
  int masks = 0;
  std::uint64_t longestWait = 0;
};

Happened runTraffic(World& world, const FakeModel& model, const Traffic& traffic,
                    std::uint64_t seed) {
  Client client(seed, model, traffic);
  Happened happened;
  int sent = 0;
  while (sent < traffic.requests || world.anyLive()) {
    while (sent < traffic.requests && client.random.uniform() < traffic.arrival) {
      world.submit(client.next());
      ++sent;
    }
    if (client.random.uniform() < traffic.aborted) {
      world.abort(static_cast<std::uint64_t>(client.random.between(1, sent + 1)));
    }
    world.giveMasks(client.random, 0.6);
    world.step();
  }
  world.finish();
  world.checkOutputs();
  happened.stats = world.decoder.stats();
  happened.chunked = world.chunked;
  for (const auto& [id, track] : world.tracks) {
    happened.aborted += track.finish == FinishReason::kAborted ? 1 : 0;
    happened.masks += track.masksGiven > 0 ? 1 : 0;
    happened.longestWait = std::max(happened.longestWait, track.ended - track.submitted);
  }
  const EngineStats& stats = happened.stats;
  std::printf("      steps %llu preempted %llu hits %llu chunked %llu spilled %llu restored %llu "
              "aborted %d masked %d longest %llu\n",
              static_cast<unsigned long long>(stats.step),
              static_cast<unsigned long long>(stats.preemptions),
              static_cast<unsigned long long>(stats.cachedTokens),
              static_cast<unsigned long long>(happened.chunked),
              static_cast<unsigned long long>(stats.spilled),
              static_cast<unsigned long long>(stats.restored), happened.aborted, happened.masks,
              static_cast<unsigned long long>(happened.longestWait));
  return happened;
}

TEST("random traffic with room gets what it gets alone") {
  const FakeModel model{.blocks = 200};
  World world(model, optionsOf(64, 16));
  const Happened happened = runTraffic(world, model, {}, test::testSeed());
  CHECK(happened.stats.preemptions == 0);
  CHECK(happened.stats.cachedTokens > 50 && happened.chunked > 3);
  CHECK(happened.aborted > 0 && happened.masks > 1);
}

TEST("random traffic in a cache that is too small gets what it gets alone") {
  const FakeModel model{.blocks = 18};
  World world(model, optionsOf(64, 16));
  const Traffic traffic{.tailMax = 40, .outputMax = 150, .aborted = 0.02};
  const Happened happened = runTraffic(world, model, traffic, test::testSeed() + 1);
  CHECK(happened.stats.preemptions > 2 && happened.stats.cachedTokens > 10);
}

TEST("random traffic of several priorities and tiny steps gets what it gets alone") {
  const FakeModel model{.blocks = 18, .rowsMax = 7};
  World world(model, optionsOf(512, 16));
  const Traffic traffic{
      .tailMax = 40, .outputMax = 150, .arrival = 0.3, .aborted = 0.01, .priorities = 3};
  const Happened happened = runTraffic(world, model, traffic, test::testSeed() + 2);
  CHECK(happened.stats.preemptions > 2 && happened.chunked > 10);
}

TEST("random traffic with a spill file gets what it gets alone") {
  test::TemporaryFolder folder;
  const FakeModel model{.blocks = 30};
  EngineOptions options = optionsOf(64, 8);
  options.spillFolder = folder.path();
  options.spillBytes = 25 * 4096;
  World world(model, options);
  const Happened happened = runTraffic(world, model, {.requests = 250}, test::testSeed() + 3);
  CHECK(happened.stats.spilled > 10 && happened.stats.restored > 3);
  CHECK(happened.stats.spillFailures == 0);
}

TEST("random traffic without a prefix cache gets what it gets alone") {
  const FakeModel model{.blocks = 20};
  EngineOptions options = optionsOf(50, 8);
  options.prefixCache = false;
  World world(model, options);
  const Traffic traffic{.tailMax = 40, .outputMax = 150, .aborted = 0.02};
  const Happened happened = runTraffic(world, model, traffic, test::testSeed() + 4);
  CHECK(happened.stats.preemptions > 0 && happened.stats.cachedTokens == 0);
  CHECK(happened.stats.kvEventNext == 1);
}

TEST("clearing the prefix cache at any time changes no output") {
  const FakeModel model{.blocks = 60};
  World world(model, optionsOf(64, 16));
  Client client(test::testSeed() + 5, model, {});
  for (int step = 0; step < 300; ++step) {
    if (step < 200 && step % 3 == 0) world.submit(client.next());
    world.giveMasks(client.random, 0.6);
    if (client.random.below(5) == 0) world.decoder.cache().clear();
    world.step();
  }
  world.finish();
  world.checkOutputs();
}

/// One way for a request to be computed; says whether that is what happened.
struct Way {
  const char* name;
  std::function<bool(World&, const Request&)> run;
};

TEST("cold, prefix hit, chunked, preempted, spilled and resumed give the same tokens") {
  test::TemporaryFolder folder;
  Random random(test::testSeed() + 6);
  const std::vector<TokenId> prompt = randomTokens(random, 200, 97);
  const auto filler = [&](std::uint64_t id, int size) {
    Request request = requestOf(id, randomTokens(random, size, 97), 1);
    request.sampling.ignoreEos = true;
    return request;
  };
  const Way ways[] = {
      {"cold",
       [&](World& world, const Request& request) {
         world.submit(request);
         world.runToEnd(request.id);
         return world.tracks.at(request.id).cachedTokens == 0;
       }},
      {"prefix hit",
       [&](World& world, const Request& request) {
         Request before = request;
         before.id = 1000;
         world.submit(before);
         world.runToEnd(1000);
         world.submit(request);
         world.runToEnd(request.id);
         return world.tracks.at(request.id).cachedTokens == 192;
       }},
      {"chunked",
       [&](World& world, const Request& request) {
         // Others take a part of every step, so the chunks are of all sizes.
         for (std::uint64_t id = 2000; id < 2005; ++id) world.submit(filler(id, 41));
         world.submit(request);
         world.runToEnd(request.id);
         return world.chunked >= 3;
       }},
      {"preempted",
       [&](World& world, const Request& request) {
         Request other = filler(3000, 230);
         other.sampling.maxTokens = 200;
         world.submit(other);
         world.submit(request);
         for (std::uint64_t id = 3001; id < 3004; ++id) {
           Request more = filler(id, 30);
           more.sampling.maxTokens = 170;
           more.priority = -1;
           world.submit(more);
         }
         world.runToEnd(request.id);
         return world.decoder.stats().preemptions > 0;
       }},
      {"spilled and restored",
       [&](World& world, const Request& request) {
         Request before = request;
         before.id = 4000;
         world.submit(before);
         world.runToEnd(4000);
         for (std::uint64_t id = 4001; id < 4005; ++id) {
           world.submit(filler(id, 300));
           world.runToEnd(id);
         }
         world.submit(request);
         world.runToEnd(request.id);
         return world.decoder.stats().restored >= 6 &&
                world.tracks.at(request.id).cachedTokens == 192;
       }},
  };
  for (const float temperature : {0.0f, 1.0f}) {
    Request request = requestOf(7, prompt, 60, temperature);
    request.sampling.ignoreEos = true;
    request.sampling.frequencyPenalty = 0.3f;
    request.sampling.repetitionPenalty = 1.1f;
    request.sampling.logprobs = 2;
    for (const Way& way : ways) {
      const FakeModel model{.blocks = 24};
      EngineOptions options = optionsOf(64, 8);
      options.spillFolder = folder.path();
      options.spillBytes = 200 * 4096;
      World world(model, options);
      CHECK_SAY(way.run(world, request), way.name << " did not happen");
      world.finish();
      world.checkOutputs();
      CHECK(world.tracks.at(7).tokens.size() == 60);
    }
  }
}

TEST("a request resumed after any of its tokens goes on as if it had never stopped") {
  Random random(test::testSeed() + 7);
  const FakeModel model{.blocks = 60};
  int resumed = 0;
  for (int i = 0; i < 6; ++i) {
    Request request = requestOf(1, randomTokens(random, random.between(1, 70), 97), 40);
    request.sampling.temperature = i % 2 == 0 ? 0.0f : 1.0f;
    request.sampling.frequencyPenalty = 0.4f;
    request.sampling.presencePenalty = 0.2f;
    request.sampling.repetitionPenalty = 1.3f;
    request.sampling.minTokens = 10;
    request.sampling.stopIds = {20, 21};
    request.masked = i >= 3;
    World world(model, optionsOf(32, 8));
    const AloneOutput whole = world.alone(request);
    for (std::size_t k = 0; k <= whole.tokens.size(); ++k) {
      Request rest = request;
      rest.resume.assign(whole.tokens.begin(),
                         whole.tokens.begin() + static_cast<std::ptrdiff_t>(k));
      World fresh(model, optionsOf(32, 8));
      fresh.submit(rest);
      fresh.finish();
      const Track& track = fresh.tracks.at(1);
      CHECK(track.finish == whole.finish);
      CHECK(std::vector<TokenId>(whole.tokens.begin() + static_cast<std::ptrdiff_t>(k),
                                 whole.tokens.end()) == track.tokens);
      ++resumed;
    }
  }
  CHECK(resumed > 50);
}

TEST("what the cache could have shared is shared") {
  // Four system prompts and conversations that go on: everything that an earlier request computed,
  // up to the last full block before the last token, could come from the cache.
  Random random(20240607);
  const FakeModel model{.contextMax = 4096, .blocks = 4000, .rowsMax = 256};
  World world(model, optionsOf(256, 32));
  std::vector<std::vector<TokenId>> systems;
  for (int i = 0; i < 4; ++i) systems.push_back(randomTokens(random, random.between(200, 700), 97));
  std::vector<std::vector<TokenId>> conversations;
  for (int i = 0; i < (test::kWatched ? 12 : 60); ++i) {
    conversations.push_back(systems[static_cast<std::size_t>(i % 4)]);
  }
  std::set<std::vector<TokenId>> known;
  std::uint64_t shareable = 0;
  std::uint64_t id = 0;
  for (int turn = 0; turn < 5; ++turn) {
    // All of a turn at once: those with one system prompt begin side by side.
    std::vector<std::pair<std::size_t, std::uint64_t>> sent;
    for (std::size_t i = 0; i < conversations.size(); ++i) {
      const std::vector<TokenId> said = randomTokens(random, random.between(5, 60), 97);
      conversations[i].insert(conversations[i].end(), said.begin(), said.end());
      const std::vector<TokenId>& prompt = conversations[i];
      const std::size_t reusable = (prompt.size() - 1) / kBlockTokens;
      std::size_t shared = 0;
      while (shared < reusable &&
             known.count({prompt.begin(), prompt.begin() + static_cast<std::ptrdiff_t>(
                                                               (shared + 1) * kBlockTokens)}) > 0) {
        ++shared;
      }
      shareable += shared * kBlockTokens;
      const auto know = [&](const std::vector<TokenId>& all, std::size_t blocks) {
        for (std::size_t b = 1; b <= blocks; ++b) {
          known.insert({all.begin(), all.begin() + static_cast<std::ptrdiff_t>(b * kBlockTokens)});
        }
      };
      know(prompt, prompt.size() / kBlockTokens);
      Request request = requestOf(++id, prompt, 30);
      request.sampling.ignoreEos = true;
      // What the answer adds is known to the next turn.
      const AloneOutput answer = world.alone(request);
      conversations[i].insert(conversations[i].end(), answer.tokens.begin(), answer.tokens.end());
      know(conversations[i], (conversations[i].size() - 1) / kBlockTokens);
      world.submit(request);
    }
    world.finish();
  }
  world.checkOutputs();
  const double rate = static_cast<double>(world.decoder.stats().cachedTokens) /
                      static_cast<double>(shareable);
  std::printf("      %.2f %% of %llu shareable tokens\n", rate * 100,
              static_cast<unsigned long long>(shareable));
  CHECK(shareable > (test::kWatched ? 10'000u : 50'000u));
  CHECK_SAY(rate >= 0.95 && rate <= 1, rate);
}

TEST("ends: the stop token is the last one told, and minTokens comes before") {
  const FakeModel model{.blocks = 40};
  Random random(test::testSeed() + 17);
  int stopped = 0;
  int length = 0;
  for (std::uint64_t id = 1; id <= 200; ++id) {
    World world(model, optionsOf(64, 4));
    Request request = requestOf(id, randomTokens(random, 10, 97), 30);
    request.sampling.stopIds = {10, 11, 12};
    request.sampling.minTokens = 4;
    request.sampling.ignoreEos = id % 2 == 0;
    world.submit(request);
    world.finish();
    const Track& track = world.tracks.at(id);
    for (std::size_t i = 0; i < track.tokens.size(); ++i) {
      const TokenId token = track.tokens[i];
      const bool stops = (token >= 10 && token <= 12) || (token == 3 && id % 2 != 0);
      const bool last = i + 1 == track.tokens.size();
      CHECK(stops == (last && track.finish == FinishReason::kStop));
      CHECK(!stops || i >= 4);
    }
    stopped += track.finish == FinishReason::kStop ? 1 : 0;
    length += track.finish == FinishReason::kLength && track.tokens.size() == 30 ? 1 : 0;
  }
  CHECK(stopped > 20 && length > 20 && stopped + length == 200);
}

TEST("logits that are no numbers end that request alone, with an error") {
  const FakeModel model{.blocks = 40};
  Random random(test::testSeed() + 18);
  World world(model, optionsOf(64, 4));
  world.runner.brokenPosition = 24;
  Request broken = requestOf(1, randomTokens(random, 20, 97), 30);
  Request whole = requestOf(2, randomTokens(random, 30, 97), 30);
  broken.sampling.ignoreEos = whole.sampling.ignoreEos = true;
  world.submit(broken);
  world.submit(whole);
  world.finish();
  const Track& track = world.tracks.at(1);
  CHECK(track.finish == FinishReason::kError && track.error == ErrorCode::kInternal);
  CHECK_SAY(track.message.find("token 25") != std::string::npos, track.message);
  CHECK(track.tokens.size() == 5);
  CHECK(world.tracks.at(2).tokens.size() == 30);
}

TEST("blocks of a step whose logits are no numbers are computed anew for the next who asks") {
  const FakeModel model{.blocks = 40};
  Random random(test::testSeed() + 20);
  World world(model, optionsOf(64, 4));
  Request first = requestOf(1, randomTokens(random, 70, 97), 5);
  first.sampling.ignoreEos = true;
  Request again = first;
  again.id = 2;
  // The prompt takes two steps; the second, with two whole blocks behind it, is broken.
  world.runner.brokenPosition = 69;
  world.submit(first);
  world.finish();
  CHECK(world.tracks.at(1).finish == FinishReason::kError);
  world.runner.brokenPosition = -1;
  world.submit(again);
  world.finish();
  CHECK(world.tracks.at(2).tokens.size() == 5);
  // 64 rows went through the first step, which nobody can say was wrong.
  CHECK_SAY(world.decoder.stats().cachedTokens == 64, world.decoder.stats().cachedTokens);

  // A prompt of one step: nothing of it is kept.
  Request whole = requestOf(3, randomTokens(random, 64, 97), 5);
  whole.sampling.ignoreEos = true;
  world.runner.brokenPosition = 63;
  world.submit(whole);
  world.finish();
  CHECK(world.tracks.at(3).finish == FinishReason::kError);
  world.runner.brokenPosition = -1;
  whole.id = 4;
  world.submit(whole);
  world.finish();
  CHECK(world.tracks.at(4).tokens.size() == 5);
  CHECK_SAY(world.decoder.stats().cachedTokens == 64, world.decoder.stats().cachedTokens);
}

TEST("what a cache that is off was not asked for is not counted as missed") {
  EngineOptions options = optionsOf(64, 4);
  options.prefixCache = false;
  World world(FakeModel{.blocks = 40}, options);
  Random random(test::testSeed() + 21);
  world.submit(requestOf(1, randomTokens(random, 70, 97), 3));
  world.finish();
  CHECK(world.decoder.stats().promptTokens > 0 && world.decoder.stats().cacheQueries == 0);
}

TEST("a step of decoding allocates nothing") {
  test::needAllocationsCounted();
  const FakeModel model{.blocks = 100};
  Random random(test::testSeed() + 19);
  test::FakeRunner runner(model);
  Decoder decoder(runner, optionsOf(64, 8));
  std::vector<TokenOutput> outputs;
  for (std::uint64_t id = 1; id <= 8; ++id) {
    Request request = requestOf(id, randomTokens(random, 40, 97), 200);
    request.sampling.ignoreEos = true;
    request.sampling.frequencyPenalty = 0.2f;
    request.sampling.topP = 0.9f;
    request.sampling.stopIds = {5};
    request.sampling.minTokens = 200;
    decoder.add(accept(std::move(request), {97, 1024, 100, {3}}), outputs);
  }
  outputs.reserve(8);
  std::uint64_t allocated = 0;
  for (int step = 0; step < 150; ++step) {
    outputs.clear();
    const std::uint64_t before = test::allocations;
    CHECK(decoder.plan());
    decoder.compute();
    decoder.commit(outputs);
    // The prompts take steps of their own, and the sampler its longest list once.
    if (step >= 10) allocated += test::allocations - before;
  }
  CHECK_SAY(outputs.size() == 8, outputs.size());
  CHECK_SAY(allocated == 0, allocated << " allocations");
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
