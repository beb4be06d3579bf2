// How the engine ends, fails, idles and is watched.
#include <time.h>

#include <algorithm>
#include <atomic>
#include <span>
#include <thread>

#include "engine_rig.h"

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

/// A thread of this runner is late in a step, or in drawing, and goes on when the runner is freed.
class LateRunner final : public FakeRunner {
 public:
  /// Adds one to `same` when the late thread found what it had seen before.
  LateRunner(bool inDrawing, std::atomic<int>& same)
      : FakeRunner(FakeModel{}), inDrawing_(inDrawing), same_(same) {}
  ~LateRunner() override {
    freed_ = true;
    freed_.notify_all();
    if (late_.joinable()) late_.join();
  }

  Logits run(const StepPlan& plan) override {
    const Logits logits = FakeRunner::run(plan);
    if (inDrawing_ || plan.sequences.size() < 2) return logits;
    // Spans into the decoder, as a step of the CPU's runner keeps them.
    std::vector<std::span<const BlockId>> blocks;
    for (const StepSequence& sequence : plan.sequences) blocks.push_back(sequence.blocks);
    std::vector<BlockId> seen;
    for (const auto& one : blocks) seen.insert(seen.end(), one.begin(), one.end());
    startLate([this, blocks, seen, tokens = plan.tokens,
               tokensSeen = std::vector<TokenId>(plan.tokens.begin(), plan.tokens.end())] {
      std::vector<BlockId> now;
      for (const auto& one : blocks) now.insert(now.end(), one.begin(), one.end());
      if (now == seen && std::equal(tokens.begin(), tokens.end(), tokensSeen.begin())) ++same_;
    });
    throw StallError(0, plan.step, "rank 0 is late");
  }

  void parallel(int count, const std::function<void(int)>& body) override {
    if (!inDrawing_) return FakeRunner::parallel(count, body);
    startLate([this, body, count] {
      for (int i = 0; i < count; ++i) body(i);
      ++same_;
    });
    throw StallError(0, 0, "rank 0 is late");
  }

 private:
  template <class Body>
  void startLate(Body&& body) {
    late_ = std::thread([this, body] {
      freed_.wait(false);
      body();
    });
  }

  const bool inDrawing_;
  std::atomic<int>& same_;
  std::atomic<bool> freed_{false};
  std::thread late_;
};

TEST("a thread that was given up as late finds what it looks at until the engine is gone") {
  for (const bool inDrawing : {false, true}) {
    std::atomic<int> same{0};
    Listener listener;
    auto engine = Engine::over(std::make_unique<LateRunner>(inDrawing, same), optionsOf(200, 2),
                               listener.callback());
    for (std::uint64_t id = 1; id <= 2; ++id) engine->submit(requestOf(id, 40, 900));
    for (std::uint64_t id = 1; id <= 2; ++id) {
      listener.waitForEnd(id);
      CHECK(listener.of(id).error == ErrorCode::kStalled);
    }
    CHECK(same == 0);
    engine.reset();
    CHECK_SAY(same == 1, (inDrawing ? "in drawing" : "in a step"));
  }
}

TEST("unloading ends every live request as aborted, in whatever state the engine is") {
  for (int state = 0; state < 4; ++state) {
    Listener listener;
    Gate gate;
    {
      auto fake = std::make_unique<FakeRunner>(FakeModel{});
      if (state == 1) fake->onRun = [&](const StepPlan&) { gate.pass(); };
      auto engine = Engine::over(std::move(fake), optionsOf(64, 2), listener.callback());
      if (state > 0) {
        for (std::uint64_t id = 1; id <= 6; ++id) {
          Request request = requestOf(id, 30, 900);
          request.masked = state == 3;
          engine->submit(std::move(request));
        }
      }
      // 0: never used; 1: in the middle of a step; 2: while it decodes; 3: all wait for masks.
      if (state == 2) listener.waitForTokens(1, 3);
      if (state == 1) {
        gate.waitForArrival();
        std::thread opener([&] { gate.open(); });
        engine.reset();
        opener.join();
      }
    }
    for (std::uint64_t id = 1; state > 0 && id <= 6; ++id) {
      CHECK_SAY(listener.of(id).ends == 1, "state " << state << " request " << id);
      CHECK(listener.of(id).finish == FinishReason::kAborted);
    }
    CHECK_SAY(listener.wrong().empty(), listener.wrong());
  }
}

/// What the runner throws in step `at`.
/// In step 6, once `everyoneIsIn`.
void throwAt6(const StepPlan& plan, int kind, const std::atomic<bool>& everyoneIsIn) {
  if (plan.step != 6) return;
  while (!everyoneIsIn) std::this_thread::yield();
  if (kind == 0) throw StallError(1, plan.step, "rank 1 is late in step 6");
  if (kind == 1) throw std::runtime_error("something broke");
  throw 7;
}

TEST("when the model fails every request ends with the error, and nothing is taken in any more") {
  for (int kind = 0; kind < 3; ++kind) {
    std::atomic<bool> everyoneIsIn{false};
    Running running(optionsOf(64, 2), {}, [&](FakeRunner& runner) {
      runner.onRun = [&everyoneIsIn, kind](const StepPlan& plan) {
        throwAt6(plan, kind, everyoneIsIn);
      };
    });
    for (std::uint64_t id = 1; id <= 5; ++id) running.engine->submit(requestOf(id, 30, 900));
    everyoneIsIn = true;
    const char* texts[] = {"rank 1 is late in step 6", "something broke", "unknown type"};
    for (std::uint64_t id = 1; id <= 5; ++id) {
      running.listener.waitForEnd(id);
      const Heard heard = running.listener.of(id);
      CHECK(heard.finish == FinishReason::kError);
      CHECK(heard.error == (kind == 0 ? ErrorCode::kStalled : ErrorCode::kInternal));
      CHECK_SAY(heard.message.find(texts[kind]) != std::string::npos, heard.message);
      CHECK(heard.tokens.size() <= 5);
    }
    CHECK_THROWS(running.engine->submit(requestOf(9, 5, 5)), ErrorCode::kUnavailable, texts[kind]);
    running.engine->abort(1);
    running.engine->allowTokens(1, 0, {1, 0, 0, 0});
    running.engine->clearPrefixCache();
    running.engine->kvEvents(0);
    const EngineStats stats = running.engine->stats();
    CHECK(stats.failed && stats.failure.find(texts[kind]) != std::string::npos);
    CHECK(stats.running == 0 && stats.waiting == 0);
    CHECK(running.listener.wrong().empty());
  }
}

TEST("a callback that throws fails the engine and hangs nobody") {
  std::atomic<int> calls{0};
  auto engine = Engine::over(std::make_unique<FakeRunner>(FakeModel{}), optionsOf(),
                             [&](StepOutput&&) {
                               ++calls;
                               throw std::runtime_error("not my day");
                             });
  engine->submit(requestOf(1, 10, 10));
  const auto start = std::chrono::steady_clock::now();
  while (!engine->stats().failed) {
    CHECK(std::chrono::steady_clock::now() - start < kDeadline);
    std::this_thread::yield();
  }
  CHECK_THROWS(engine->submit(requestOf(2, 10, 10)), ErrorCode::kUnavailable, "not my day");
  engine.reset();
  CHECK(calls == 2);
}

double processorSeconds() {
  timespec now{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

TEST("an engine with nothing to do takes no processor time") {
  Running running;
  Request masked = requestOf(1, 10, 5);
  masked.masked = true;
  running.engine->submit(std::move(masked));
  running.engine->submit(requestOf(2, 10, 5));
  running.listener.waitForEnd(2);
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock(mutex);
  const double before = processorSeconds();
  never.wait_for(lock, std::chrono::milliseconds(200), [] { return false; });
  CHECK_SAY(processorSeconds() - before < 0.1, processorSeconds() - before);
}

TEST("a client that sends no mask does not keep others out for ever") {
  const FakeModel model{.blocks = 10};
  Running running(optionsOf(), model);
  Request masked = requestOf(1, 280, 5);
  masked.masked = true;
  running.engine->submit(Request(masked));
  running.engine->submit(requestOf(2, 200, 5));
  running.listener.waitForEnd(2);
  CHECK(running.engine->stats().preemptions == 1);
  for (int index = 0; index < 5; ++index) {
    running.engine->allowTokens(1, index, maskFor(1, index));
    running.listener.waitForTokens(1, static_cast<std::size_t>(index) + 1);
  }
  CHECK(running.listener.of(1).tokens == alone(model, masked).tokens);
}

TEST("events and stats can be followed while the engine runs") {
  const FakeModel model{.blocks = 30};
  Running running(optionsOf(), model);
  std::atomic<bool> over{false};
  std::atomic<std::uint64_t> followed{0};
  std::string wrong;
  std::thread follower([&] {
    std::uint64_t from = 1;
    while (!over) {
      for (const KvEvent& event : running.engine->kvEvents(from)) {
        if (event.kind != KvEventKind::kCleared && event.sequence < from) wrong = "an old event";
        from = event.sequence + 1;
        ++followed;
      }
      const EngineStats stats = running.engine->stats();
      if (stats.blocksFree > 30 || stats.blocksFree < 0) wrong = "free blocks";
    }
  });
  // It goes on until the follower, who may not get a processor for long, has seen enough.
  std::uint64_t id = 0;
  while (id < 60 || (followed <= 100 && id < 600'000)) {
    for (int i = 0; i < 20; ++i) running.engine->submit(requestOf(++id, 100, 20));
    running.listener.waitForEnd(id - 19);
    running.engine->clearPrefixCache();
    for (int i = 18; i >= 0; --i) running.listener.waitForEnd(id - static_cast<std::uint64_t>(i));
  }
  over = true;
  follower.join();
  CHECK_SAY(wrong.empty(), wrong);
  CHECK(followed > 100);
  CHECK(running.engine->stats().kvEventNext == running.engine->kvEvents(0).back().sequence + 1);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
