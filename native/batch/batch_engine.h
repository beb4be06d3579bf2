// The engine's thread, and the way to it from others.
//
//   F1. Callers touch the front (under frontMutex_, never held while anything is computed); the
//       thread takes what is there between two steps. What waits there is bounded: requests by
//       sequencesMax plus waitingMax, and one abort and one mask for each of them.
//   F2. The decoder belongs to the thread. While it plans or commits it holds stateMutex_, which is
//       all that readers of events and clearPrefixCache wait for. Who needs both takes it first.
//   F3. A request is in `live_` from submit until its last output is about to be told; whoever
//       takes it out tells.
//   F4. After a failure nothing is computed any more: live requests have ended with kError, new
//       ones are refused.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "batch/acceptance.h"
#include "batch/decoder.h"
#include "engine/engine.h"

namespace signalbox {

class BatchEngine final : public Engine {
 public:
  /// `summary` but for what the runner says itself.
  BatchEngine(std::unique_ptr<ModelRunner> runner, const EngineOptions& options, OnStep onStep,
              ModelSummary summary);
  ~BatchEngine() override;

  const ModelSummary& summary() const override { return summary_; }
  void submit(Request&& request) override;
  void abort(std::uint64_t request) override;
  void allowTokens(std::uint64_t request, int index, std::vector<std::uint32_t>&& mask) override;
  EngineStats stats() const override;
  std::vector<KvEvent> kvEvents(std::uint64_t from) const override;
  void clearPrefixCache() override;

 private:
  struct Live {
    int nextIndex = 0;
    bool masked = false;
    bool aborted = false;
    bool touched = false;  // stands in touched_
    std::vector<std::uint32_t> mask;  // of nextIndex; empty: none
  };

  /// What callers left for one request.
  struct Word {
    std::uint64_t request;
    bool aborted;
    int index;
    std::vector<std::uint32_t> mask;
  };
  enum class Wait { kNot, kBriefly, kForNews };

  void touch(std::uint64_t request, Live& live);
  void threadMain();
  void serve();
  bool waitForNews(Wait wait);
  void applyNews(std::vector<TokenOutput>& outputs);
  void tell(std::vector<TokenOutput>&& outputs);
  void fail(ErrorCode code, const std::string& message);

  std::unique_ptr<ModelRunner> runner_;
  const OnStep onStep_;
  ModelSummary summary_;
  const AcceptanceLimits limits_;
  const std::size_t liveMax_;

  mutable std::mutex stateMutex_;
  Decoder decoder_;

  mutable std::mutex frontMutex_;
  std::condition_variable news_;
  std::unordered_map<std::uint64_t, Live> live_;
  std::vector<std::unique_ptr<Sequence>> submitted_;
  std::vector<std::uint64_t> touched_;
  bool stopping_ = false;
  EngineStats stats_;

  // Of the thread alone: what it has taken from the front.
  std::vector<std::unique_ptr<Sequence>> taken_;
  std::vector<Word> words_;

  std::thread thread_;
};

}  // namespace signalbox
