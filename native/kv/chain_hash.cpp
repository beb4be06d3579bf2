// SplitMix64's finisher, once for every two tokens. Source: Steele, Lea and Flood, OOPSLA 2014.
#include "kv/chain_hash.h"

namespace signalbox {
namespace {

std::uint64_t mix(std::uint64_t z) {
  z += 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

}  // namespace

std::uint64_t chainHash(std::uint64_t parent, std::span<const TokenId> tokens,
                        std::string_view salt) {
  std::uint64_t hash = mix(parent);
  if (parent == 0) {
    // The length goes in as well, so that no salt is another one's beginning.
    hash = mix(hash ^ salt.size());
    for (const char c : salt) hash = mix(hash ^ static_cast<unsigned char>(c));
  }
  for (std::size_t i = 0; i < tokens.size(); i += 2) {
    const std::uint64_t low = static_cast<std::uint32_t>(tokens[i]);
    const std::uint64_t high =
        i + 1 < tokens.size() ? static_cast<std::uint32_t>(tokens[i + 1]) : 0u;
    hash = mix(hash ^ (low | high << 32));
  }
  return hash != 0 ? hash : 1;
}

void extendChain(std::vector<std::uint64_t>& hashes, std::span<const TokenId> tokens,
                 std::string_view salt) {
  while ((hashes.size() + 1) * kBlockTokens <= tokens.size()) {
    const std::uint64_t parent = hashes.empty() ? 0 : hashes.back();
    hashes.push_back(
        chainHash(parent, tokens.subspan(hashes.size() * kBlockTokens, kBlockTokens), salt));
  }
}

}  // namespace signalbox
