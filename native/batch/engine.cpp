// The engine's names, and an engine over a runner that is there already.
#include "engine/engine.h"

#include "batch/batch_engine.h"
#include "batch/engine_options.h"

namespace signalbox {

const char* nameOf(FinishReason reason) {
  switch (reason) {
    case FinishReason::kNone: return "none";
    case FinishReason::kStop: return "stop";
    case FinishReason::kLength: return "length";
    case FinishReason::kAborted: return "aborted";
    case FinishReason::kError: return "error";
  }
  return "error";
}

std::unique_ptr<Engine> Engine::over(std::unique_ptr<ModelRunner> runner,
                                     const EngineOptions& options, OnStep onStep) {
  checkEngineOptions(options);
  ModelSummary summary;
  summary.config = runner->config();
  summary.facts = runner->facts();
  summary.contextMax = contextMaxOf(options, summary.config);
  summary.parameters = 0;
  return std::make_unique<BatchEngine>(std::move(runner), options, std::move(onStep),
                                       std::move(summary));
}

}  // namespace signalbox
