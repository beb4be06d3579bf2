// A running engine over the fake model, what it says, and a gate to hold it inside a step.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "alone.h"
#include "batch/sequence.h"
#include "check.h"
#include "fake_runner.h"

namespace signalbox::test {

/// Far beyond anything that should happen: a hang becomes a failure.
inline constexpr std::chrono::seconds kDeadline{60};

struct Heard {
  std::vector<TokenId> tokens;
  FinishReason finish = FinishReason::kNone;
  ErrorCode error = ErrorCode::kInternal;
  std::string message;
  int first = 0;  // index of the first token
  int ends = 0;
};

/// Collects what the engine says; may be asked from other threads.
class Listener {
 public:
  Engine::OnStep callback() {
    return [this](StepOutput&& step) { hear(std::move(step)); };
  }

  /// Called for each output, on the engine's thread, without a lock.
  std::function<void(const TokenOutput&)> onOutput;

  Heard of(std::uint64_t request) {
    const std::lock_guard lock(mutex_);
    return heard_[request];
  }
  /// Waits until `holds` of what was heard about `request`.
  void waitFor(std::uint64_t request, const std::function<bool(const Heard&)>& holds) {
    std::unique_lock lock(mutex_);
    CHECK_SAY(news_.wait_for(lock, kDeadline, [&] { return holds(heard_[request]); }),
              "waited in vain for request " << request);
  }
  void waitForEnd(std::uint64_t request) {
    waitFor(request, [](const Heard& heard) { return heard.ends > 0; });
  }
  void waitForTokens(std::uint64_t request, std::size_t tokens) {
    waitFor(request, [=](const Heard& heard) { return heard.tokens.size() >= tokens; });
  }
  std::string wrong() {
    const std::lock_guard lock(mutex_);
    return wrong_;
  }
  int calls() {
    const std::lock_guard lock(mutex_);
    return calls_;
  }

 private:
  void hear(StepOutput&& step) {
    {
      const std::lock_guard lock(mutex_);
      ++calls_;
      if (step.outputs.empty()) wrong_ = "a step with nothing to say";
      for (const TokenOutput& output : step.outputs) {
        Heard& heard = heard_[output.request];
        if (heard.ends > 0) wrong_ = "an output after the last";
        if (output.index >= 0) {
          // Tokens of two calls never carry the same step.
          if (step.step <= lastStep_) wrong_ = "a step that was told in two calls";
          if (heard.tokens.empty()) heard.first = output.index;
          if (output.index != heard.first + static_cast<int>(heard.tokens.size())) {
            wrong_ = "an index out of order";
          }
          heard.tokens.push_back(output.token);
        }
        heard.finish = output.finish;
        heard.error = output.error;
        heard.message = output.message;
        if (output.finish != FinishReason::kNone) ++heard.ends;
      }
      for (const TokenOutput& output : step.outputs) {
        if (output.index >= 0) lastStep_ = step.step;
      }
    }
    news_.notify_all();
    if (onOutput) {
      for (const TokenOutput& output : step.outputs) onOutput(output);
    }
  }

  std::mutex mutex_;
  std::condition_variable news_;
  std::map<std::uint64_t, Heard> heard_;
  std::uint64_t lastStep_ = 0;
  std::string wrong_;
  int calls_ = 0;
};

/// Holds the engine's thread inside a step.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    news_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    news_.notify_all();
    news_.wait_for(lock, kDeadline, [&] { return open_; });
  }
  void waitForArrival() {
    std::unique_lock lock(mutex_);
    CHECK(news_.wait_for(lock, kDeadline, [&] { return arrived_ > 0; }));
  }

 private:
  std::mutex mutex_;
  std::condition_variable news_;
  bool open_ = false;
  int arrived_ = 0;
};

inline EngineOptions optionsOf(int stepTokens = 64, int sequencesMax = 8) {
  EngineOptions options;
  options.stepTokens = stepTokens;
  options.sequencesMax = sequencesMax;
  return options;
}

inline Request requestOf(std::uint64_t id, int prompt, int maxTokens) {
  Random random(id);
  Request request;
  request.id = id;
  for (int i = 0; i < prompt; ++i) request.prompt.push_back(random.between(4, 96));
  request.sampling.maxTokens = maxTokens;
  request.sampling.ignoreEos = true;
  request.sampling.seed = id;
  return request;
}

inline std::vector<std::uint32_t> maskFor(std::uint64_t request, int index) {
  Random random(request * 1000003 + static_cast<std::uint64_t>(index));
  std::vector<std::uint32_t> mask(4);
  for (std::uint32_t& word : mask) word = static_cast<std::uint32_t>(random.next());
  mask[1] |= 2;
  return mask;
}

inline AloneOutput alone(const FakeModel& model, const Request& request) {
  FakeModel roomy = model;
  roomy.blocks = blocksFor(model.contextMax);
  FakeRunner runner(roomy);
  MaskOf maskOf;
  if (request.masked) maskOf = [&](int index) { return maskFor(request.id, index); };
  return decodeAlone(runner, request, maskOf);
}

/// A running engine, what it says, and its runner.
struct Running {
  Listener listener;
  FakeRunner* runner = nullptr;
  std::unique_ptr<Engine> engine;

  explicit Running(const EngineOptions& options = optionsOf(), const FakeModel& model = {},
                   const std::function<void(FakeRunner&)>& prepare = {}) {
    auto fake = std::make_unique<FakeRunner>(model);
    runner = fake.get();
    if (prepare) prepare(*fake);
    engine = Engine::over(std::move(fake), options, listener.callback());
  }
};

}  // namespace signalbox::test
