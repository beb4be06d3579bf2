// One step after the other.
#include "batch/decoder.h"

#include <algorithm>
#include <atomic>
#include <chrono>

#include "batch/acceptance.h"

namespace signalbox {
namespace {

double secondsSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

SchedulerLimits limitsOf(const RunnerFacts& facts, const EngineOptions& options) {
  const int stepTokens = std::min(options.stepTokens, facts.rowsMax);
  // More sequences than rows in a step would leave some without any, for long.
  return {stepTokens, std::min(options.sequencesMax, stepTokens)};
}

}  // namespace

class Decoder::RunnerBlocks : public BlockBytes {
 public:
  explicit RunnerBlocks(ModelRunner& runner) : runner_(runner) {}
  std::size_t blockBytes() const override { return runner_.facts().blockBytes; }
  void save(BlockId block, std::uint8_t* to) const override { runner_.saveBlock(block, to); }
  void restore(BlockId block, const std::uint8_t* from) override {
    runner_.restoreBlock(block, from);
  }

 private:
  ModelRunner& runner_;
};

Decoder::Decoder(ModelRunner& runner, const EngineOptions& options)
    : runner_(runner),
      blocks_(std::make_unique<RunnerBlocks>(runner)),
      cache_({.blocks = runner.facts().blocks,
              .reuse = options.prefixCache,
              .spillFolder = options.spillFolder,
              .spillBytes = options.spillBytes},
             *blocks_),
      scheduler_(limitsOf(runner.facts(), options), cache_) {
  const SchedulerLimits limits = limitsOf(runner.facts(), options);
  const auto sequences = static_cast<std::size_t>(limits.sequencesMax);
  const auto samplers = static_cast<std::size_t>(std::max(runner.facts().threads, 1));
  samplers_.reserve(std::min(samplers, sequences));
  while (samplers_.size() < samplers_.capacity()) samplers_.emplace_back(runner.config().vocab);
  tokens_.reserve(static_cast<std::size_t>(limits.stepTokens));
  steps_.reserve(sequences);
  logitRows_.reserve(sequences);
  draws_.reserve(sequences);
}

Decoder::~Decoder() = default;

TokenOutput Decoder::outputOf(Sequence& sequence) const {
  TokenOutput output;
  output.request = sequence.id;
  if (!sequence.told) output.cachedTokens = sequence.cachedTokens;
  sequence.told = true;
  return output;
}

void Decoder::end(Sequence& sequence, FinishReason finish, std::vector<TokenOutput>& outputs) {
  TokenOutput output = outputOf(sequence);
  output.finish = finish;
  outputs.push_back(std::move(output));
  scheduler_.remove(sequence);
  sequences_.erase(sequence.id);
}

void Decoder::add(std::unique_ptr<Sequence> sequence, std::vector<TokenOutput>& outputs) {
  Sequence& added = *sequence;
  const bool fresh = sequences_.emplace(added.id, std::move(sequence)).second;
  SIGNALBOX_CHECK(fresh, "request " + std::to_string(added.id) + " is there already");
  scheduler_.add(added);
  const FinishReason finish = finishOf(added);
  if (finish != FinishReason::kNone) end(added, finish, outputs);
}

void Decoder::abort(std::uint64_t request, std::vector<TokenOutput>& outputs) {
  const auto found = sequences_.find(request);
  if (found != sequences_.end()) end(*found->second, FinishReason::kAborted, outputs);
}

void Decoder::allow(std::uint64_t request, int index, std::vector<std::uint32_t>&& mask) {
  const auto found = sequences_.find(request);
  if (found == sequences_.end()) return;
  Sequence& sequence = *found->second;
  if (sequence.masked && sequence.outputTokens() == index) sequence.allowed = std::move(mask);
}

void Decoder::endAll(std::vector<TokenOutput>& outputs) {
  while (!sequences_.empty()) {
    end(*sequences_.begin()->second, FinishReason::kAborted, outputs);
  }
}

bool Decoder::plan() {
  stepStart_ = Clock::now();
  planned_ = scheduler_.plan();
  if (planned_.empty()) return false;
  tokens_.clear();
  steps_.clear();
  logitRows_.clear();
  draws_.clear();
  for (Sequence* sequence : planned_) {
    const int firstRow = static_cast<int>(tokens_.size());
    steps_.push_back({firstRow, sequence->rows, sequence->computed, sequence->table.blocks});
    const auto first = sequence->tokens.begin() + sequence->computed;
    tokens_.insert(tokens_.end(), first, first + sequence->rows);
    if (sequence->rows == sequence->remaining()) {
      logitRows_.push_back(firstRow + sequence->rows - 1);
      draws_.push_back({sequence, static_cast<std::uint64_t>(sequence->size()), {}});
    }
  }
  ++stats_.step;
  planSeconds_ = secondsSince(stepStart_);
  return true;
}

void Decoder::compute() {
  const Clock::time_point start = Clock::now();
  const Logits logits = runner_.run({stats_.step, tokens_, steps_, logitRows_});
  const Clock::time_point computed = Clock::now();
  if (!draws_.empty()) sample(logits);
  stats_.forwardSeconds += std::chrono::duration<double>(computed - start).count();
  stats_.sampleSeconds += secondsSince(computed);
}

void Decoder::sample(const Logits& logits) {
  logits_ = logits;
  nextDraw_ = 0;
  const int chunks = static_cast<int>(std::min(draws_.size(), samplers_.size()));
  if (chunks == 1) {
    drawRows(0);
  } else {
    runner_.parallel(chunks, [this](int chunk) { drawRows(chunk); });
  }
}

void Decoder::drawRows(int chunk) {
  for (std::size_t row = nextDraw_++; row < draws_.size(); row = nextDraw_++) {
    Draw& draw = draws_[row];
    const Sequence& sequence = *draw.sequence;
    DrawInput input;
    input.logits = logits_.values + row * logits_.stride;
    input.params = &sequence.sampling;
    input.counts = &sequence.counts;
    input.allowed = sequence.allowed;
    if (sequence.outputTokens() < sequence.sampling.minTokens) {
      input.suppressed = sequence.stopping;
    }
    input.position = draw.position;
    samplers_[static_cast<std::size_t>(chunk)].draw(input, draw.drawn);
  }
}

void Decoder::commit(std::vector<TokenOutput>& outputs) {
  const Clock::time_point start = Clock::now();
  stats_.lastRows = static_cast<int>(tokens_.size());
  auto draw = draws_.begin();  // in the order of planned_
  for (Sequence* sequence : planned_) {
    const bool decodes = sequence->rows == 1 && sequence->remaining() == 1 &&
                         sequence->outputTokens() > 0;
    if (!decodes) stats_.promptTokens += static_cast<std::uint64_t>(sequence->rows);
    const bool draws = draw != draws_.end() && draw->sequence == sequence;
    const bool finite = !draws || draw->drawn.finite;
    if (draws) ++draw;
    scheduler_.advance(*sequence, finite);
  }
  for (Draw& draw : draws_) commitDraw(draw, outputs);
  planSeconds_ += secondsSince(start);
  stats_.scheduleSeconds += planSeconds_;
  stats_.lastStepSeconds = secondsSince(stepStart_);
  stats_.stepSeconds += stats_.lastStepSeconds;
}

void Decoder::commitDraw(Draw& draw, std::vector<TokenOutput>& outputs) {
  Sequence& sequence = *draw.sequence;
  const Drawn& drawn = draw.drawn;
  if (!drawn.finite) {
    end(sequence, FinishReason::kError, outputs);
    outputs.back().error = ErrorCode::kInternal;
    outputs.back().message = "the model's logits for token " + std::to_string(draw.position) +
                             " of the sequence are not finite numbers";
    return;
  }
  TokenOutput output = outputOf(sequence);
  output.index = sequence.outputTokens();
  output.token = drawn.token;
  output.logprob = drawn.logprob;
  output.alternatives.assign(drawn.alternative.begin(),
                             drawn.alternative.begin() + drawn.alternatives);
  sequence.tokens.push_back(drawn.token);
  if (penalises(sequence.sampling)) sequence.counts.addOutput(drawn.token);
  sequence.allowed.clear();
  ++stats_.tokensOut;
  output.finish = finishOf(sequence);
  const bool over = output.finish != FinishReason::kNone;
  outputs.push_back(std::move(output));
  if (!over) return;
  scheduler_.remove(sequence);
  sequences_.erase(sequence.id);
}

EngineStats Decoder::stats() const {
  EngineStats stats = stats_;
  stats.cachedTokens = scheduler_.cachedTokens();
  stats.cacheQueries = scheduler_.lookedUpTokens();
  stats.running = static_cast<int>(scheduler_.running().size());
  stats.waiting = static_cast<int>(scheduler_.waiting().size());
  stats.blocks = cache_.blocks();
  stats.blocksFree = cache_.unowned();
  stats.blocksCached = cache_.cached();
  stats.preemptions = scheduler_.preemptions();
  stats.spilled = cache_.counters().spilled;
  stats.restored = cache_.counters().restored;
  stats.spillFailures = cache_.counters().spillFailures;
  stats.kvEventNext = cache_.nextEvent();
  stats.team = runner_.team();
  return stats;
}

}  // namespace signalbox
