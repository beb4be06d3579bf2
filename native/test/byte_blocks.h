// Blocks with bytes for tests of the cache: what is written into a block is a digest of all tokens
// up to its end and of the salt, so a block in the wrong place is seen.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <vector>

#include "core/error.h"
#include "kv/block_cache.h"
#include "kv/chain_hash.h"

namespace signalbox::test {

class ByteBlocks : public BlockBytes {
 public:
  ByteBlocks(int blocks, std::size_t bytes)
      : bytes_(bytes), all_(static_cast<std::size_t>(blocks) * bytes, 0xee) {}

  std::size_t blockBytes() const override { return bytes_; }
  void save(BlockId block, std::uint8_t* to) const override {
    std::memcpy(to, const_cast<ByteBlocks*>(this)->at(block), bytes_);
  }
  void restore(BlockId block, const std::uint8_t* from) override {
    std::memcpy(at(block), from, bytes_);
  }

  void write(BlockId block, std::span<const TokenId> upTo, const std::string& salt) {
    std::vector<std::uint8_t> text = textOf(upTo, salt);
    std::memcpy(at(block), text.data(), bytes_);
  }
  bool holds(BlockId block, std::span<const TokenId> upTo, const std::string& salt) const {
    const std::vector<std::uint8_t> text = textOf(upTo, salt);
    return std::memcmp(const_cast<ByteBlocks*>(this)->at(block), text.data(), bytes_) == 0;
  }

 private:
  std::uint8_t* at(BlockId block) { return all_.data() + static_cast<std::size_t>(block) * bytes_; }
  std::vector<std::uint8_t> textOf(std::span<const TokenId> upTo, const std::string& salt) const {
    std::uint64_t state = 14695981039346656037u;
    const auto take = [&](std::uint64_t word) { state = (state ^ word) * 1099511628211u; };
    for (const char c : salt) take(static_cast<std::uint64_t>(c));
    take(salt.size() + 1000);
    for (const TokenId token : upTo) take(static_cast<std::uint64_t>(token));
    std::vector<std::uint8_t> text(bytes_);
    for (std::uint8_t& byte : text) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<std::uint8_t>(state >> 56);
    }
    return text;
  }

  std::size_t bytes_;
  std::vector<std::uint8_t> all_;
};

/// One sequence that uses a cache as the scheduler does.
struct ByteSequence {
  std::vector<TokenId> tokens;
  std::string salt;
  std::vector<std::uint64_t> hashes;
  BlockTable table;
  int computed = 0;

  ByteSequence(std::vector<TokenId> all, std::string tenant)
      : tokens(std::move(all)), salt(std::move(tenant)) {
    extendChain(hashes, tokens, salt);
  }
  TokenChain chain() const { return {tokens, hashes, salt}; }
  int blocksNeeded() const {
    return (static_cast<int>(tokens.size()) + kBlockTokens - 1) / kBlockTokens;
  }
  int reusable() const { return (static_cast<int>(tokens.size()) - 1) / kBlockTokens; }
  std::span<const TokenId> upTo(int blocks) const {
    return {tokens.data(), static_cast<std::size_t>(blocks) * kBlockTokens};
  }
  bool fits(const BlockCache& cache) const {
    return blocksNeeded() - cache.find(chain(), reusable()).owned <= cache.unowned();
  }
  /// Takes all blocks; returns how many the cache had.
  int begin(BlockCache& cache) {
    const int had = cache.acquire(table, chain(), reusable());
    computed = had * kBlockTokens;
    while (static_cast<int>(table.blocks.size()) < blocksNeeded()) cache.extend(table);
    return had;
  }
  /// Computes the next full block, if one is left.
  bool computeBlock(BlockCache& cache, ByteBlocks& bytes) {
    const int index = computed / kBlockTokens;
    if ((index + 1) * kBlockTokens > static_cast<int>(tokens.size())) return false;
    bytes.write(table.blocks[static_cast<std::size_t>(index)], upTo(index + 1), salt);
    computed += kBlockTokens;
    cache.seal(table, chain());
    return true;
  }
  /// Every computed block, shared or not, holds what this sequence's tokens say.
  bool whole(const ByteBlocks& bytes) const {
    for (int i = 0; i < computed / kBlockTokens; ++i) {
      if (!bytes.holds(table.blocks[static_cast<std::size_t>(i)], upTo(i + 1), salt)) return false;
    }
    return true;
  }
};

}  // namespace signalbox::test
