// A model that remembers what was written where, instead of computing: the logits of a position are
// a hash of exactly the cells that the block table says its prefix is in. A wrong, stale or missing
// cell anywhere in the prefix, or a wrong position, changes everything that is drawn from it.
#pragma once

#include <cstring>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "core/error.h"
#include "model/runner.h"

namespace signalbox::test {

struct FakeModel {
  int vocab = 97;
  int contextMax = 1024;
  int blocks = 64;
  int rowsMax = 64;
  int threads = 2;
  std::vector<TokenId> eosIds = {3};
  /// Logits come in steps of 1 / this: few, so that there are ties.
  int ties = 4;
};

class FakeRunner : public ModelRunner {
 public:
  explicit FakeRunner(const FakeModel& model)
      : cells_(static_cast<std::size_t>(model.blocks) * kBlockTokens),
        logits_(static_cast<std::size_t>(model.rowsMax) * stride(model.vocab)),
        ties_(static_cast<float>(model.ties)) {
    config_.vocab = model.vocab;
    config_.contextMax = model.contextMax;
    config_.eosIds = model.eosIds;
    facts_.isa = "fake";
    facts_.numerics = Numerics::kPortable;
    facts_.weights = WeightDtype::kBf16;
    facts_.cache = KvDtype::kBf16;
    facts_.ranks = 1;
    facts_.threads = model.threads;
    facts_.rowsMax = model.rowsMax;
    facts_.blocks = model.blocks;
    facts_.blockBytes = kBlockTokens * sizeof(Cell);
    written_.reserve(static_cast<std::size_t>(model.blocks));
    tabled_.resize(static_cast<std::size_t>(model.blocks));
  }

  /// Called before each step; may throw what a runner throws, or wait.
  std::function<void(const StepPlan&)> onRun;
  /// The logits of this position are not numbers; -1: none.
  int brokenPosition = -1;

  const ModelConfig& config() const override { return config_; }
  const RunnerFacts& facts() const override { return facts_; }

  Logits run(const StepPlan& plan) override {
    if (onRun) onRun(plan);
    checkPlan(plan);
    std::size_t logitRow = 0;
    for (const StepSequence& sequence : plan.sequences) {
      std::uint64_t state = 1;
      for (int position = 0; position < sequence.position; ++position) {
        state = fold(state, cellAt(sequence, position));
      }
      for (int row = 0; row < sequence.rows; ++row) {
        const int position = sequence.position + row;
        const TokenId token = plan.tokens[static_cast<std::size_t>(sequence.firstRow + row)];
        Cell& cell = cellAt(sequence, position);
        cell = {token, position, 0};
        cell.written = fold(state, cell);
        state = fold(state, cell);
        if (logitRow < plan.logitRows.size() &&
            plan.logitRows[logitRow] == sequence.firstRow + row) {
          fill(logitRow++, cell.written, position);
        }
      }
    }
    require(logitRow == plan.logitRows.size(), "logit rows are not ascending rows of the plan");
    return {logits_.data(), stride(config_.vocab), config_.vocab};
  }

  void parallel(int count, const std::function<void(int)>& body) override {
    for (int i = 0; i < count; ++i) body(i);
  }
  void saveBlock(BlockId block, std::uint8_t* to) const override {
    std::memcpy(to, cells_.data() + static_cast<std::size_t>(block) * kBlockTokens,
                facts_.blockBytes);
  }
  void restoreBlock(BlockId block, const std::uint8_t* from) override {
    std::memcpy(static_cast<void*>(cells_.data() + static_cast<std::size_t>(block) * kBlockTokens),
                from, facts_.blockBytes);
  }
  TeamCounters team() const override { return {}; }

 private:
  struct Cell {
    TokenId token = -77;
    std::int32_t position = -77;
    std::uint64_t written = 0;
  };

  static std::size_t stride(int vocab) { return static_cast<std::size_t>(vocab) + 3; }

  static void require(bool holds, const char* what) {
    if (!holds) throw EngineError(ErrorCode::kInternal, std::string("a wrong plan: ") + what);
  }

  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 32)) * 0xd6e8feb86659fd93u;
    return z ^ (z >> 32);
  }
  static std::uint64_t fold(std::uint64_t state, const Cell& cell) {
    state = mix(state ^ static_cast<std::uint32_t>(cell.token));
    state = mix(state + static_cast<std::uint32_t>(cell.position) * 0x9e3779b97f4a7c15u);
    return mix(state ^ cell.written);
  }

  Cell& cellAt(const StepSequence& sequence, int position) {
    const BlockId block = sequence.blocks[static_cast<std::size_t>(position / kBlockTokens)];
    return cells_[static_cast<std::size_t>(block) * kBlockTokens +
                  static_cast<std::size_t>(position % kBlockTokens)];
  }

  /// In [-6, 6], in steps, so that equal ones are frequent; ends of text are rarer than they were.
  void fill(std::size_t row, std::uint64_t state, int position) {
    float* values = logits_.data() + row * stride(config_.vocab);
    for (int token = 0; token < config_.vocab; ++token) {
      const std::uint64_t bits =
          mix(state + static_cast<std::uint64_t>(token) * 0x9e3779b97f4a7c15u);
      const float uniform = static_cast<float>(bits >> 40) * 0x1p-24f;
      values[token] = static_cast<float>(static_cast<int>((uniform * 12 - 6) * ties_)) / ties_;
    }
    for (const TokenId eos : config_.eosIds) values[eos] -= 2;
    if (position == brokenPosition) {
      values[config_.vocab / 2] = std::numeric_limits<float>::quiet_NaN();
    }
    // Whoever takes the vocabulary for the stride meets these.
    for (std::size_t i = 0; i < 3; ++i) {
      values[static_cast<std::size_t>(config_.vocab) + i] = std::numeric_limits<float>::infinity();
    }
  }

  void checkPlan(const StepPlan& plan) {
    int rows = 0;
    written_.clear();
    std::fill(tabled_.begin(), tabled_.end(), 0);
    for (const StepSequence& sequence : plan.sequences) {
      require(sequence.firstRow == rows && sequence.rows > 0, "rows");
      rows += sequence.rows;
      const int end = sequence.position + sequence.rows;
      require(sequence.position >= 0 && end <= config_.contextMax, "position");
      require(static_cast<int>(sequence.blocks.size()) * kBlockTokens >= end, "blocks");
      for (int i = 0; i < static_cast<int>(sequence.blocks.size()); ++i) {
        const BlockId block = sequence.blocks[static_cast<std::size_t>(i)];
        require(block >= 0 && block < facts_.blocks, "block number");
        ++tabled_[static_cast<std::size_t>(block)];
        if ((i + 1) * kBlockTokens > sequence.position) written_.push_back(block);
      }
    }
    require(rows == static_cast<int>(plan.tokens.size()), "tokens");
    require(rows > 0 && rows <= facts_.rowsMax, "number of rows");
    for (const BlockId block : written_) {
      require(tabled_[static_cast<std::size_t>(block)] == 1, "a block that is written is shared");
    }
    for (const TokenId token : plan.tokens) require(token >= 0 && token < config_.vocab, "token");
  }

  ModelConfig config_;
  RunnerFacts facts_;
  std::vector<Cell> cells_;
  std::vector<float> logits_;
  std::vector<BlockId> written_;
  std::vector<int> tabled_;
  float ties_;
};

}  // namespace signalbox::test
