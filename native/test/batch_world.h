// A decoder over the fake model, whose every output is compared with what its request gets alone.
#pragma once

#include <algorithm>
#include <set>
#include <vector>

#include "alone.h"
#include "batch_driver.h"
#include "fake_runner.h"

namespace signalbox::test {

/// The model, made before what stands on it.
struct FakeHolder {
  explicit FakeHolder(const FakeModel& model) : runner(model) {}
  FakeRunner runner;
};

class World : public FakeHolder, public BatchDriver {
 public:
  World(const FakeModel& model, const EngineOptions& options)
      : FakeHolder(model),
        BatchDriver(runner, options),
        model_(model),
        stepTokens_(std::min(options.stepTokens, model.rowsMax)) {
    runner.onRun = [this](const StepPlan& plan) { look(plan); };
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

  std::uint64_t rowsComputed = 0;
  std::uint64_t chunked = 0;  // prompts that a step computed a part of

 private:
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

  const FakeModel model_;
  const int stepTokens_;
};

}  // namespace signalbox::test
