// Our engine as a contestant of `npm run bench -- engine`: one model, requests line by line, times
// back. loadtest/engine/README.md is the protocol.
//
// Everything goes through Engine as a user would: scheduler, cache, sampler. A step's time is what
// lies between two calls of onStep.
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "bench/driver_tests.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "engine/engine.h"

using namespace signalbox;

namespace {

using Clock = std::chrono::steady_clock;

/// What onStep saw, for the thread that waits for it.
class Watch {
 public:
  void onStep(StepOutput&& output) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const Clock::time_point now = Clock::now();
    int drawn = 0;
    for (const TokenOutput& one : output.outputs) {
      drawn += one.index >= 0 ? 1 : 0;
      if (one.index == 0) cached_ += one.cachedTokens;
      if (one.finish == FinishReason::kNone) continue;
      ++ended_;
      if (one.finish == FinishReason::kError) failure_ = one.message;
    }
    steps_.push_back({now, drawn});
    changed_.notify_all();
  }

  void reset() {
    const std::lock_guard<std::mutex> lock(mutex_);
    steps_.clear();
    ended_ = 0;
    cached_ = 0;
    failure_.clear();
  }

  /// Waits until `count` requests have ended; throws what one failed of.
  void waitForEnds(int count) {
    std::unique_lock<std::mutex> lock(mutex_);
    changed_.wait(lock, [&] { return ended_ >= count; });
    if (!failure_.empty()) throw EngineError(ErrorCode::kInternal, failure_);
  }

  struct Step {
    Clock::time_point at;
    int drawn;
  };
  std::vector<Step> steps() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return steps_;
  }
  int cached() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return cached_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Step> steps_;
  int ended_ = 0;
  int cached_ = 0;
  std::string failure_;
};

class Driver {
 public:
  Driver(EngineOptions options) {
    const Clock::time_point began = Clock::now();
    engine_ = Engine::load(options, [](const LoadProgress&) {},
                           [this](StepOutput&& output) { watch_.onStep(std::move(output)); });
    loadSeconds_ = std::chrono::duration<double>(Clock::now() - began).count();
  }

  std::string ready() const {
    const RunnerFacts& facts = engine_->summary().facts;
    std::uint64_t weights = 0;
    for (const RankBytes& bytes : facts.bytes) weights += bytes.shardedWeights;
    std::string phases;
    for (const auto& [phase, seconds] : engine_->summary().waterfall) {
      // Appended in pieces: GCC 12 warns of `"," + string`, wrongly.
      phases.append(phases.empty() ? "" : ",").append(quoted(phase));
      phases.append(":").append(std::to_string(seconds));
    }
    // The embedding is looked up, not streamed, unless the head is the same matrix.
    const ModelConfig& config = engine_->summary().config;
    const std::uint64_t lookedUp =
        config.tiedEmbeddings ? 0
                              : std::uint64_t{2} * static_cast<std::uint64_t>(config.vocab) *
                                    static_cast<std::uint64_t>(config.hidden);
    return "{\"ready\":true,\"name\":\"signalbox\",\"version\":\"" SIGNALBOX_VERSION
           "\",\"isa\":" + quoted(facts.isa) + ",\"numerics\":" +
           quoted(std::string(nameOf(facts.numerics))) + ",\"ranks\":" +
           std::to_string(facts.ranks) + ",\"threads\":" + std::to_string(facts.threads) +
           ",\"weightBytes\":" + std::to_string(weights - lookedUp) + ",\"loadSeconds\":" +
           std::to_string(loadSeconds_) + ",\"waterfall\":{" + phases + "}}";
  }

  std::string answer(const Json& request) {
    const std::string& test = member(request, "test").asString();
    if (test == "decode") return decode(request);
    if (test == "prefill") return prefill(request);
    if (test == "prefix") return prefix(request);
    if (test == "allocator") return allocator(request);
    if (test == "fp8") return quantiseCost(engine_->summary(), number(request, "tokens", 512));
    if (test == "allreduce") {
      return allReduceCost(number(request, "bytes", 8 << 20), number(request, "ranks", 4),
                           number(request, "steps", 20));
    }
    throw EngineError(ErrorCode::kInvalidRequest, "no test is called " + test);
  }

 private:
  static const Json& member(const Json& request, const char* name) {
    const Json* found = request.find(name);
    if (found == nullptr) {
      throw EngineError(ErrorCode::kInvalidRequest, std::string("the request has no ") + name);
    }
    return *found;
  }

  static int number(const Json& request, const char* name, int otherwise) {
    const Json* found = request.find(name);
    return found == nullptr ? otherwise : static_cast<int>(found->asInteger());
  }

  std::vector<TokenId> randomTokens(int count) {
    std::vector<TokenId> tokens(static_cast<std::size_t>(count));
    for (TokenId& token : tokens) {
      state_ = state_ * 6364136223846793005u + 1442695040888963407u;
      const auto span = static_cast<std::uint64_t>(engine_->summary().config.vocab - 3);
      token = static_cast<TokenId>(3 + (state_ >> 33) % span);
    }
    return tokens;
  }

  void submit(std::vector<TokenId> prompt, int tokens, const std::string& salt = "") {
    Request request;
    request.id = ++lastId_;
    request.prompt = std::move(prompt);
    request.cacheSalt = salt;
    request.sampling.temperature = 0;
    request.sampling.maxTokens = tokens;
    request.sampling.ignoreEos = true;
    engine_->submit(std::move(request));
  }

  /// The steps that drew a token for every one of `batch` sequences: warm-up, then the measured.
  std::vector<double> decodeSteps(int batch, int context, int steps) {
    constexpr int kUnmeasured = 2;
    // Sequences begin one after the other; the first ones wait for the last by having more to do.
    const int lead = (batch * context) / 256 + 4;
    watch_.reset();
    for (int i = 0; i < batch; ++i) submit(randomTokens(context), steps + kUnmeasured + 1 + lead);
    watch_.waitForEnds(batch);
    const std::vector<Watch::Step> seen = watch_.steps();
    std::vector<double> seconds;
    int full = 0;
    for (std::size_t i = 1; i < seen.size(); ++i) {
      if (seen[i].drawn != batch || seen[i - 1].drawn != batch) continue;
      if (++full <= kUnmeasured || static_cast<int>(seconds.size()) == steps) continue;
      seconds.push_back(std::chrono::duration<double>(seen[i].at - seen[i - 1].at).count());
    }
    if (seconds.empty()) {
      throw EngineError(ErrorCode::kInternal, "no step had the whole batch");
    }
    return seconds;
  }

  std::string decode(const Json& request) {
    const int batch = number(request, "batch", 1);
    const int context = number(request, "context", 16);
    const int steps = number(request, "steps", 12);
    const std::vector<double> seconds = decodeSteps(batch, context, steps);
    return "{\"test\":\"decode\",\"batch\":" + std::to_string(batch) + ",\"context\":" +
           std::to_string(context) + "," + timed(seconds, batch) + "}";
  }

  std::string prefill(const Json& request) {
    const int tokens = number(request, "tokens", 512);
    const int steps = number(request, "steps", 2);
    const int unmeasured = prefilled_.insert(tokens).second ? 1 : 0;
    std::vector<double> seconds;
    for (int i = 0; i < steps + unmeasured; ++i) {
      watch_.reset();
      std::vector<TokenId> prompt = randomTokens(tokens);
      const Clock::time_point began = Clock::now();
      submit(std::move(prompt), 1);
      watch_.waitForEnds(1);
      const double took = std::chrono::duration<double>(Clock::now() - began).count();
      if (i >= unmeasured) seconds.push_back(took);
    }
    return "{\"test\":\"prefill\",\"tokens\":" + std::to_string(tokens) + "," +
           timed(seconds, tokens) + "}";
  }

  /// A workload of prompts that share prefixes: [{"salt", "prefix": id, "prefixTokens", "tokens"}].
  /// Shareable is what an earlier prompt with the same salt and prefix already had in whole blocks.
  std::string prefix(const Json& request) {
    const std::string& path = member(request, "file").asString();
    const Json workload = Json::parse(readSmallFile(path, 16 << 20), path);
    std::map<std::string, std::vector<TokenId>> prefixes;
    std::map<std::string, int> longest;
    int hits = 0;
    int shareable = 0;
    int prompts = 0;
    for (const Json& one : member(workload, "prompts").asArray()) {
      const std::string& salt = member(one, "salt").asString();
      const std::string& name = member(one, "prefix").asString();
      const int prefixTokens = number(one, "prefixTokens", 0);
      const int tokens = number(one, "tokens", 1);
      std::vector<TokenId>& shared = prefixes[name];
      while (static_cast<int>(shared.size()) < prefixTokens) {
        const std::vector<TokenId> more = randomTokens(64);
        shared.insert(shared.end(), more.begin(), more.end());
      }
      std::vector<TokenId> prompt(shared.begin(), shared.begin() + prefixTokens);
      const std::vector<TokenId> own = randomTokens(tokens);
      prompt.insert(prompt.end(), own.begin(), own.end());
      int& before = longest[salt + '\n' + name];
      shareable += std::min(before, prefixTokens) / kBlockTokens * kBlockTokens;
      before = std::max(before, prefixTokens);
      watch_.reset();
      submit(std::move(prompt), 2, salt);
      watch_.waitForEnds(1);
      hits += watch_.cached();
      ++prompts;
    }
    return "{\"test\":\"prefix\",\"prompts\":" + std::to_string(prompts) + ",\"hitTokens\":" +
           std::to_string(hits) + ",\"shareableTokens\":" + std::to_string(shareable) + "}";
  }

  std::string allocator(const Json& request) {
    const int batch = number(request, "batch", 32);
    const EngineStats before = engine_->stats();
    const std::vector<double> seconds =
        decodeSteps(batch, number(request, "context", 16), number(request, "steps", 64));
    const EngineStats after = engine_->stats();
    return "{\"test\":\"allocator\",\"batch\":" + std::to_string(batch) +
           ",\"allocatorSeconds\":" +
           std::to_string(after.scheduleSeconds - before.scheduleSeconds) +
           ",\"sampleSeconds\":" + std::to_string(after.sampleSeconds - before.sampleSeconds) +
           ",\"stepSecondsTotal\":" + std::to_string(after.stepSeconds - before.stepSeconds) +
           "," + timed(seconds, batch) + "}";
  }

  Watch watch_;
  std::unique_ptr<Engine> engine_;
  double loadSeconds_ = 0;
  std::uint64_t lastId_ = 0;
  std::uint64_t state_ = 20261121;
  std::set<int> prefilled_;
};

EngineOptions optionsOf(int argc, char** argv) {
  EngineOptions options;
  options.sequencesMax = 128;
  options.contextMax = 4096;
  options.cacheBytes = std::uint64_t{3} << 30;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i];
    const std::string value = argv[i + 1];
    if (name == "--model") {
      options.folder = value;
    } else if (name == "--threads") {
      options.threads = std::atoi(value.c_str());
    } else if (name == "--ranks") {
      options.ranks = std::atoi(value.c_str());
    } else if (name == "--isa") {
      options.isa = value;
    } else if (name == "--kv" && (value == "bf16" || value == "fp8")) {
      options.cache = value == "fp8" ? KvDtype::kFp8 : KvDtype::kBf16;
    } else if (name == "--weights" && (value == "bf16" || value == "fp8")) {
      options.weights = value == "fp8" ? WeightDtype::kFp8 : WeightDtype::kBf16;
    } else if (name == "--cache-mib") {
      options.cacheBytes = std::strtoull(value.c_str(), nullptr, 10) << 20;
    } else {
      throw EngineError(ErrorCode::kInvalidRequest, "cannot honour " + name + " " + value);
    }
  }
  if (argc % 2 == 0 || options.folder.empty()) {
    throw EngineError(ErrorCode::kInvalidRequest,
                      "usage: bench_main --model FOLDER [--threads N] [--ranks N] [--isa NAME] "
                      "[--kv bf16|fp8] [--weights bf16|fp8] [--cache-mib N]");
  }
  return options;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    Driver driver(optionsOf(argc, argv));
    std::printf("%s\n", driver.ready().c_str());
    std::fflush(stdout);
    for (std::string line; std::getline(std::cin, line);) {
      if (line.empty()) continue;
      try {
        std::printf("%s\n", driver.answer(Json::parse(line, "request")).c_str());
      } catch (const EngineError& error) {
        std::printf("{\"error\":%s}\n", quoted(error.what()).c_str());
      }
      std::fflush(stdout);
    }
    return 0;
  } catch (const EngineError& error) {
    std::fprintf(stderr, "bench_main: %s\n", error.what());
    return 2;
  }
}
