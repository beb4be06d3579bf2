// Which requests are taken in.
#pragma once

#include <memory>

#include "batch/sequence.h"
#include "engine/engine.h"

namespace signalbox {

struct AcceptanceLimits {
  int vocab;
  int contextMax;
  int blocks;
  std::vector<TokenId> eosIds;
};

/// The longest salt, in bytes.
inline constexpr std::size_t kSaltMax = 1024;

/// Throws kInvalidRequest naming the field, or kNeverFits with what it needs and what there is.
std::unique_ptr<Sequence> accept(Request&& request, const AcceptanceLimits& limits);

/// Throws kInvalidRequest unless `mask` is one of a vocabulary of this size and allows something.
void checkMask(std::span<const std::uint32_t> mask, int vocab);

/// Whether the output is complete: kStop or kLength, or kNone.
FinishReason finishOf(const Sequence& sequence);

}  // namespace signalbox
