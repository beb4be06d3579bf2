// Open addressing over the entries.
#include "sample/token_counts.h"

#include <algorithm>
#include <bit>

namespace signalbox {

void TokenCounts::reserve(std::size_t tokens) {
  entries_.reserve(tokens);
  if (2 * tokens > slots_.size()) rehash(std::bit_ceil(std::max<std::size_t>(2 * tokens, 16)));
}

/// Where the token's entry is, or the empty slot where it belongs.
std::size_t TokenCounts::slotOf(TokenId token) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = static_cast<std::uint32_t>(token) * 0x9e3779b9u & mask;
  while (slots_[slot] >= 0 && entries_[static_cast<std::size_t>(slots_[slot])].token != token) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

TokenCounts::Entry& TokenCounts::entryOf(TokenId token) {
  if (2 * (entries_.size() + 1) > slots_.size()) {
    rehash(std::max<std::size_t>(2 * slots_.size(), 16));
  }
  const std::size_t slot = slotOf(token);
  if (slots_[slot] < 0) {
    slots_[slot] = static_cast<std::int32_t>(entries_.size());
    entries_.push_back({token, 0});
  }
  return entries_[static_cast<std::size_t>(slots_[slot])];
}

void TokenCounts::rehash(std::size_t slots) {
  slots_.assign(slots, -1);
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    slots_[slotOf(entries_[i].token)] = static_cast<std::int32_t>(i);
  }
}

}  // namespace signalbox
