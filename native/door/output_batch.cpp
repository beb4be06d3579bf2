// The records of output_batch.h, written word by word.
#include "door/output_batch.h"

#include <bit>
#include <cstring>

namespace signalbox {

void OutputBatch::add(const TokenOutput& output) {
  const std::string& message = output.message;
  for (const std::uint32_t word : {
           static_cast<std::uint32_t>(output.request),
           static_cast<std::uint32_t>(output.request >> 32),
           static_cast<std::uint32_t>(output.index),
           static_cast<std::uint32_t>(output.token),
           std::bit_cast<std::uint32_t>(output.logprob),
           static_cast<std::uint32_t>(output.cachedTokens),
           static_cast<std::uint32_t>(output.finish),
           static_cast<std::uint32_t>(output.error),
           static_cast<std::uint32_t>(output.alternatives.size()),
           static_cast<std::uint32_t>(message.size()),
       }) {
    words_.push_back(word);
  }
  for (const TokenLogprob& alternative : output.alternatives) {
    words_.push_back(static_cast<std::uint32_t>(alternative.token));
    words_.push_back(std::bit_cast<std::uint32_t>(alternative.logprob));
  }
  if (!message.empty()) {
    const std::size_t at = words_.size();
    words_.resize(at + (message.size() + 3) / 4, 0);
    std::memcpy(words_.data() + at, message.data(), message.size());
  }
  if (output.finish != FinishReason::kNone) ++finished_;
}

void OutputBatch::clear() {
  words_.clear();
  finished_ = 0;
}

void OutputBatch::swap(OutputBatch& other) {
  words_.swap(other.words_);
  std::swap(finished_, other.finished_);
}

}  // namespace signalbox
