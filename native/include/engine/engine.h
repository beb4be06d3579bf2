// The engine: one model, its cache, and the loop that decodes. No Node type in it.
//
//   E1. One engine thread owns everything that changes; callers talk to it by bounded queues.
//   E2. `onStep` is called by the engine thread, once per step that has something to say.
//   E3. A request that is accepted ends exactly once, with a finish reason, whatever happens.
//   E4. What is drawn depends on (seed, absolute position) and the logits alone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/config.h"
#include "core/error.h"
#include "core/types.h"
#include "kv/kv_event.h"
#include "model/runner.h"
#include "sample/params.h"

namespace signalbox {

/// Every field as the public documentation (native/engine.ts) has it.
struct EngineOptions {
  std::string folder;
  std::string device = "cpu";  // or "cuda:0" and so on
  std::string kernels;  // the folder of a CUDA device's machine code; build/cuda after build:cuda
  std::string isa;  // of the CPU; empty: the fastest portable path of this machine
  WeightDtype weights = WeightDtype::kBf16;
  KvDtype cache = KvDtype::kBf16;
  int ranks = 1;
  int threads = 0;               // of all ranks together; 0: the CPUs of the process
  bool pin = true;
  std::uint64_t cacheBytes = 0;  // 0: what contextMax times sequencesMax could use, within memory
  int stepTokens = 512;          // token budget of a step
  int sequencesMax = 64;         // running at once
  int waitingMax = 1024;         // waiting beside those
  int contextMax = 0;            // 0: the model's
  bool prefixCache = true;
  std::string spillFolder;       // empty: none
  std::uint64_t spillBytes = 0;
  int stallMillis = 1800;
};

/// Where loading is: phases in order, `done` and `total` in bytes where they have any.
struct LoadProgress {
  const char* phase;  // "config", "weights", "cache", "threads", "ready"
  std::uint64_t done;
  std::uint64_t total;
  double seconds;     // since loading began
};

struct Request {
  std::uint64_t id = 0;          // the caller's, unused by any live request
  std::vector<TokenId> prompt;
  /// Output already delivered by another engine: decoding goes on after it.
  std::vector<TokenId> resume;
  std::string cacheSalt;         // requests with another salt share no cached block
  int priority = 0;              // lower goes first; equals by arrival
  /// Before every draw the engine waits for allowTokens: the sequence sits out steps until then.
  bool masked = false;
  SamplingParams sampling;
};

enum class FinishReason { kNone, kStop, kLength, kAborted, kError };
const char* nameOf(FinishReason reason);

struct TokenOutput {
  std::uint64_t request = 0;
  int index = -1;     // of the token in the output, resumed ones counted; -1 when there is none
  TokenId token = -1; // -1 when there is none
  float logprob = 0;  // 0 when the request asked for none
  std::vector<TokenLogprob> alternatives;  // most likely first
  int cachedTokens = 0;  // of the prompt, read from the cache; on the request's first output
  FinishReason finish = FinishReason::kNone;
  ErrorCode error = ErrorCode::kInternal;  // of kError
  std::string message;                     // of kError
};

struct EngineStats {
  std::uint64_t step = 0;
  std::uint64_t tokensOut = 0;       // drawn
  std::uint64_t promptTokens = 0;    // computed
  std::uint64_t cachedTokens = 0;    // of prompts, read from the cache
  std::uint64_t cacheQueries = 0;    // prompt tokens looked up
  int running = 0;
  int waiting = 0;
  int blocks = 0;
  int blocksFree = 0;     // unowned, cached or not
  int blocksCached = 0;   // unowned, with contents that a prefix may use
  std::uint64_t preemptions = 0;
  std::uint64_t spilled = 0;   // blocks written
  std::uint64_t restored = 0;  // blocks read back
  std::uint64_t spillFailures = 0;  // blocks not written (then no more are), or damaged when read
  double lastStepSeconds = 0;
  double stepSeconds = 0;      // sums since load
  double forwardSeconds = 0;
  double scheduleSeconds = 0;  // planning and the allocator
  double sampleSeconds = 0;
  int lastRows = 0;
  std::uint64_t kvEventNext = 0;  // the sequence the next event will have
  bool failed = false;
  std::string failure;
  TeamCounters team;
};

struct StepOutput {
  std::uint64_t step;
  std::vector<TokenOutput> outputs;
};

struct ModelSummary {
  ModelConfig config;
  RunnerFacts facts;
  int contextMax;
  std::uint64_t parameters;
  std::vector<std::pair<std::string, double>> waterfall;  // phase, seconds
};

class Engine {
 public:
  using OnStep = std::function<void(StepOutput&&)>;
  using OnProgress = std::function<void(const LoadProgress&)>;

  /// Loads the model and starts the engine thread. Throws EngineError.
  static std::unique_ptr<Engine> load(const EngineOptions& options, const OnProgress& onProgress,
                                      OnStep onStep);
  /// Over any runner; for tests.
  static std::unique_ptr<Engine> over(std::unique_ptr<ModelRunner> runner,
                                      const EngineOptions& options, OnStep onStep);
  /// Ends every live request with kAborted, then the thread. Waits for the step in progress, so it
  /// cannot be called from onStep.
  virtual ~Engine() = default;

  virtual const ModelSummary& summary() const = 0;
  /// Throws kInvalidRequest, kNeverFits, kBusy or kUnavailable; then the request does not exist.
  virtual void submit(Request&& request) = 0;
  /// Of a request that ended or never was: nothing.
  virtual void abort(std::uint64_t request) = 0;
  /// The tokens that may be drawn as output `index`: bit t % 32 of word t / 32. Of another index
  /// than the next, or an unknown request: nothing. Throws kInvalidRequest when no bit is set or
  /// the length is not that of the vocabulary.
  virtual void allowTokens(std::uint64_t request, int index, std::vector<std::uint32_t>&& mask) = 0;
  virtual EngineStats stats() const = 0;
  /// Events from `from` on; where those are gone, first a kCleared and then what is cached now.
  virtual std::vector<KvEvent> kvEvents(std::uint64_t from) const = 0;
  /// Drops every cached block that no sequence uses.
  virtual void clearPrefixCache() = 0;
};

/// Opens and checks a folder as load would, without keeping it: every tensor's name, shape and
/// dtype. Throws EngineError.
ModelSummary checkModelFolder(const std::string& folder);

/// Opens EngineOptions::device as load would, with its kernels, and closes it again. Throws
/// EngineError. For the CPU: nothing.
void checkDevice(const std::string& device, const std::string& kernels);

}  // namespace signalbox
