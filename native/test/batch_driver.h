// Drives a decoder step by step and plays the clients: what every request got, and when.
#pragma once

#include <map>
#include <vector>

#include "batch/acceptance.h"
#include "batch/decoder.h"
#include "check.h"

namespace signalbox::test {

/// Everything one request got, and when.
struct Track {
  Request request;
  std::vector<TokenId> tokens;
  std::vector<float> logprobs;
  FinishReason finish = FinishReason::kNone;
  ErrorCode error = ErrorCode::kInternal;
  std::string message;
  int outputs = 0;
  int cachedTokens = 0;
  std::uint64_t submitted = 0;  // steps
  std::uint64_t first = 0;
  std::uint64_t ended = 0;
  int masksGiven = 0;
};

/// The tokens that output `index` of a masked request may be: about half of all, never none.
inline std::vector<std::uint32_t> maskFor(std::uint64_t request, int index, int vocab) {
  Random random(request * 1000003 + static_cast<std::uint64_t>(index));
  std::vector<std::uint32_t> mask(static_cast<std::size_t>(vocab + 31) / 32);
  for (std::uint32_t& word : mask) word = static_cast<std::uint32_t>(random.next());
  const int sure = random.below(vocab);
  mask[static_cast<std::size_t>(sure) / 32] |= 1u << sure % 32;
  return mask;
}

class BatchDriver {
 public:
  /// `runner` must outlive this.
  BatchDriver(ModelRunner& runner, const EngineOptions& options)
      : decoder(runner, options), vocab_(runner.config().vocab) {
    limits_ = {vocab_, runner.config().contextMax, runner.facts().blocks, runner.config().eosIds};
  }

  void submit(Request request) {
    const std::uint64_t id = request.id;
    Track& track = tracks[id];
    track.request = request;
    track.submitted = decoder.step();
    std::vector<TokenOutput> outputs;
    decoder.add(accept(std::move(request), limits_), outputs);
    take(outputs);
  }

  void abort(std::uint64_t id) {
    std::vector<TokenOutput> outputs;
    decoder.abort(id, outputs);
    take(outputs);
    decoder.scheduler().checkInvariants();
  }

  /// Each masked request that waits for a mask gets it with this chance.
  void giveMasks(Random& random, double chance) {
    for (auto& [id, track] : tracks) {
      if (!track.request.masked || track.finish != FinishReason::kNone) continue;
      const int index = static_cast<int>(track.request.resume.size() + track.tokens.size());
      if (track.masksGiven > index || random.uniform() >= chance) continue;
      decoder.allow(id, index, maskFor(id, index, vocab_));
      track.masksGiven = index + 1;
    }
  }

  /// One step; false when there was nothing to compute.
  bool step() {
    const bool planned = decoder.plan();
    decoder.scheduler().checkInvariants();
    if (!planned) return false;
    decoder.compute();
    std::vector<TokenOutput> outputs;
    decoder.commit(outputs);
    take(outputs);
    decoder.scheduler().checkInvariants();
    return true;
  }

  bool anyLive() const {
    for (const auto& [id, track] : tracks) {
      if (track.finish == FinishReason::kNone) return true;
    }
    return false;
  }

  /// Steps until all have ended; masks come at once. Fails when nothing moves any more.
  void finish() {
    Random random(1);
    for (int still = 0; anyLive();) {
      giveMasks(random, 1);
      still = step() ? 0 : still + 1;
      CHECK_SAY(still <= kIdleStepsMax + 2, "live requests, and nothing to compute");
    }
    const EngineStats stats = decoder.stats();
    CHECK_SAY(stats.blocksFree == stats.blocks, stats.blocks - stats.blocksFree << " leaked");
    CHECK(stats.running == 0 && stats.waiting == 0);
  }

  /// Steps until request `id` has ended.
  void runToEnd(std::uint64_t id) {
    while (tracks.at(id).finish == FinishReason::kNone) CHECK(step());
  }

  /// The same; whether it was preempted and waited meanwhile.
  bool runToEndPreempted(std::uint64_t id) {
    bool was = false;
    while (tracks.at(id).finish == FinishReason::kNone) {
      CHECK(step());
      for (const Sequence* sequence : decoder.scheduler().waiting()) {
        was |= sequence->id == id && sequence->preemptions > 0;
      }
    }
    return was;
  }

  Decoder decoder;
  std::map<std::uint64_t, Track> tracks;

 private:
  void take(const std::vector<TokenOutput>& outputs) {
    for (const TokenOutput& output : outputs) {
      Track& track = tracks.at(output.request);
      CHECK_SAY(track.finish == FinishReason::kNone, "an output after the last");
      if (track.outputs++ == 0) {
        track.cachedTokens = output.cachedTokens;
        track.first = decoder.step();
      } else {
        CHECK(output.cachedTokens == 0);
      }
      if (output.index >= 0) {
        const auto next = track.request.resume.size() + track.tokens.size();
        CHECK_SAY(output.index == static_cast<int>(next), output.index << " not " << next);
        track.tokens.push_back(output.token);
        track.logprobs.push_back(output.logprob);
      } else {
        CHECK(output.token == -1 && output.finish != FinishReason::kNone);
      }
      track.finish = output.finish;
      track.error = output.error;
      track.message = output.message;
      track.ended = decoder.step();
    }
  }

  const int vocab_;
  AcceptanceLimits limits_;
};

/// Tokens that are not the end of text.
inline std::vector<TokenId> randomTokens(Random& random, int count, int vocab) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(random.between(4, vocab - 1));
  return tokens;
}

inline EngineOptions optionsOf(int stepTokens, int sequencesMax) {
  EngineOptions options;
  options.stepTokens = stepTokens;
  options.sequencesMax = sequencesMax;
  return options;
}

inline Request requestOf(std::uint64_t id, std::vector<TokenId> prompt, int maxTokens,
                         float temperature = 1) {
  Request request;
  request.id = id;
  request.prompt = std::move(prompt);
  request.sampling.maxTokens = maxTokens;
  request.sampling.temperature = temperature;
  request.sampling.seed = id * 77;
  return request;
}

}  // namespace signalbox::test
