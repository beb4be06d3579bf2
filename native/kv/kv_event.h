// What happened to the blocks of the prefix cache, for routers that send alike prompts to one
// engine.
#pragma once

#include <cstdint>
#include <vector>

#include "core/types.h"

namespace signalbox {

enum class KvEventKind { kStored, kRemoved, kCleared };

/// What happened to a block of the prefix cache: it can be read from the cache from now on, in
/// memory or in a spill file (stored), or no longer from either (removed); or nothing before this
/// event holds any more (cleared). Hashes are 64 bits of the chain's, never 0.
struct KvEvent {
  std::uint64_t sequence;  // from 1
  KvEventKind kind;
  std::uint64_t hash;
  std::uint64_t parent;  // 0: the block is a sequence's first
  std::vector<TokenId> tokens;  // of a stored block
};

}  // namespace signalbox
