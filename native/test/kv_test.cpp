// Blocks of the cache: the pool, and sequences that share, evict and clear at random.
#include <deque>
#include <map>
#include <memory>

#include "byte_blocks.h"
#include "check.h"

namespace signalbox {
namespace {

using test::ByteBlocks;
using test::ByteSequence;
using test::Random;

TEST("unowned blocks are taken oldest first, worthless ones before all others") {
  BlockPool pool(4);
  CHECK(pool.unowned() == 4);
  for (BlockId block = 0; block < 4; ++block) CHECK(pool.take() == block);
  CHECK(pool.next() == kNoBlock);
  pool.release(2, true);
  pool.release(0, true);
  pool.release(3, false);
  CHECK(pool.next() == 3);
  pool.release(1, true);
  pool.forget(0);
  const BlockId order[] = {0, 3, 2, 1};
  for (const BlockId block : order) CHECK(pool.take() == block);
}

TEST("a shared block has as many owners as shared it, and leaves the queue at the first") {
  BlockPool pool(3);
  pool.share(1);
  pool.share(1);
  CHECK(pool.owners(1) == 2 && pool.unowned() == 2);
  CHECK(pool.take() == 0 && pool.take() == 2);
  pool.release(1, true);
  CHECK(pool.next() == kNoBlock);
  pool.release(1, true);
  CHECK(pool.next() == 1);
  CHECK_THROWS(pool.release(1, true), ErrorCode::kInternal, "no owner");
  CHECK_THROWS(pool.share(3), ErrorCode::kInternal, "3");
  pool.take();
  CHECK_THROWS(pool.take(), ErrorCode::kInternal, "owner");
}

TEST("the pool behaves as a plain queue does, at random") {
  Random random(test::testSeed());
  const int blocks = 17;
  BlockPool pool(blocks);
  std::deque<BlockId> queue;
  std::map<BlockId, int> owners;
  for (BlockId block = 0; block < blocks; ++block) queue.push_back(block);
  for (int step = 0; step < 20000; ++step) {
    const BlockId block = random.below(blocks);
    const int what = random.below(4);
    if (what == 0 && !queue.empty()) {
      CHECK(pool.take() == queue.front());
      owners[queue.front()] = 1;
      queue.pop_front();
    } else if (what == 1) {
      if (owners[block]++ == 0) std::erase(queue, block);
      pool.share(block);
    } else if (what == 2 && owners[block] > 0) {
      const bool keep = random.below(2) == 0;
      pool.release(block, keep);
      if (--owners[block] == 0) keep ? queue.push_back(block) : queue.push_front(block);
    } else if (what == 3 && owners[block] == 0) {
      pool.forget(block);
      std::erase(queue, block);
      queue.push_front(block);
    }
    pool.checkInvariants();
    CHECK(pool.unowned() == static_cast<int>(queue.size()));
    CHECK(pool.next() == (queue.empty() ? kNoBlock : queue.front()));
  }
}

/// What someone who follows the events believes to be cached.
class Follower {
 public:
  void follow(const BlockCache& cache) {
    for (const KvEvent& event : cache.events(next_)) apply(event);
  }
  void apply(const KvEvent& event) {
    if (event.kind == KvEventKind::kCleared) believed_.clear();
    if (event.kind == KvEventKind::kRemoved) CHECK(believed_.erase(event.hash) == 1);
    if (event.kind == KvEventKind::kStored) {
      CHECK(event.tokens.size() == kBlockTokens);
      CHECK_SAY(event.parent == 0 || believed_.count(event.parent) == 1, "an unknown parent");
      believed_[event.hash] = event.tokens;
    }
    next_ = event.sequence + 1;
  }
  const std::map<std::uint64_t, std::vector<TokenId>>& believed() const { return believed_; }
  std::uint64_t next() const { return next_; }

 private:
  std::map<std::uint64_t, std::vector<TokenId>> believed_;
  std::uint64_t next_ = 1;
};

/// Random sequences over a few shared beginnings, in a cache that is too small for all of them.
struct Crowd {
  Random random;
  ByteBlocks bytes;
  BlockCache cache;
  std::vector<std::unique_ptr<ByteSequence>> live;
  std::vector<std::vector<TokenId>> beginnings;
  int hits = 0;
  int begun = 0;
  int evicted = 0;
  int deduplicated = 0;
  int cleared = 0;

  Crowd(std::uint64_t seed, const BlockCacheOptions& options)
      : random(seed), bytes(options.blocks, 96), cache(options, bytes) {
    for (int i = 0; i < 5; ++i) {
      beginnings.push_back({});
      for (int n = 0; n < 5 * kBlockTokens; ++n) beginnings.back().push_back(random.below(50));
    }
  }

  void begin() {
    std::vector<TokenId> tokens = beginnings[static_cast<std::size_t>(random.below(5))];
    tokens.resize(static_cast<std::size_t>(random.between(1, static_cast<int>(tokens.size()))));
    for (int n = random.below(3 * kBlockTokens); n > 0; --n) tokens.push_back(random.below(50));
    auto sequence =
        std::make_unique<ByteSequence>(std::move(tokens), random.below(3) == 0 ? "tenant" : "");
    if (!sequence->fits(cache)) return;
    ++begun;
    const int cached = cache.cached();
    hits += sequence->begin(cache);
    evicted += cache.cached() < cached ? 1 : 0;
    live.push_back(std::move(sequence));
  }

  void compute() {
    if (live.empty()) return;
    ByteSequence& sequence =
        *live[static_cast<std::size_t>(random.below(static_cast<int>(live.size())))];
    const std::vector<BlockId> before = sequence.table.blocks;
    sequence.computeBlock(cache, bytes);
    deduplicated += sequence.table.blocks != before ? 1 : 0;
  }

  void end() {
    if (live.empty()) return;
    const auto which = static_cast<std::size_t>(random.below(static_cast<int>(live.size())));
    cache.release(live[which]->table);
    live.erase(live.begin() + static_cast<std::ptrdiff_t>(which));
  }

  void check() {
    std::vector<const BlockTable*> tables;
    for (const auto& sequence : live) {
      tables.push_back(&sequence->table);
      CHECK(sequence->whole(bytes));
    }
    cache.checkInvariants(tables);
  }

  void step() {
    const int what = random.below(100);
    if (what < 25) {
      begin();
    } else if (what < 80) {
      compute();
    } else if (what < 99) {
      end();
    } else if (random.below(4) == 0) {
      cache.clear();
      ++cleared;
    }
    check();
  }

  void finish() {
    while (!live.empty()) end();
    check();
    CHECK(cache.unowned() == cache.blocks());
  }
};

TEST("sequences share what is equal and nothing else, at random, and leave nothing behind") {
  Crowd crowd(test::testSeed(), {.blocks = 40});
  Follower follower;
  for (int step = 0; step < 6000; ++step) {
    crowd.step();
    if (step % 7 == 0) {
      follower.follow(crowd.cache);
      Follower fresh;
      for (const KvEvent& event : crowd.cache.events(0)) fresh.apply(event);
      CHECK_SAY(fresh.believed() == follower.believed(), "the snapshot is not what events say");
      CHECK(fresh.next() == crowd.cache.nextEvent() && follower.next() == fresh.next());
    }
  }
  crowd.finish();
  std::printf("      begun %d hits %d evicting %d deduplicated %d cleared %d\n", crowd.begun,
              crowd.hits, crowd.evicted, crowd.deduplicated, crowd.cleared);
  CHECK(crowd.hits > 100 && crowd.evicted > 100 && crowd.deduplicated > 10 && crowd.cleared > 0);
}

TEST("without reuse nothing is kept and nothing is said") {
  Crowd crowd(test::testSeed() + 1, {.blocks = 40, .reuse = false});
  for (int step = 0; step < 1000; ++step) crowd.step();
  CHECK(crowd.begun > 50 && crowd.hits == 0 && crowd.cache.nextEvent() == 1);
  crowd.finish();
  CHECK(crowd.cache.cached() == 0);
}

/// A sequence of `blocks` full blocks and one token, computed.
ByteSequence computed(BlockCache& cache, ByteBlocks& bytes, int blocks, TokenId token) {
  ByteSequence sequence(
      std::vector<TokenId>(static_cast<std::size_t>(blocks) * kBlockTokens + 1, token), "");
  sequence.begin(cache);
  while (sequence.computeBlock(cache, bytes)) continue;
  return sequence;
}

TEST("the deepest part of a prefix goes first, and what was used last goes last") {
  ByteBlocks bytes(8, 96);
  BlockCache cache({.blocks = 8}, bytes);
  ByteSequence first = computed(cache, bytes, 3, 1);   // 4 blocks, 3 of them full
  cache.release(first.table);
  ByteSequence second = computed(cache, bytes, 3, 2);
  cache.release(second.table);
  CHECK(cache.cached() == 6 && cache.unowned() == 8);
  // 3 blocks are needed; two are empty, so the deepest of the first goes.
  ByteSequence third = computed(cache, bytes, 2, 3);
  CHECK(cache.find(first.chain(), 3).blocks == 2);
  CHECK(cache.find(second.chain(), 3).blocks == 3);
  cache.release(third.table);
  // Using the first one's again makes the second one's the oldest.
  ByteSequence again(first.tokens, "");
  CHECK(again.begin(cache) == 2);
  cache.release(again.table);
  ByteSequence fourth = computed(cache, bytes, 3, 4);
  CHECK(cache.find(first.chain(), 3).blocks == 2);
  CHECK(cache.find(second.chain(), 3).blocks < 3);
  cache.release(fourth.table);
}

TEST("clear drops what nobody owns, keeps the rest, and tells in one event") {
  ByteBlocks bytes(16, 96);
  BlockCache cache({.blocks = 16}, bytes);
  ByteSequence kept = computed(cache, bytes, 2, 1);
  ByteSequence gone = computed(cache, bytes, 3, 2);
  cache.release(gone.table);
  const std::uint64_t before = cache.nextEvent();
  cache.clear();
  CHECK(cache.cached() == 0);
  CHECK(cache.find(gone.chain(), 3).blocks == 0);
  CHECK(cache.find(kept.chain(), 2).blocks == 2);
  const std::vector<KvEvent> events = cache.events(before);
  CHECK(events.size() == 3);
  CHECK(events[0].kind == KvEventKind::kCleared);
  CHECK(events[1].kind == KvEventKind::kStored && events[1].parent == 0);
  CHECK(events[2].parent == events[1].hash);
  cache.clear();
  CHECK(cache.nextEvent() == before + 3);
  cache.release(kept.table);
}

TEST("events that have left the log are replaced by a snapshot") {
  ByteBlocks bytes(64, 96);
  BlockCache cache({.blocks = 64, .eventsMax = 4}, bytes);
  ByteSequence first = computed(cache, bytes, 3, 1);
  CHECK(cache.events(1).size() == 3);
  CHECK(cache.events(4).empty());
  ByteSequence second = computed(cache, bytes, 2, 2);
  CHECK(cache.nextEvent() == 6);
  CHECK(cache.events(2).size() == 4);
  const std::vector<KvEvent> snapshot = cache.events(1);
  CHECK(snapshot.size() == 6 && snapshot[0].kind == KvEventKind::kCleared);
  for (const KvEvent& event : snapshot) CHECK(event.sequence == 5);
  // From an engine that lived before: further on than this one ever was.
  CHECK(cache.events(7).size() == 6);
  cache.release(first.table);
  cache.release(second.table);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
