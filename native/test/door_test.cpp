// The door over an engine that only counts: what its owner hears, and that everything has an end.
#include "door/door.h"

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <semaphore>
#include <thread>

#include "check.h"

using namespace signalbox;

namespace {

/// What a test sees of the engine that a door holds.
struct Seen {
  std::atomic<bool> alive{false};
  std::atomic<int> aborts{0};
  /// Freeing waits for it, once the last outputs are told; null: it does not.
  std::binary_semaphore* mayGo = nullptr;
};

TokenOutput outputOf(std::uint64_t request, int index, FinishReason finish = FinishReason::kNone) {
  TokenOutput output{};
  output.request = request;
  output.index = index;
  output.token = 100 + index;
  output.finish = finish;
  return output;
}

/// Says what it is told to say, and at its end that the requests it was given are aborted.
class CountingEngine : public Engine {
 public:
  CountingEngine(Seen& seen, OnStep onStep) : seen_(seen), onStep_(std::move(onStep)) {
    seen_.alive = true;
  }
  ~CountingEngine() override {
    StepOutput last{1, {}};
    for (const std::uint64_t id : live_) {
      last.outputs.push_back(outputOf(id, -1, FinishReason::kAborted));
    }
    if (!last.outputs.empty()) onStep_(std::move(last));
    if (seen_.mayGo != nullptr) seen_.mayGo->acquire();
    seen_.alive = false;
  }
  const ModelSummary& summary() const override { return summary_; }
  void submit(Request&& request) override { live_.push_back(request.id); }
  void abort(std::uint64_t) override { seen_.aborts += 1; }
  void allowTokens(std::uint64_t, int, std::vector<std::uint32_t>&&) override {}
  EngineStats stats() const override { return {}; }
  std::vector<KvEvent> kvEvents(std::uint64_t) const override { return {}; }
  void clearPrefixCache() override {}
  void say(StepOutput&& step) { onStep_(std::move(step)); }

 private:
  Seen& seen_;
  OnStep onStep_;
  ModelSummary summary_{};
  std::vector<std::uint64_t> live_;
};

Door::Load counting(Seen& seen) {
  return [&seen](const EngineOptions&, const Engine::OnProgress&, Engine::OnStep onStep) {
    return std::make_unique<CountingEngine>(seen, std::move(onStep));
  };
}

/// The owner's side: waits for wakes and keeps what was said.
class Owner {
 public:
  Door::Wake wake() {
    return [this] {
      wakes += 1;
      woken_.release();
    };
  }
  /// The next news; fails the case when none come.
  void next(Door& door) {
    CHECK(woken_.try_acquire_for(std::chrono::seconds(20)));
    door.take(news);
  }
  void untilLoaded(Door& door) {
    do next(door);
    while (!news.loaded && !news.failure);
    CHECK_SAY(!news.failure, news.failure->what());
  }

  std::atomic<int> wakes{0};
  DoorNews news;

 private:
  std::counting_semaphore<> woken_{0};
};

CountingEngine& counted(Engine& engine) { return dynamic_cast<CountingEngine&>(engine); }

}  // namespace

TEST("an engine is loaded, used and freed, and the owner hears of each") {
  Seen seen;
  Owner owner;
  Door door({}, owner.wake(), counting(seen));
  owner.untilLoaded(door);
  CHECK(seen.alive);
  door.with([](Engine& engine) { engine.abort(1); });
  CHECK(seen.aborts == 1);
  door.close();
  owner.next(door);
  CHECK(owner.news.closed);
  door.stop();
  CHECK(!seen.alive);
}

TEST("however slow the owner, one wake is outstanding and nothing is lost or reordered") {
  Seen seen;
  Owner owner;
  Door door({}, owner.wake(), counting(seen));
  owner.untilLoaded(door);
  const int before = owner.wakes;
  door.with([](Engine& engine) {
    for (int i = 0; i < 1000; ++i) {
      counted(engine).say({static_cast<std::uint64_t>(i), {outputOf(7, i)}});
    }
  });
  CHECK_SAY(owner.wakes == before + 1, owner.wakes - before << " wakes");
  owner.next(door);
  const std::vector<std::uint32_t>& words = owner.news.outputs.words();
  CHECK_SAY(words.size() == 10 * 1000, words.size() << " words");
  for (std::uint32_t i = 0; i < 1000; ++i) CHECK(words[i * 10 + 2] == i);
  // Taken: the next step wakes again.
  door.with([](Engine& engine) { counted(engine).say({1001, {outputOf(7, 1000)}}); });
  CHECK(owner.wakes == before + 2);
}

TEST("a step that has nothing to say wakes nobody") {
  Seen seen;
  Owner owner;
  Door door({}, owner.wake(), counting(seen));
  owner.untilLoaded(door);
  const int before = owner.wakes;
  door.with([](Engine& engine) { counted(engine).say({1, {}}); });
  CHECK(owner.wakes == before);
}

TEST("closing ends live requests, then frees the engine, and then says closed") {
  Seen seen;
  std::binary_semaphore mayGo(0);
  seen.mayGo = &mayGo;
  Owner owner;
  Door door({}, owner.wake(), counting(seen));
  owner.untilLoaded(door);
  Request request;
  request.id = 3;
  door.with([&](Engine& engine) { engine.submit(std::move(request)); });
  door.close();
  owner.next(door);
  CHECK(owner.news.outputs.finished() == 1 && !owner.news.closed);
  mayGo.release();
  owner.next(door);
  CHECK(owner.news.closed && !seen.alive);
  door.close();
  door.close();
}

TEST("from the moment of closing on, calls are refused") {
  for (int round = 0; round < 100; ++round) {
    Seen seen;
    Owner owner;
    Door door({}, owner.wake(), counting(seen));
    owner.untilLoaded(door);
    door.close();
    CHECK_THROWS(door.with([](Engine& engine) { return engine.stats(); }), ErrorCode::kUnavailable,
                 "unloaded");
  }
}

TEST("a failure to load is told with its code, then closed") {
  Owner owner;
  const auto fail = [](const EngineOptions&, const Engine::OnProgress&,
                       Engine::OnStep) -> std::unique_ptr<Engine> {
    throw EngineError(ErrorCode::kInvalidModel, "tensor x");
  };
  Door door({}, owner.wake(), fail);
  bool failed = false;
  do {
    owner.next(door);
    if (owner.news.failure) {
      CHECK(owner.news.failure->code() == ErrorCode::kInvalidModel);
      failed = true;
    }
  } while (!owner.news.closed);
  CHECK(failed);
  CHECK_THROWS(door.with([](Engine& engine) { return engine.stats(); }), ErrorCode::kUnavailable,
               "could not be loaded");
}

TEST("a load that runs out of memory or throws anything is a failure like another") {
  for (const bool memory : {true, false}) {
    Owner owner;
    const auto fail = [memory](const EngineOptions&, const Engine::OnProgress&,
                               Engine::OnStep) -> std::unique_ptr<Engine> {
      if (memory) throw std::bad_alloc();
      throw std::runtime_error("odd");
    };
    Door door({}, owner.wake(), fail);
    do owner.next(door);
    while (!owner.news.failure);
    CHECK(owner.news.failure->code() == (memory ? ErrorCode::kNoMemory : ErrorCode::kInternal));
  }
}

TEST("a load is cancelled at its next sign of progress") {
  Owner owner;
  std::atomic<int> calls{0};
  const auto forever = [&](const EngineOptions&, const Engine::OnProgress& onProgress,
                           Engine::OnStep) -> std::unique_ptr<Engine> {
    for (;;) onProgress({"weights", static_cast<std::uint64_t>(++calls), 0, 0});
  };
  Door door({}, owner.wake(), forever);
  do owner.next(door);
  while (!owner.news.progress);
  CHECK(owner.news.progress->phase == "weights");
  door.close();
  bool cancelled = false;
  do {
    owner.next(door);
    if (owner.news.failure) cancelled = owner.news.failure->code() == ErrorCode::kUnavailable;
  } while (!owner.news.closed);
  CHECK(cancelled);
}

TEST("after stop nobody is woken, whenever it comes") {
  test::Random random(test::testSeed());
  for (int round = 0; round < 200; ++round) {
    Seen seen;
    std::atomic<bool> stopped{false};
    std::atomic<int> late{0};
    const int pause = random.below(200);
    {
      Door door({}, [&] { late += stopped ? 1 : 0; }, counting(seen));
      for (int i = 0; i < pause; ++i) std::this_thread::yield();
      door.stop();
      stopped = true;
    }
    CHECK(late == 0);
    CHECK(!seen.alive);
  }
}

TEST("the words of an output are those that the other side reads") {
  TokenOutput output = outputOf(0x100000002u, 5, FinishReason::kError);
  output.logprob = -0.25f;
  output.alternatives = {{9, -1.5f}};
  output.cachedTokens = 64;
  output.error = ErrorCode::kStalled;
  output.message = "rank 1";
  OutputBatch batch;
  batch.add(output);
  const std::vector<std::uint32_t>& words = batch.words();
  CHECK(words.size() == 10 + 2 + 2);
  CHECK(words[0] == 2 && words[1] == 1 && words[2] == 5 && words[3] == 105);
  CHECK(words[4] == std::bit_cast<std::uint32_t>(-0.25f) && words[5] == 64);
  CHECK(words[6] == 4 && words[7] == 6 && words[8] == 1 && words[9] == 6);
  CHECK(words[10] == 9 && words[11] == std::bit_cast<std::uint32_t>(-1.5f));
  CHECK(std::memcmp(words.data() + 12, "rank 1\0\0", 8) == 0);
  CHECK(batch.finished() == 1);
  output.message = "rank one";
  batch.add(output);
  CHECK(words.size() == 2 * (10 + 2 + 2) && batch.finished() == 2);
}

namespace {

constexpr int kExitSeenFreed = 7;
constexpr int kExitSeenAlive = 8;

/// Destroyed at exit after every handler: looks whether the engine was freed before.
struct LastLook {
  const Seen* seen = nullptr;
  ~LastLook() {
    if (seen != nullptr) ::_exit(seen->alive ? kExitSeenAlive : kExitSeenFreed);
  }
};

[[noreturn]] void exitWithDoorOpen() {
  static LastLook look;
  static Seen seen;
  look.seen = &seen;
  static Owner owner;
  // Never destroyed: as a program's that ends in the middle.
  Door* const door = new Door({}, owner.wake(), counting(seen));
  owner.untilLoaded(*door);
  std::exit(0);
}

}  // namespace

TEST("exit() stops an open door before anything it stands on is destroyed") {
  const pid_t child = ::fork();
  CHECK(child >= 0);
  if (child == 0) exitWithDoorOpen();
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK_SAY(WIFEXITED(status) && WEXITSTATUS(status) == kExitSeenFreed, "wait status " << status);
}

TEST_MAIN
