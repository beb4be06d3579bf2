// How often a sequence has each token: what penalties look at.
//
//   N1. Every token of prompt or output has one entry. Adding allocates only when the entries
//       outgrow what was reserved.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/types.h"

namespace signalbox {

class TokenCounts {
 public:
  struct Entry {
    TokenId token;
    std::int32_t inOutput;
  };

  /// Room for `tokens` different tokens.
  void reserve(std::size_t tokens);
  void addPrompt(TokenId token) { entryOf(token); }
  void addOutput(TokenId token) { ++entryOf(token).inOutput; }
  /// In order of first appearance.
  std::span<const Entry> entries() const { return entries_; }

 private:
  Entry& entryOf(TokenId token);
  void rehash(std::size_t slots);
  std::size_t slotOf(TokenId token) const;

  std::vector<Entry> entries_;
  std::vector<std::int32_t> slots_;  // indices of entries, -1: empty; at most half full
};

}  // namespace signalbox
