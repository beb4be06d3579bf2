// The name of a block's contents: 64 bits over its tokens, all tokens before it, and the tenant's
// salt. Equal on every engine, so that routers may compare workers; never trusted by the cache,
// which compares tokens (prefix_tree).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace signalbox {

/// `parent` is the hash of the block before, or 0 of a first one, which alone takes the salt in.
/// Never 0.
std::uint64_t chainHash(std::uint64_t parent, std::span<const TokenId> tokens,
                        std::string_view salt);

/// Makes `hashes` one per full block of `tokens`; those it has already stay.
void extendChain(std::vector<std::uint64_t>& hashes, std::span<const TokenId> tokens,
                 std::string_view salt);

}  // namespace signalbox
