// The engine's thread and the ways to it, from other threads.
#include <atomic>
#include <thread>

#include "batch/engine_options.h"
#include "engine_rig.h"
#include "temporary_folder.h"

namespace signalbox {
namespace {

using test::AloneOutput;
using test::FakeModel;
using test::FakeRunner;
using test::Gate;
using test::Heard;
using test::kDeadline;
using test::Listener;
using test::Random;
using test::Running;
using test::alone;
using test::maskFor;
using test::optionsOf;
using test::requestOf;

TEST("a request is answered, and the summary says over what") {
  const FakeModel model;
  Running running(optionsOf(), model);
  CHECK(running.engine->summary().contextMax == 1024);
  CHECK(running.engine->summary().facts.blocks == 64);
  CHECK(running.engine->summary().config.vocab == 97);
  const Request request = requestOf(5, 100, 30);
  running.engine->submit(Request(request));
  running.listener.waitForEnd(5);
  const Heard heard = running.listener.of(5);
  CHECK(heard.finish == FinishReason::kLength);
  CHECK(heard.tokens == alone(model, request).tokens);
  const EngineStats stats = running.engine->stats();
  CHECK(stats.tokensOut == 30 && stats.promptTokens == 100 && stats.running == 0);
  // Two steps of prompt, 29 of decoding: the second step draws the first token.
  CHECK_SAY(stats.step == 31 && running.listener.calls() == 30, stats.step);
  CHECK(stats.blocksFree == 64 && stats.blocksCached == 4 && stats.kvEventNext == 5);
  CHECK(stats.stepSeconds >= stats.forwardSeconds && stats.forwardSeconds > 0);
  CHECK(stats.scheduleSeconds > 0 && stats.sampleSeconds > 0 && !stats.failed);
  CHECK(running.listener.wrong().empty());
}

TEST("many clients at once, with aborts and masks, each get what they get alone") {
  const FakeModel model{.blocks = 60};
  EngineOptions options = optionsOf();
  options.waitingMax = 10000;
  Running running(options, model);
  std::mutex mutex;
  std::map<std::uint64_t, Request> requests;
  // Masks are sent by another thread, as a client would, when the token before is there.
  std::condition_variable wanted;
  std::vector<std::pair<std::uint64_t, int>> masksWanted;
  bool over = false;
  running.listener.onOutput = [&](const TokenOutput& output) {
    const std::lock_guard lock(mutex);
    if (output.finish != FinishReason::kNone || !requests.at(output.request).masked) return;
    masksWanted.emplace_back(output.request, output.index + 1);
    wanted.notify_one();
  };
  std::atomic<int> masksSent{0};
  std::thread masker([&] {
    std::unique_lock lock(mutex);
    while (true) {
      wanted.wait(lock, [&] { return over || !masksWanted.empty(); });
      if (over) return;
      const auto [id, index] = masksWanted.back();
      masksWanted.pop_back();
      lock.unlock();
      // One that comes too early and one for somebody else change nothing.
      running.engine->allowTokens(id, index + 1, maskFor(id, index + 1));
      running.engine->allowTokens(id + 500000, index, maskFor(id, index));
      running.engine->allowTokens(id, index, maskFor(id, index));
      ++masksSent;
      lock.lock();
    }
  });
  std::vector<std::thread> clients;
  for (int client = 0; client < 4; ++client) {
    clients.emplace_back([&, client] {
      Random random(test::testSeed() + static_cast<std::uint64_t>(client));
      for (int i = 0; i < 40; ++i) {
        const auto id = static_cast<std::uint64_t>(client * 1000 + i + 1);
        Request request = requestOf(id, random.between(1, 150), random.between(1, 40));
        request.sampling.ignoreEos = false;
        request.masked = random.below(4) == 0;
        {
          const std::lock_guard lock(mutex);
          requests[id] = request;
          if (request.masked) masksWanted.emplace_back(id, 0);
          running.engine->submit(Request(request));
          wanted.notify_one();
        }
        if (random.below(6) == 0)
          running.engine->abort(id - static_cast<std::uint64_t>(random.below(5)));
        running.engine->stats();
        if (random.below(10) == 0) running.engine->kvEvents(0);
        if (random.below(10) == 0) running.engine->clearPrefixCache();
      }
    });
  }
  for (std::thread& client : clients) client.join();
  int aborted = 0;
  for (const auto& [id, request] : requests) {
    running.listener.waitForEnd(id);
    const Heard heard = running.listener.of(id);
    const AloneOutput expected = alone(model, request);
    CHECK_SAY(heard.tokens.size() <= expected.tokens.size(), id);
    CHECK_SAY(std::equal(heard.tokens.begin(), heard.tokens.end(), expected.tokens.begin()), id);
    if (heard.finish == FinishReason::kAborted) {
      ++aborted;
    } else {
      CHECK_SAY(heard.tokens.size() == expected.tokens.size(), id);
      CHECK(heard.finish == expected.finish);
    }
  }
  {
    const std::lock_guard lock(mutex);
    over = true;
  }
  wanted.notify_one();
  masker.join();
  CHECK_SAY(running.listener.wrong().empty(), running.listener.wrong());
  CHECK(aborted > 0 && masksSent > 50);
  const EngineStats stats = running.engine->stats();
  CHECK(stats.blocksFree == 60 && stats.running == 0 && stats.waiting == 0);
}

TEST("what is refused does not exist") {
  Gate gate;
  EngineOptions options = optionsOf(64, 2);
  options.waitingMax = 3;
  Running running(options, {}, [&](FakeRunner& runner) {
    runner.onRun = [&](const StepPlan&) { gate.pass(); };
  });
  Engine& engine = *running.engine;
  engine.submit(requestOf(1, 10, 5));
  gate.waitForArrival();
  CHECK_THROWS(engine.submit(requestOf(1, 10, 5)), ErrorCode::kInvalidRequest, "id 1 is in use");
  CHECK_THROWS(engine.submit(requestOf(2, 0, 5)), ErrorCode::kInvalidRequest, "prompt");
  CHECK_THROWS(engine.submit(requestOf(2, 1000, 50)), ErrorCode::kNeverFits, "1024");
  for (std::uint64_t id = 2; id <= 5; ++id) engine.submit(requestOf(id, 10, 5));
  CHECK_THROWS(engine.submit(requestOf(6, 10, 5)), ErrorCode::kBusy, "5 requests");
  gate.open();
  for (std::uint64_t id = 1; id <= 5; ++id) {
    running.listener.waitForEnd(id);
    CHECK(running.listener.of(id).tokens.size() == 5);
  }
  CHECK(running.listener.of(6).ends == 0);
  // An id is free again when its request has ended.
  engine.submit(requestOf(1, 10, 3));
  running.listener.waitForTokens(1, 8);
}

TEST("masks: only for the next index, and never empty") {
  Running running;
  Engine& engine = *running.engine;
  Request request = requestOf(1, 10, 2);
  request.masked = true;
  engine.submit(std::move(request));
  const auto only = [](TokenId token) {
    std::vector<std::uint32_t> mask(4);
    mask[static_cast<std::size_t>(token) / 32] = 1u << token % 32;
    return mask;
  };
  CHECK_THROWS(engine.allowTokens(1, 0, std::vector<std::uint32_t>(4)), ErrorCode::kInvalidRequest,
               "no token");
  CHECK_THROWS(engine.allowTokens(1, 0, {1, 1, 1}), ErrorCode::kInvalidRequest, "3 words");
  CHECK_THROWS(engine.allowTokens(9, 0, {}), ErrorCode::kInvalidRequest, "0 words");
  engine.allowTokens(1, 1, only(50));
  engine.allowTokens(9, 0, only(50));
  engine.allowTokens(1, -1, only(50));
  engine.allowTokens(1, 0, only(40));
  running.listener.waitForTokens(1, 1);
  CHECK(running.listener.of(1).tokens[0] == 40);
  engine.allowTokens(1, 0, only(50));
  engine.allowTokens(1, 1, only(41));
  running.listener.waitForEnd(1);
  CHECK(running.listener.of(1).tokens[1] == 41);
  engine.allowTokens(1, 2, only(50));
  // One that did not ask for masks is not held up by them, nor changed.
  engine.submit(requestOf(2, 10, 5));
  engine.allowTokens(2, 0, only(50));
  running.listener.waitForEnd(2);
  CHECK(running.listener.of(2).tokens == alone({}, requestOf(2, 10, 5)).tokens);
}

TEST("a mask that comes in the middle of a step counts for the next draw") {
  Gate gate;
  std::atomic<bool> hold{false};
  Running running(optionsOf(), {}, [&](FakeRunner& runner) {
    runner.onRun = [&](const StepPlan&) {
      if (hold) gate.pass();
    };
  });
  Request request = requestOf(1, 100, 1);
  request.masked = true;
  hold = true;
  running.engine->submit(std::move(request));
  gate.waitForArrival();
  running.engine->allowTokens(1, 0, {0, 0, 16, 0});
  running.engine->allowTokens(1, 0, {0, 0, 32, 0});  // the later one counts
  gate.open();
  running.listener.waitForEnd(1);
  CHECK(running.listener.of(1).tokens[0] == 69);
}

TEST("an abort ends a request once, wherever it is, and nothing else") {
  Gate gate;
  Running running(optionsOf(64, 1), {}, [&](FakeRunner& runner) {
    runner.onRun = [&](const StepPlan&) { gate.pass(); };
  });
  Engine& engine = *running.engine;
  engine.submit(requestOf(1, 10, 900));
  engine.submit(requestOf(2, 10, 5));
  engine.submit(requestOf(3, 10, 5));
  gate.waitForArrival();
  for (int i = 0; i < 3; ++i) {
    engine.abort(1);
    engine.abort(3);
  }
  engine.abort(77);
  gate.open();
  for (std::uint64_t id = 1; id <= 3; ++id) running.listener.waitForEnd(id);
  CHECK(running.listener.of(1).finish == FinishReason::kAborted);
  CHECK(running.listener.of(1).tokens.size() <= 1);
  CHECK(running.listener.of(2).finish == FinishReason::kLength);
  CHECK(running.listener.of(3).finish == FinishReason::kAborted);
  engine.abort(1);
  CHECK(running.engine->stats().blocksFree == 64);
  CHECK(running.listener.wrong().empty());
}

TEST("a resumed request that was complete ends at once, without a token") {
  Running running;
  Request full = requestOf(1, 10, 3);
  full.resume = {5, 6, 7};
  Request stopped = requestOf(2, 10, 9);
  stopped.resume = {5, 3};
  stopped.sampling.ignoreEos = false;
  running.engine->submit(std::move(full));
  running.engine->submit(std::move(stopped));
  running.listener.waitForEnd(1);
  running.listener.waitForEnd(2);
  CHECK(running.listener.of(1).finish == FinishReason::kLength);
  CHECK(running.listener.of(2).finish == FinishReason::kStop);
  CHECK(running.listener.of(1).tokens.empty() && running.listener.of(2).tokens.empty());
  CHECK(running.engine->stats().step == 0);
}

TEST("indices of a resumed request go on after what it resumes") {
  Running running;
  Request request = requestOf(1, 10, 6);
  request.resume = {5, 6, 7};
  running.engine->submit(std::move(request));
  running.listener.waitForEnd(1);
  CHECK(running.listener.of(1).first == 3 && running.listener.of(1).tokens.size() == 3);
  Request masked = requestOf(2, 10, 4);
  masked.masked = true;
  masked.resume = {5, 6, 7};
  running.engine->submit(std::move(masked));
  running.engine->allowTokens(2, 0, {0, 0, 16, 0});
  running.engine->allowTokens(2, 3, {0, 0, 32, 0});
  running.listener.waitForEnd(2);
  CHECK(running.listener.of(2).tokens[0] == 69);
}

TEST("options that make no sense are refused by name, before anything runs") {
  const auto refused = [](const char* name, ErrorCode code,
                          const std::function<void(EngineOptions&)>& spoil) {
    EngineOptions options = optionsOf();
    spoil(options);
    CHECK_THROWS(Engine::over(std::make_unique<FakeRunner>(FakeModel{}), options,
                              [](StepOutput&&) {}),
                 code, name);
  };
  const ErrorCode invalid = ErrorCode::kInvalidRequest;
  refused("ranks", invalid, [](EngineOptions& o) { o.ranks = 0; });
  refused("threads", invalid, [](EngineOptions& o) { o.threads = -1; });
  refused("threads is 4097, above", invalid, [](EngineOptions& o) { o.threads = 4097; });
  refused("stepTokens", invalid, [](EngineOptions& o) { o.stepTokens = 0; });
  refused("stepTokens", invalid, [](EngineOptions& o) { o.stepTokens = INT32_MAX; });
  refused("sequencesMax", invalid, [](EngineOptions& o) { o.sequencesMax = 0; });
  refused("waitingMax", invalid, [](EngineOptions& o) { o.waitingMax = -1; });
  refused("contextMax is -1", invalid, [](EngineOptions& o) { o.contextMax = -1; });
  refused("the model has 1024", invalid, [](EngineOptions& o) { o.contextMax = 1025; });
  refused("stallMillis", invalid, [](EngineOptions& o) { o.stallMillis = 0; });
  refused("prefixCache is off", invalid, [](EngineOptions& o) {
    o.spillFolder = "/tmp";
    o.prefixCache = false;
  });
  refused("/no/such/folder", ErrorCode::kIo, [](EngineOptions& o) {
    o.spillFolder = "/no/such/folder";
    o.spillBytes = 1 << 20;
  });
  refused("spillBytes 0", invalid, [](EngineOptions& o) { o.spillFolder = "/tmp"; });
  EngineOptions small = optionsOf();
  small.contextMax = 100;
  Running running(small);
  CHECK_THROWS(running.engine->submit(requestOf(1, 91, 10)), ErrorCode::kNeverFits,
               "the context holds 100");
}

TEST("the cache gets what it is given, or what can be of use within three quarters of memory") {
  EngineOptions options = optionsOf();
  options.sequencesMax = 4;
  CHECK(cacheBlocksOf(options, 100, 1000, 1u << 30) == 16);
  CHECK(cacheBlocksOf(options, 100, 1000, 16000) == 12);
  CHECK_THROWS(cacheBlocksOf(options, 100, 1000, 1333), ErrorCode::kNoMemory, "1333 bytes");
  options.cacheBytes = 5999;
  CHECK(cacheBlocksOf(options, 100, 1000, 0) == 5);
  options.cacheBytes = 999;
  CHECK_THROWS(cacheBlocksOf(options, 100, 1000, 1u << 30), ErrorCode::kInvalidRequest,
               "cacheBytes 999");
}

TEST("a spill folder is used and left clean") {
  test::TemporaryFolder folder;
  EngineOptions options = optionsOf();
  options.spillFolder = folder.path();
  options.spillBytes = 1 << 20;
  const FakeModel model{.blocks = 12};
  {
    Running running(options, model);
    for (int turn = 0; turn < 2; ++turn) {
      for (std::uint64_t id = 1; id <= 4; ++id) {
        running.engine->submit(requestOf(id, 200, 10));
        running.listener.waitForTokens(id, 10u * static_cast<unsigned>(turn + 1));
      }
    }
    CHECK(running.engine->stats().spilled > 5 && running.engine->stats().restored > 5);
    for (std::uint64_t id = 1; id <= 4; ++id) {
      const std::vector<TokenId> both = running.listener.of(id).tokens;
      CHECK(std::equal(both.begin(), both.begin() + 10, both.begin() + 10));
    }
    CHECK(folder.files() == 0);
  }
  CHECK(folder.files() == 0);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
