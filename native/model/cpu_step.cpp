// Plans checked and cut.
#include "model/cpu_step.h"

#include <algorithm>
#include <string>

namespace signalbox {

CpuStep::CpuStep(const StepLimits& limits) : limits_(limits) {
  const std::size_t rows = static_cast<std::size_t>(limits.rowsMax);
  positions_.reserve(rows);
  runs_.reserve(rows);
  tiles_.reserve(rows);
}

void CpuStep::build(const StepPlan& plan) {
  SIGNALBOX_CHECK(plan.tokens.size() <= static_cast<std::size_t>(limits_.rowsMax),
                  std::to_string(plan.tokens.size()));
  SIGNALBOX_CHECK(plan.logitRows.size() <= static_cast<std::size_t>(limits_.logitRowsMax),
                  std::to_string(plan.logitRows.size()));
  tokens_ = plan.tokens;
  logitRows_ = plan.logitRows;
  positions_.clear();
  runs_.clear();
  tiles_.clear();
  for (const TokenId token : tokens_) {
    SIGNALBOX_CHECK(token >= 0 && token < limits_.vocab, std::to_string(token));
  }
  int last = -1;
  for (const int row : logitRows_) {
    SIGNALBOX_CHECK(row > last && row < rows(), std::to_string(row));
    last = row;
  }
  for (const StepSequence& sequence : plan.sequences) addSequence(sequence);
  SIGNALBOX_CHECK(static_cast<int>(positions_.size()) == rows(),
                  std::to_string(positions_.size()) + " of " + std::to_string(rows()));
}

void CpuStep::addSequence(const StepSequence& sequence) {
  SIGNALBOX_CHECK(sequence.rows > 0 && sequence.position >= 0 &&
                      sequence.firstRow == static_cast<int>(positions_.size()) &&
                      sequence.rows <= rows() - sequence.firstRow,
                  std::to_string(sequence.firstRow) + " + " + std::to_string(sequence.rows));
  const int end = sequence.position + sequence.rows;
  const std::size_t used = static_cast<std::size_t>((end + kBlockTokens - 1) / kBlockTokens);
  SIGNALBOX_CHECK(sequence.blocks.size() >= used, std::to_string(sequence.blocks.size()));
  for (std::size_t i = 0; i < used; ++i) {
    SIGNALBOX_CHECK(sequence.blocks[i] >= 0 && sequence.blocks[i] < limits_.blocks,
                    std::to_string(sequence.blocks[i]));
  }
  for (int position = sequence.position; position < end;) {
    const int row = sequence.firstRow + position - sequence.position;
    const int inBlock = std::min(end - position, kBlockTokens - position % kBlockTokens);
    runs_.push_back({row, inBlock, position,
                     sequence.blocks[static_cast<std::size_t>(position / kBlockTokens)]});
    for (int at = 0; at < inBlock; at += limits_.tilePositions) {
      tiles_.push_back({row + at, std::min(limits_.tilePositions, inBlock - at), position + at,
                        sequence.blocks.data()});
    }
    for (int i = 0; i < inBlock; ++i) positions_.push_back(position + i);
    position += inBlock;
  }
}

}  // namespace signalbox
