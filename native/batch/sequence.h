// One accepted request while it lives: what was asked, its tokens, and how far they are computed.
//
//   Q1. `tokens` is prompt, resumed and drawn tokens, in this order; it only grows.
//   Q2. Of the first `computed` tokens keys and values are in the cache's blocks; the rest is to be
//       computed. The last token's row gives the logits of the next.
//   Q3. Waiting sequences own no blocks and have nothing computed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kv/block_cache.h"
#include "sample/draw_input.h"

namespace signalbox {

struct Sequence {
  // What was asked.
  std::uint64_t id = 0;
  int priority = 0;
  bool masked = false;
  SamplingParams sampling;
  std::string salt;
  std::vector<TokenId> stopping;  // ids that end it when drawn
  int promptTokens = 0;

  // What it has.
  std::vector<TokenId> tokens;
  std::vector<std::uint64_t> hashes;   // of the full blocks of `tokens`
  TokenCounts counts;                  // when a penalty is on
  std::vector<std::uint32_t> allowed;  // of the next draw; empty: no mask, or not here yet
  BlockTable table;
  int computed = 0;

  // Where it stands.
  std::uint64_t arrival = 0;
  bool running = false;
  int rows = 0;          // of the step being planned or computed
  int idleSteps = 0;     // sat out in a row, waiting for a mask
  bool needsMask = false;  // it gave its blocks back while it waited for one
  int preemptions = 0;
  bool lookedUp = false;   // its prompt was, in the prefix cache
  int cachedTokens = 0;    // of the prompt, found there
  bool told = false;       // cachedTokens was, in an output

  int size() const { return static_cast<int>(tokens.size()); }
  int outputTokens() const { return size() - promptTokens; }
  int remaining() const { return size() - computed; }
  /// May the next token be drawn once its logits are there?
  bool drawable() const { return !masked || !allowed.empty(); }
  /// Rows that can be computed now: not the last before the mask has come.
  int computable() const { return remaining() - (drawable() ? 0 : 1); }
  TokenChain chain() const { return {tokens, hashes, salt}; }
  /// Blocks that may come from the prefix cache: the last token is always computed.
  int reusableBlocks() const { return (size() - 1) / kBlockTokens; }
};

/// Who goes first: by priority, then by arrival.
inline bool goesBefore(const Sequence& a, const Sequence& b) {
  return a.priority != b.priority ? a.priority < b.priority : a.arrival < b.arrival;
}

inline int blocksFor(int tokens) { return (tokens + kBlockTokens - 1) / kBlockTokens; }

}  // namespace signalbox
