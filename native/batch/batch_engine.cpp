// The loop, and what callers leave for it.
#include "batch/batch_engine.h"

#include <chrono>
#include <cstdio>
#include <system_error>
#include <utility>

namespace signalbox {
namespace {

/// How long to wait before looking again at sequences that sit out while others wait for their
/// blocks: with kIdleStepsMax, about a second of patience.
constexpr std::chrono::milliseconds kHeldUpWait{15};

AcceptanceLimits limitsOf(const ModelRunner& runner, int contextMax) {
  return {runner.config().vocab, contextMax, runner.facts().blocks, runner.config().eosIds};
}

}  // namespace

BatchEngine::BatchEngine(std::unique_ptr<ModelRunner> runner, const EngineOptions& options,
                         OnStep onStep, ModelSummary summary)
    : runner_(std::move(runner)),
      onStep_(std::move(onStep)),
      summary_(std::move(summary)),
      limits_(limitsOf(*runner_, summary_.contextMax)),
      liveMax_(static_cast<std::size_t>(options.sequencesMax) +
               static_cast<std::size_t>(options.waitingMax)),
      decoder_(*runner_, options) {
  stats_ = decoder_.stats();
  try {
    thread_ = std::thread([this] { threadMain(); });
  } catch (const std::system_error& error) {
    throw EngineError(ErrorCode::kNoMemory,
                      std::string("the engine's thread cannot be had: ") + error.what());
  }
}

BatchEngine::~BatchEngine() {
  {
    const std::lock_guard lock(frontMutex_);
    stopping_ = true;
  }
  news_.notify_all();
  thread_.join();
  // Before the decoder: a thread of the runner that was given up as late may still be in a step,
  // and look at sequences and draws there. This waits for it.
  runner_.reset();
}

void BatchEngine::submit(Request&& request) {
  const std::uint64_t id = request.id;
  auto sequence = accept(std::move(request), limits_);
  const std::lock_guard lock(frontMutex_);
  if (stats_.failed || stopping_) {
    throw EngineError(ErrorCode::kUnavailable,
                      stats_.failed ? "the engine failed: " + stats_.failure
                                    : "the engine is being unloaded");
  }
  if (live_.count(id) > 0) {
    throw EngineError(ErrorCode::kInvalidRequest,
                      "request id " + std::to_string(id) + " is in use");
  }
  if (live_.size() >= liveMax_) {
    throw EngineError(ErrorCode::kBusy, std::to_string(live_.size()) +
                                            " requests run or wait already: try again later");
  }
  Live live;
  live.nextIndex = sequence->outputTokens();
  live.masked = sequence->masked;
  const auto placed = live_.emplace(id, std::move(live)).first;
  try {
    submitted_.push_back(std::move(sequence));
  } catch (...) {
    live_.erase(placed);
    throw;
  }
  news_.notify_one();
}

void BatchEngine::abort(std::uint64_t request) {
  const std::lock_guard lock(frontMutex_);
  const auto found = live_.find(request);
  if (found == live_.end()) return;
  found->second.aborted = true;
  touch(request, found->second);
}

void BatchEngine::allowTokens(std::uint64_t request, int index,
                              std::vector<std::uint32_t>&& mask) {
  checkMask(mask, limits_.vocab);
  const std::lock_guard lock(frontMutex_);
  const auto found = live_.find(request);
  if (found == live_.end() || !found->second.masked || found->second.nextIndex != index) return;
  found->second.mask = std::move(mask);
  touch(request, found->second);
}

void BatchEngine::touch(std::uint64_t request, Live& live) {
  if (!live.touched) touched_.push_back(request);
  live.touched = true;
  news_.notify_one();
}

EngineStats BatchEngine::stats() const {
  const std::lock_guard lock(frontMutex_);
  return stats_;
}

std::vector<KvEvent> BatchEngine::kvEvents(std::uint64_t from) const {
  const std::lock_guard lock(stateMutex_);
  return decoder_.cache().events(from);
}

void BatchEngine::clearPrefixCache() {
  const std::lock_guard state(stateMutex_);
  decoder_.cache().clear();
  const std::lock_guard lock(frontMutex_);
  stats_.blocksCached = decoder_.cache().cached();
  stats_.kvEventNext = decoder_.cache().nextEvent();
}

void BatchEngine::threadMain() {
  try {
    serve();
  } catch (const EngineError& error) {
    fail(error.code(), error.what());
  } catch (const std::exception& error) {
    fail(ErrorCode::kInternal, error.what());
  } catch (...) {
    fail(ErrorCode::kInternal, "an exception of an unknown type");
  }
}

/// Steps until the engine is stopped.
void BatchEngine::serve() {
  std::vector<TokenOutput> outputs;
  Wait wait = Wait::kForNews;
  while (waitForNews(wait)) {
    bool planned = false;
    {
      const std::lock_guard lock(stateMutex_);
      applyNews(outputs);
      planned = decoder_.plan();
      wait = planned ? Wait::kNot : decoder_.heldUp() ? Wait::kBriefly : Wait::kForNews;
    }
    // What ended between the steps does not wait for the next one.
    tell(std::exchange(outputs, {}));
    if (!planned) continue;
    decoder_.compute();
    {
      const std::lock_guard lock(stateMutex_);
      decoder_.commit(outputs);
    }
    tell(std::exchange(outputs, {}));
  }
  {
    const std::lock_guard lock(stateMutex_);
    applyNews(outputs);
    decoder_.endAll(outputs);
  }
  tell(std::move(outputs));
}

/// False when the engine is to stop.
bool BatchEngine::waitForNews(Wait wait) {
  std::unique_lock lock(frontMutex_);
  const auto news = [&] { return stopping_ || !submitted_.empty() || !touched_.empty(); };
  if (wait == Wait::kForNews) news_.wait(lock, news);
  if (wait == Wait::kBriefly) news_.wait_for(lock, kHeldUpWait, news);
  return !stopping_;
}

void BatchEngine::applyNews(std::vector<TokenOutput>& outputs) {
  {
    const std::lock_guard lock(frontMutex_);
    taken_.swap(submitted_);
    for (const std::uint64_t request : touched_) {
      const auto found = live_.find(request);
      if (found == live_.end()) continue;
      Live& live = found->second;
      live.touched = false;
      words_.push_back({request, live.aborted, live.nextIndex, std::exchange(live.mask, {})});
    }
    touched_.clear();
  }
  for (auto& sequence : taken_) decoder_.add(std::move(sequence), outputs);
  taken_.clear();
  for (Word& word : words_) {
    if (word.aborted) {
      decoder_.abort(word.request, outputs);
    } else if (!word.mask.empty()) {
      decoder_.allow(word.request, word.index, std::move(word.mask));
    }
  }
  words_.clear();
}

void BatchEngine::tell(std::vector<TokenOutput>&& outputs) {
  {
    const std::lock_guard state(stateMutex_);
    const std::lock_guard lock(frontMutex_);
    for (const TokenOutput& output : outputs) {
      const auto found = live_.find(output.request);
      SIGNALBOX_CHECK(found != live_.end(), "request " + std::to_string(output.request));
      if (output.finish != FinishReason::kNone) {
        live_.erase(found);
        continue;
      }
      found->second.nextIndex = output.index + 1;
      found->second.mask.clear();
    }
    stats_ = decoder_.stats();
  }
  if (!outputs.empty()) onStep_({decoder_.step(), std::move(outputs)});
}

/// Everybody who is live ends here; the thread computes no more.
void BatchEngine::fail(ErrorCode code, const std::string& message) {
  std::vector<TokenOutput> outputs;
  {
    const std::lock_guard lock(frontMutex_);
    stats_.failed = true;
    stats_.failure = message;
    stats_.running = 0;
    stats_.waiting = 0;
    for (const auto& [request, live] : live_) {
      TokenOutput& output = outputs.emplace_back();
      output.request = request;
      output.finish = FinishReason::kError;
      output.error = code;
      output.message = message;
    }
    live_.clear();
    submitted_.clear();
    touched_.clear();
  }
  try {
    if (!outputs.empty()) onStep_({stats_.step, std::move(outputs)});
  } catch (...) {
    // It was the callback that failed, or it fails too: there is nobody left to tell.
    std::fputs("signalbox: the engine's callback threw\n", stderr);
  }
}

}  // namespace signalbox
