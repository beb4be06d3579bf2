// The scheduler and the decoder over a model that notices every wrong cell.
#include <numeric>
#include <optional>

#include "allocations.h"
#include "batch_world.h"
#include "temporary_folder.h"

namespace signalbox {
namespace {

using test::AloneOutput;
using test::FakeModel;
using test::Random;
using test::randomTokens;
using test::requestOf;
using test::Track;
using test::World;

EngineOptions optionsOf(int stepTokens, int sequencesMax) {
  EngineOptions options;
  options.stepTokens = stepTokens;
  options.sequencesMax = sequencesMax;
  return options;
}

/// What random traffic looks like.
struct Traffic {
  int requests = 150;
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
  for (int i = 0; i < 60; ++i) {
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
  CHECK(shareable > 50000);
  CHECK_SAY(rate >= 0.95 && rate <= 1, rate);
}

TEST("a long prompt goes on however many short ones come, and they are not held up") {
  Random random(test::testSeed() + 8);
  const FakeModel model{.contextMax = 4096, .blocks = 1000};
  World world(model, optionsOf(64, 16));
  world.submit(requestOf(1, randomTokens(random, 2000, 97), 1));
  world.submit(requestOf(2, randomTokens(random, 2000, 97), 1));
  std::uint64_t id = 10;
  std::uint64_t longest = 0;
  while (world.tracks.at(1).finish == FinishReason::kNone ||
         world.tracks.at(2).finish == FinishReason::kNone) {
    // As much as can be computed beside the long prompts, forever.
    world.submit(requestOf(++id, randomTokens(random, 20, 97), 1));
    world.step();
  }
  // Half of each step of 64 rows, less a few rows for decodes: 2000 / 32.
  CHECK_SAY(world.tracks.at(1).ended <= 70, world.tracks.at(1).ended);
  CHECK_SAY(world.tracks.at(2).ended <= 140, world.tracks.at(2).ended);
  world.finish();
  for (const auto& [each, track] : world.tracks) {
    if (each >= 10) longest = std::max(longest, track.ended - track.submitted);
  }
  CHECK_SAY(longest <= 4, "a short prompt took " << longest << " steps");
}

TEST("who needs much room gets it though small ones keep coming") {
  Random random(test::testSeed() + 9);
  const FakeModel model{.blocks = 32};
  World world(model, optionsOf(64, 16));
  std::uint64_t id = 10;
  for (int step = 0; step < 300; ++step) {
    if (step == 20) world.submit(requestOf(1, randomTokens(random, 900, 97), 60));
    Request small = requestOf(++id, randomTokens(random, 40, 97), 12);
    small.sampling.ignoreEos = true;
    if (step % 2 == 0) world.submit(small);
    world.step();
  }
  const Track& big = world.tracks.at(1);
  CHECK_SAY(big.outputs > 0 && big.first - big.submitted <= 60, big.first - big.submitted);
  world.finish();
  world.checkOutputs();
}

TEST("in one class of priority nobody waits longer than the work before him") {
  // Bounded waiting: with everything of one priority, a request has ended when all the rows of
  // those that came before it, computed again for each preemption, and its own have been.
  Random random(test::testSeed() + 10);
  const FakeModel model{.blocks = 24};
  World world(model, optionsOf(32, 8));
  std::map<std::uint64_t, std::uint64_t> bound;
  std::uint64_t work = 0;
  for (std::uint64_t id = 1; id <= 120; ++id) {
    Request request = requestOf(id, randomTokens(random, random.between(1, 200), 97),
                                random.between(1, 60));
    request.sampling.ignoreEos = true;
    work += static_cast<std::uint64_t>(request.sampling.maxTokens) + request.prompt.size() / 8 + 2;
    bound[id] = work;
    world.submit(request);
  }
  world.finish();
  world.checkOutputs();
  for (const auto& [id, track] : world.tracks) {
    CHECK_SAY(track.ended <= bound.at(id), "request " << id << " ended at " << track.ended);
  }
}

TEST("a lower number of priority goes first, and takes the place of those behind it") {
  Random random(test::testSeed() + 11);
  const FakeModel model{.blocks = 100};
  World world(model, optionsOf(64, 2));
  for (std::uint64_t id = 1; id <= 4; ++id) {
    Request request = requestOf(id, randomTokens(random, 20, 97), 50);
    request.priority = 5;
    request.sampling.ignoreEos = true;
    world.submit(request);
  }
  for (int i = 0; i < 5; ++i) world.step();
  CHECK(world.tracks.at(2).tokens.size() == 5 && world.tracks.at(3).tokens.empty());
  Request urgent = requestOf(9, randomTokens(random, 20, 97), 10);
  urgent.priority = 1;
  urgent.sampling.ignoreEos = true;
  world.submit(urgent);
  world.step();
  CHECK(world.tracks.at(9).tokens.size() == 1);
  CHECK(world.decoder.stats().preemptions == 1);
  CHECK(world.tracks.at(1).tokens.size() == 6 && world.tracks.at(2).tokens.size() == 5);
  world.runToEnd(9);
  world.step();
  // Its place goes back to the one that had it, before those that never ran.
  CHECK(world.tracks.at(2).tokens.size() == 6 && world.tracks.at(3).tokens.empty());
  world.finish();
  world.checkOutputs();
}

TEST("preemption takes the newest, which stays ahead of those that never ran") {
  Random random(test::testSeed() + 12);
  const FakeModel model{.blocks = 6};
  World world(model, optionsOf(64, 4));
  for (std::uint64_t id = 1; id <= 3; ++id) {
    Request request = requestOf(id, randomTokens(random, 60, 97), 90);
    request.sampling.ignoreEos = true;
    world.submit(request);
  }
  while (world.decoder.stats().preemptions == 0) CHECK(world.step());
  CHECK(!world.tracks.at(1).tokens.empty() && !world.tracks.at(2).tokens.empty());
  CHECK(world.tracks.at(3).tokens.empty());
  CHECK(world.decoder.scheduler().running()[0]->id == 1);
  CHECK(world.decoder.scheduler().waiting()[0]->id == 2);
  CHECK(world.decoder.scheduler().waiting()[1]->id == 3);
  world.finish();
  world.checkOutputs();
  CHECK(world.tracks.at(2).ended < world.tracks.at(3).ended);
}

TEST("a cache that is too small for the batch does not spend its time computing again") {
  Random random(test::testSeed() + 13);
  const FakeModel model{.blocks = 40};
  // Without reuse, so that every preemption computes everything again.
  EngineOptions options = optionsOf(64, 16);
  options.prefixCache = false;
  World world(model, options);
  std::uint64_t useful = 0;
  for (std::uint64_t id = 1; id <= 60; ++id) {
    Request request = requestOf(id, randomTokens(random, 40, 97), 120);
    request.sampling.ignoreEos = true;
    useful += request.prompt.size() + 119;
    world.submit(request);
  }
  world.finish();
  world.checkOutputs();
  const double again =
      static_cast<double>(world.rowsComputed - useful) / static_cast<double>(useful);
  std::printf("      %llu preemptions, %.1f %% computed again\n",
              static_cast<unsigned long long>(world.decoder.stats().preemptions), again * 100);
  CHECK(world.decoder.stats().preemptions > 10);
  CHECK_SAY(again < 0.35, again);
}

TEST("a sequence whose mask has not come holds nobody up") {
  Random random(test::testSeed() + 14);
  const FakeModel model{.blocks = 60};
  World world(model, optionsOf(64, 8));
  Request masked = requestOf(1, randomTokens(random, 100, 97), 20);
  masked.masked = true;
  masked.sampling.ignoreEos = true;
  Request one = requestOf(2, randomTokens(random, 1, 97), 20);
  one.masked = true;
  one.sampling.ignoreEos = true;
  Request plain = requestOf(3, randomTokens(random, 50, 97), 30);
  plain.sampling.ignoreEos = true;
  for (const Request& each : {masked, one, plain}) world.submit(each);
  world.runToEnd(3);
  CHECK(world.tracks.at(3).ended <= 34);
  CHECK(world.tracks.at(1).tokens.empty() && world.tracks.at(2).tokens.empty());
  CHECK_SAY(!world.step(), "nothing can be computed without a mask");
  // Of another index than the next, or for a request that is not there: nothing.
  world.decoder.allow(1, 1, test::maskFor(1, 1, 97));
  world.decoder.allow(77, 0, test::maskFor(1, 0, 97));
  CHECK(!world.step());
  world.decoder.allow(1, 0, test::maskFor(1, 0, 97));
  CHECK(world.step() && world.tracks.at(1).tokens.size() == 1);
  CHECK(!world.step());
  world.finish();
  world.checkOutputs();
}

TEST("a client that sends no mask lends its blocks, and gets what it gets alone all the same") {
  Random random(test::testSeed() + 15);
  const FakeModel model{.blocks = 10};
  World world(model, optionsOf(64, 8));
  Request masked = requestOf(1, randomTokens(random, 250, 97), 20);
  masked.masked = true;
  masked.sampling.ignoreEos = true;
  world.submit(masked);
  for (int i = 0; i < 6; ++i) world.step();
  Request plain = requestOf(2, randomTokens(random, 200, 97), 10);
  world.submit(plain);
  int waited = 0;
  while (!world.step()) {
    CHECK(world.decoder.heldUp());
    CHECK(++waited < 2 * kIdleStepsMax);
  }
  CHECK(waited > kIdleStepsMax / 2);
  world.runToEnd(2);
  CHECK(world.decoder.stats().preemptions == 1);
  CHECK_SAY(!world.step() && !world.decoder.heldUp(), "without a mask it does not come back");
  world.finish();
  world.checkOutputs();
  CHECK(world.tracks.at(1).tokens.size() == 20);
}

TEST("an abort frees blocks at once, whether the request waits, computes its prompt or decodes") {
  Random random(test::testSeed() + 16);
  const FakeModel model{.blocks = 40};
  World world(model, optionsOf(64, 2));
  for (std::uint64_t id = 1; id <= 3; ++id) {
    Request request = requestOf(id, randomTokens(random, id == 2 ? 300 : 30, 97), 60);
    request.sampling.ignoreEos = true;
    world.submit(request);
  }
  for (int i = 0; i < 3; ++i) world.step();
  CHECK(world.tracks.at(1).tokens.size() == 3 && world.tracks.at(2).tokens.empty());
  int freeBefore = world.decoder.stats().blocksFree;
  for (const std::uint64_t id : {3u, 2u, 1u}) {
    world.abort(id);
    CHECK(world.tracks.at(id).finish == FinishReason::kAborted);
    CHECK(id == 3 || world.decoder.stats().blocksFree > freeBefore);
    freeBefore = world.decoder.stats().blocksFree;
  }
  CHECK(freeBefore == 40);
  world.abort(1);
  world.abort(99);
  CHECK(!world.step());
}

TEST("a request that can never fit is refused with both numbers") {
  const AcceptanceLimits limits{97, 200, 5, {3}};
  const auto acceptSizes = [&](int prompt, int maxTokens) {
    return accept(
        requestOf(1, std::vector<TokenId>(static_cast<std::size_t>(prompt), 5), maxTokens), limits);
  };
  CHECK_THROWS(acceptSizes(150, 51), ErrorCode::kNeverFits,
               "150 + 51 = 201 tokens: the context holds 200");
  CHECK_THROWS(acceptSizes(150, 12), ErrorCode::kNeverFits,
               "need 6 blocks of 32 tokens, the cache has 5");
  CHECK_THROWS(acceptSizes(3, 2147483647), ErrorCode::kNeverFits, "2147483650");
  CHECK(acceptSizes(150, 11)->promptTokens == 150);
  // And what just fits runs to its end, alone in the cache.
  const FakeModel model{.contextMax = 200, .blocks = 5};
  World world(model, optionsOf(64, 4));
  Request request = requestOf(1, std::vector<TokenId>(150, 5), 11);
  request.sampling.ignoreEos = true;
  world.submit(request);
  world.finish();
  world.checkOutputs();
  CHECK(world.tracks.at(1).tokens.size() == 11);
}

TEST("a request that is wrong is refused naming the field") {
  const AcceptanceLimits limits{97, 500, 50, {3}};
  const auto refused = [&](const char* field, const std::function<void(Request&)>& spoil) {
    Request request = requestOf(1, {5, 6}, 10);
    spoil(request);
    CHECK_THROWS(accept(std::move(request), limits), ErrorCode::kInvalidRequest, field);
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinity = std::numeric_limits<float>::infinity();
  refused("prompt is empty", [](Request& r) { r.prompt.clear(); });
  refused("prompt[1] is 97", [](Request& r) { r.prompt[1] = 97; });
  refused("prompt[0] is -1", [](Request& r) { r.prompt[0] = -1; });
  refused("resume[0]", [](Request& r) { r.resume = {97}; });
  refused("resume has 11", [](Request& r) { r.resume.assign(11, 5); });
  refused("cacheSalt", [](Request& r) { r.cacheSalt.assign(kSaltMax + 1, 'x'); });
  for (const float wrong : {-0.1f, 100.5f, nan, infinity}) {
    refused("temperature", [&](Request& r) { r.sampling.temperature = wrong; });
  }
  refused("topK", [](Request& r) { r.sampling.topK = -1; });
  for (const float wrong : {0.0f, 1.1f, -1.0f, nan}) {
    refused("topP", [&](Request& r) { r.sampling.topP = wrong; });
  }
  for (const float wrong : {1.1f, -1.0f, nan}) {
    refused("minP", [&](Request& r) { r.sampling.minP = wrong; });
  }
  for (const float wrong : {0.0f, -1.0f, nan, infinity}) {
    refused("repetitionPenalty", [&](Request& r) { r.sampling.repetitionPenalty = wrong; });
  }
  for (const float wrong : {2.1f, -2.1f, nan}) {
    refused("presencePenalty", [&](Request& r) { r.sampling.presencePenalty = wrong; });
    refused("frequencyPenalty", [&](Request& r) { r.sampling.frequencyPenalty = wrong; });
  }
  refused("logitBias[0] is 97", [](Request& r) { r.sampling.logitBias = {{97, 1}}; });
  refused("logitBias of token 5", [&](Request& r) { r.sampling.logitBias = {{5, nan}}; });
  refused("logitBias has", [](Request& r) { r.sampling.logitBias.assign(98, {5, 1}); });
  refused("stopIds[0]", [](Request& r) { r.sampling.stopIds = {-2}; });
  refused("stopIds has", [](Request& r) { r.sampling.stopIds.assign(98, 5); });
  refused("maxTokens", [](Request& r) { r.sampling.maxTokens = 0; });
  refused("minTokens", [](Request& r) { r.sampling.minTokens = 11; });
  refused("minTokens", [](Request& r) { r.sampling.minTokens = -1; });
  refused("logprobs", [](Request& r) { r.sampling.logprobs = 21; });
  refused("logprobs", [](Request& r) { r.sampling.logprobs = -2; });
  checkMask(std::vector<std::uint32_t>{0, 0, 0, 1}, 97);
  CHECK_THROWS(checkMask(std::vector<std::uint32_t>{1, 1, 1}, 97), ErrorCode::kInvalidRequest,
               "3 words, not 4");
  CHECK_THROWS(checkMask(std::vector<std::uint32_t>(4), 97), ErrorCode::kInvalidRequest,
               "no token");
  CHECK_THROWS(checkMask(std::vector<std::uint32_t>{0, 0, 0, 2}, 97), ErrorCode::kInvalidRequest,
               "no token");
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
