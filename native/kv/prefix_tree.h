// Which prefixes the cache holds: a tree with one node for every full block of tokens.
//
// Owned by BlockCache, which decides what goes in and out; this is the index alone. A node's bytes
// are in a block of the cache, in a slot of the spill file, or (while being moved) in neither.
//
//   T1. A node is found by its parent's identity and its tokens, compared one by one; a first block
//       also by its salt. The hash only says where to look, so equal hashes share nothing.
//   T2. No two nodes have the same parent, tokens and salt.
//   T3. The parent of a node in the tree is in the tree; where the node has a block, the parent
//       has.
//   T4. Nothing allocates after construction but salts longer than a std::string holds inside.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/types.h"

namespace signalbox {

using NodeId = std::int32_t;
inline constexpr NodeId kNoNode = -1;

/// What names a node.
struct NodeKey {
  NodeId parent;                    // kNoNode: a sequence's first block
  std::span<const TokenId> tokens;  // [kBlockTokens]
  std::uint64_t hash;               // of the chain
  std::string_view salt;            // ignored but in first blocks
};

class PrefixTree {
 public:
  struct Node {
    std::uint64_t uid = 0;  // of this life of the node; 0: not in the tree
    std::uint64_t hash = 0;
    BlockId block = -1;
    BlockId slot = -1;
    NodeId parent = kNoNode;
    NodeId firstChild = kNoNode;
    NodeId nextSibling = kNoNode;
    NodeId previousSibling = kNoNode;
    NodeId nextInBucket = kNoNode;
    std::array<TokenId, kBlockTokens> tokens{};
    std::string salt;
  };

  explicit PrefixTree(int nodesMax);

  int nodes() const { return nodes_; }
  const Node& operator[](NodeId node) const;
  NodeId find(const NodeKey& key) const;
  /// There must be no such node, and room for one more.
  NodeId add(const NodeKey& key);
  /// The node must have no child.
  void remove(NodeId node);
  void setBlock(NodeId node, BlockId block) { at(node).block = block; }
  void setSlot(NodeId node, BlockId slot) { at(node).slot = slot; }
  /// A leaf below `node`, or itself when it has no child.
  NodeId leafBelow(NodeId node) const;
  /// In an order that has parents before children: kNoNode gives the first, the last gives kNoNode.
  NodeId after(NodeId node) const;

  /// Throws kInternal where T1 to T3 or a link is broken.
  void checkInvariants() const;

 private:
  Node& at(NodeId node) { return const_cast<Node&>((*this)[node]); }
  std::size_t bucketOf(std::uint64_t hash) const { return hash & (buckets_.size() - 1); }
  bool matches(const Node& node, const NodeKey& key) const;

  std::vector<Node> all_;
  std::vector<NodeId> free_;
  std::vector<NodeId> buckets_;
  NodeId firstRoot_ = kNoNode;
  int nodes_ = 0;
  std::uint64_t nextUid_ = 1;
};

}  // namespace signalbox
