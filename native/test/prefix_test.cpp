// The prefix tree shares by identity, never by hash.
#include <set>

#include "byte_blocks.h"
#include "check.h"

namespace signalbox {
namespace {

using test::ByteBlocks;
using test::ByteSequence;
using test::Random;

std::vector<TokenId> blockOf(TokenId token) { return std::vector<TokenId>(kBlockTokens, token); }

TEST("a block's name depends on every token, their order, all before, and the salt") {
  std::vector<TokenId> tokens(3 * kBlockTokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<TokenId>(i);
  std::set<std::uint64_t> names;
  const auto name = [&](const std::vector<TokenId>& all, std::string_view salt) {
    std::vector<std::uint64_t> hashes;
    extendChain(hashes, all, salt);
    CHECK(hashes.size() == all.size() / kBlockTokens);
    names.insert(hashes.back());
  };
  name(tokens, "");
  for (std::size_t i = 0; i < tokens.size(); ++i) {
    std::vector<TokenId> other = tokens;
    other[i] ^= 1;
    name(other, "");
    other = tokens;
    std::swap(other[i], other[(i + 1) % other.size()]);
    name(other, "");
  }
  for (const char* salt : {"a", "b", "aa", "ab"}) name(tokens, salt);
  name(tokens, std::string_view("\0", 1));
  CHECK(names.size() == 1 + 2 * tokens.size() + 5);
  CHECK(names.count(0) == 0);
}

TEST("a block's name is the same in every engine") {
  // Routers compare the names that workers publish, of different builds too.
  std::vector<TokenId> tokens(2 * kBlockTokens);
  for (std::size_t i = 0; i < tokens.size(); ++i) tokens[i] = static_cast<TokenId>(i * i);
  std::vector<std::uint64_t> hashes;
  extendChain(hashes, tokens, "tenant");
  CHECK_SAY(hashes[0] == 510539843797902653u, hashes[0]);
  CHECK_SAY(hashes[1] == 16816725240747019556u, hashes[1]);
}

TEST("nodes of one hash stay apart by tokens, by parent, and by salt") {
  PrefixTree tree(8);
  const std::uint64_t hash = 7;
  const auto a = blockOf(1);
  const auto b = blockOf(2);
  const NodeId first = tree.add({kNoNode, a, hash, ""});
  const NodeId salted = tree.add({kNoNode, a, hash, "salt"});
  const NodeId other = tree.add({kNoNode, b, hash, ""});
  const NodeId below = tree.add({first, a, hash, ""});
  const NodeId belowOther = tree.add({other, a, hash, ""});
  CHECK(tree.find({kNoNode, a, hash, ""}) == first);
  CHECK(tree.find({kNoNode, a, hash, "salt"}) == salted);
  CHECK(tree.find({kNoNode, b, hash, ""}) == other);
  CHECK(tree.find({first, a, hash, "ignored below the first"}) == below);
  CHECK(tree.find({other, a, hash, ""}) == belowOther);
  CHECK(tree.find({salted, a, hash, ""}) == kNoNode);
  CHECK(tree.find({kNoNode, b, hash, "salt"}) == kNoNode);
  auto nearly = a;
  nearly.back() = 9;
  CHECK(tree.find({kNoNode, nearly, hash, ""}) == kNoNode);
  tree.remove(below);
  CHECK(tree.find({first, a, hash, ""}) == kNoNode);
  CHECK(tree.find({other, a, hash, ""}) == belowOther);
  CHECK_THROWS(tree.remove(other), ErrorCode::kInternal, "firstChild");
}

TEST("a node that takes a removed one's place is another node") {
  PrefixTree tree(1);
  const auto a = blockOf(1);
  const NodeId node = tree.add({kNoNode, a, 7, "salt"});
  const std::uint64_t uid = tree[node].uid;
  CHECK_THROWS(tree.add({kNoNode, blockOf(2), 8, ""}), ErrorCode::kInternal, "no node left");
  tree.remove(node);
  CHECK(tree.add({kNoNode, a, 7, ""}) == node);
  CHECK(tree[node].uid != uid);
  CHECK(tree.find({kNoNode, a, 7, "salt"}) == kNoNode);
}

TEST("walking the tree meets every node once, parents first") {
  Random random(test::testSeed());
  PrefixTree tree(200);
  std::set<NodeId> all;
  for (int step = 0; step < 3000; ++step) {
    if (tree.nodes() < 200 && random.below(3) != 0) {
      auto parent = all.empty() || random.below(5) == 0 ? all.end() : all.begin();
      for (int n = random.below(20); n > 0 && parent != all.end(); --n) ++parent;
      const NodeId node = tree.add({parent == all.end() ? kNoNode : *parent, blockOf(step),
                                    static_cast<std::uint64_t>(random.below(9)), ""});
      tree.setBlock(node, node);
      all.insert(node);
    } else if (!all.empty()) {
      const NodeId leaf = tree.leafBelow(*all.begin());
      tree.remove(leaf);
      all.erase(leaf);
    }
    tree.checkInvariants();
    std::set<NodeId> met;
    for (NodeId node = tree.after(kNoNode); node != kNoNode; node = tree.after(node)) {
      CHECK(tree[node].parent == kNoNode || met.count(tree[node].parent) == 1);
      CHECK(met.insert(node).second);
    }
    CHECK(met == all);
  }
}

/// As ByteSequence, but every block of every sequence has the same hash.
struct Colliding : ByteSequence {
  Colliding(std::vector<TokenId> tokens, std::string salt)
      : ByteSequence(std::move(tokens), std::move(salt)) {
    for (std::uint64_t& hash : hashes) hash = 42;
  }
};

TEST("equal hashes of everything share nothing that is not equal") {
  Random random(test::testSeed() + 1);
  ByteBlocks bytes(60, 96);
  BlockCache cache({.blocks = 60}, bytes);
  int hits = 0;
  int misses = 0;
  for (int i = 0; i < 400; ++i) {
    std::vector<TokenId> tokens;
    for (int n = random.between(1, 4); n > 0; --n) {
      const auto block = blockOf(random.below(3));
      tokens.insert(tokens.end(), block.begin(), block.end());
    }
    tokens.push_back(0);
    Colliding sequence(std::move(tokens), random.below(2) == 0 ? "tenant" : "");
    const int had = sequence.begin(cache);
    hits += had;
    misses += sequence.reusable() - had;
    CHECK(sequence.whole(bytes));
    while (sequence.computeBlock(cache, bytes)) continue;
    CHECK(sequence.whole(bytes));
    const BlockTable* tables[] = {&sequence.table};
    cache.checkInvariants(tables);
    cache.release(sequence.table);
  }
  CHECK(hits > 100 && misses > 100);
}

TEST("a block that is not full is never found") {
  ByteBlocks bytes(8, 96);
  BlockCache cache({.blocks = 8}, bytes);
  ByteSequence sequence(std::vector<TokenId>(2 * kBlockTokens - 1, 5), "");
  sequence.begin(cache);
  sequence.computeBlock(cache, bytes);
  CHECK(!sequence.computeBlock(cache, bytes));
  ByteSequence same(std::vector<TokenId>(3 * kBlockTokens, 5), "");
  CHECK(cache.find(same.chain(), same.reusable()).blocks == 1);
  cache.release(sequence.table);
  CHECK(cache.cached() == 1);
}

TEST("the same prefix computed twice at once is kept once") {
  ByteBlocks bytes(16, 96);
  BlockCache cache({.blocks = 16}, bytes);
  ByteSequence first(std::vector<TokenId>(3 * kBlockTokens + 1, 5), "");
  ByteSequence second(first.tokens, "");
  ByteSequence stranger(first.tokens, "another tenant");
  for (ByteSequence* each : {&first, &second, &stranger}) CHECK(each->begin(cache) == 0);
  CHECK(cache.unowned() == 16 - 12);
  for (int i = 0; i < 3; ++i) {
    for (ByteSequence* each : {&first, &second, &stranger}) each->computeBlock(cache, bytes);
  }
  CHECK(cache.unowned() == 16 - 12 + 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(first.table.blocks[i] == second.table.blocks[i]);
    CHECK(first.table.blocks[i] != stranger.table.blocks[i]);
  }
  CHECK(first.table.blocks[3] != second.table.blocks[3]);
  for (ByteSequence* each : {&first, &second, &stranger}) {
    CHECK(each->whole(bytes));
    cache.release(each->table);
  }
  CHECK(cache.cached() == 6);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
