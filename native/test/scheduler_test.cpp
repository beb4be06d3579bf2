// Who gets rows and blocks, and when: the scheduler's promises.
#include <map>

#include "batch_world.h"

namespace signalbox {
namespace {

using test::FakeModel;
using test::optionsOf;
using test::Random;
using test::randomTokens;
using test::requestOf;
using test::Track;
using test::World;

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

}  // namespace
}  // namespace signalbox

TEST_MAIN
