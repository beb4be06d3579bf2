// What steps say, packed into bytes that cross into another language in one piece.
//
// A record per output, in 32-bit words of this machine's byte order; output-batch.ts reads them:
//
//   0, 1   request, low word first
//   2, 3   index and token, -1 where there is none
//   4      logprob, float
//   5      cachedTokens
//   6      finish: its place in FinishReason
//   7      error: its place in ErrorCode
//   8      alternatives that follow: token and logprob each
//   9      bytes of message that follow those, padded with zeros to a whole word
#pragma once

#include <cstdint>
#include <vector>

#include "engine/engine.h"

namespace signalbox {

class OutputBatch {
 public:
  void add(const TokenOutput& output);
  void clear();
  /// Exchanges contents and capacity: two batches that take turns allocate no more after a while.
  void swap(OutputBatch& other);

  bool empty() const { return words_.empty(); }
  const std::vector<std::uint32_t>& words() const { return words_; }
  /// Outputs that ended a request.
  int finished() const { return finished_; }

 private:
  std::vector<std::uint32_t> words_;
  int finished_ = 0;
};

}  // namespace signalbox
