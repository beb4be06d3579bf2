// Drives a decoder over the fake model step by step, plays the clients, and compares what every
// request got with what it gets alone.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <vector>

#include "alone.h"
#include "batch/acceptance.h"
#include "batch/decoder.h"
#include "check.h"
#include "fake_runner.h"

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

class World {
 public:
  World(const FakeModel& model, const EngineOptions& options)
      : model_(model), runner(model), decoder(runner, options) {
    limits_ = {model.vocab, model.contextMax, model.blocks, model.eosIds};
    stepTokens_ = std::min(options.stepTokens, model.rowsMax);
    runner.onRun = [this](const StepPlan& plan) { look(plan); };
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
      decoder.allow(id, index, maskFor(id, index, model_.vocab));
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

  AloneOutput alone(const Request& request) const {
    FakeModel roomy = model_;
    roomy.blocks = blocksFor(model_.contextMax);
    FakeRunner single(roomy);
    MaskOf maskOf;
    if (request.masked) {
      maskOf = [&](int index) { return maskFor(request.id, index, model_.vocab); };
    }
    return decodeAlone(single, request, maskOf);
  }

  /// Every request that ran to its end got what it gets alone; the others a beginning of it.
  void checkOutputs() const {
    for (const auto& [id, track] : tracks) {
      const AloneOutput expected = alone(track.request);
      const bool whole = track.finish != FinishReason::kAborted;
      CHECK_SAY(track.tokens.size() <= expected.tokens.size(), "request " << id);
      for (std::size_t i = 0; i < track.tokens.size(); ++i) {
        CHECK_SAY(track.tokens[i] == expected.tokens[i],
                  "request " << id << " token " << i << " of " << track.tokens.size());
        CHECK(track.logprobs[i] == expected.logprobs[i]);
      }
      if (!whole) continue;
      CHECK_SAY(track.tokens.size() == expected.tokens.size(), "request " << id);
      CHECK_SAY(track.finish == expected.finish, "request " << id << nameOf(track.finish));
    }
  }

 private:
  FakeModel model_;
  AcceptanceLimits limits_;
  int stepTokens_ = 0;

  /// The plan against the promises of the scheduler.
  void look(const StepPlan& plan) {
    CHECK_SAY(static_cast<int>(plan.tokens.size()) <= stepTokens_, plan.tokens.size());
    rowsComputed += plan.tokens.size();
    std::set<const BlockId*> planned;
    for (const StepSequence& sequence : plan.sequences) planned.insert(sequence.blocks.data());
    int prompts = 0;
    for (const Sequence* sequence : decoder.scheduler().running()) {
      const bool has = planned.count(sequence->table.blocks.data()) > 0;
      const bool decodes = sequence->remaining() == 1 && sequence->drawable();
      CHECK_SAY(!decodes || has, "a sequence that could decode sits out");
      if (sequence->remaining() > 1 && sequence->rows < sequence->computable()) ++prompts;
      chunked += sequence->remaining() > 1 && has && sequence->rows < sequence->computable();
    }
    CHECK_SAY(prompts <= kPartialPromptsMax, prompts);
  }

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

 public:
  FakeRunner runner;
  Decoder decoder;
  std::map<std::uint64_t, Track> tracks;
  std::uint64_t rowsComputed = 0;
  std::uint64_t chunked = 0;  // prompts that a step computed a part of
};

/// Tokens that are not the end of text.
inline std::vector<TokenId> randomTokens(Random& random, int count, int vocab) {
  std::vector<TokenId> tokens;
  for (int i = 0; i < count; ++i) tokens.push_back(random.between(4, vocab - 1));
  return tokens;
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
