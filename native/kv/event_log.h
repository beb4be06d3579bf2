// The last events of the prefix cache, in a ring: what routers have not read in time is gone, and
// they are told so by a snapshot (block_cache).
//
//   L1. Sequence numbers go up by one from 1. The ring holds those in [first(), next()).
//   L2. Nothing allocates after construction but reading.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "kv/kv_event.h"

namespace signalbox {

class EventLog {
 public:
  explicit EventLog(int capacity);

  std::uint64_t first() const;
  std::uint64_t next() const { return next_; }
  /// `tokens` is empty but for kStored, which has kBlockTokens.
  void push(KvEventKind kind, std::uint64_t hash, std::uint64_t parent,
            std::span<const TokenId> tokens);
  /// Events in [from, next()); `from` must be in [first(), next()].
  std::vector<KvEvent> since(std::uint64_t from) const;

 private:
  struct Entry {
    KvEventKind kind;
    std::uint64_t hash;
    std::uint64_t parent;
    std::array<TokenId, kBlockTokens> tokens;
  };

  std::vector<Entry> ring_;
  std::uint64_t next_ = 1;
};

}  // namespace signalbox
