// Cold blocks in a file: what comes back is what went there, or nothing.
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>

#include "byte_blocks.h"
#include "check.h"
#include "temporary_folder.h"

namespace signalbox {
namespace {

using test::ByteBlocks;
using test::ByteSequence;
using test::Random;
using Folder = test::TemporaryFolder;

/// The descriptors this process has on spill files in `folder`; they have no name.
std::vector<int> descriptorsIn(const std::string& folder) {
  std::vector<int> found;
  for (int file = 0; file < 200; ++file) {
    char target[256] = {};
    const std::string link = "/proc/self/fd/" + std::to_string(file);
    if (::readlink(link.c_str(), target, sizeof target - 1) > 0 &&
        std::string(target).rfind(folder + "/signalbox-spill-", 0) == 0) {
      found.push_back(file);
    }
  }
  return found;
}

void fill(SpillFile& file, std::size_t bytes, int with) {
  std::memset(file.payload(), with, bytes);
}

TEST("a slot gives back what was written, under the key it was written under") {
  Folder folder;
  SpillFile file(folder.path(), 100000, 5000);
  CHECK(file.slots() == 12);  // of 8192 bytes each, in whole pages
  CHECK_SAY(folder.files() == 0, "nothing is left behind, whatever happens");
  for (int slot = 0; slot < 12; ++slot) {
    fill(file, 5000, slot + 1);
    CHECK(file.write(slot, 100u + static_cast<unsigned>(slot)));
  }
  for (int slot = 11; slot >= 0; --slot) {
    CHECK(file.read(slot, 100u + static_cast<unsigned>(slot)));
    for (int i = 0; i < 5000; ++i) CHECK(file.payload()[i] == slot + 1);
    CHECK(!file.read(slot, 7));
  }
  fill(file, 5000, 77);
  CHECK(file.write(3, 999));
  CHECK(!file.read(3, 103));
  CHECK(file.read(3, 999) && file.payload()[4999] == 77);
}

TEST("every damaged byte is noticed, and so is a file that was cut") {
  Folder folder;
  SpillFile file(folder.path(), 20000, 300);
  Random random(test::testSeed());
  for (int i = 0; i < 300; ++i) file.payload()[i] = static_cast<std::uint8_t>(random.next());
  CHECK(file.write(2, 5));
  const int descriptor = descriptorsIn(folder.path()).at(0);
  for (off_t at = 0; at < 364; ++at) {
    if (at >= 32 && at < 64) continue;  // between header and payload
    std::uint8_t byte = 0;
    CHECK(::pread(descriptor, &byte, 1, 2 * 4096 + at) == 1);
    const std::uint8_t damaged = byte ^ static_cast<std::uint8_t>(1 << random.below(8));
    CHECK(::pwrite(descriptor, &damaged, 1, 2 * 4096 + at) == 1);
    CHECK_SAY(!file.read(2, 5), "byte " << at);
    CHECK(::pwrite(descriptor, &byte, 1, 2 * 4096 + at) == 1);
  }
  CHECK(file.read(2, 5));
  CHECK(!file.read(1, 0));  // a hole
  CHECK(!file.read(4, 5));  // beyond the end
  CHECK(::ftruncate(descriptor, 2 * 4096 + 300) == 0);
  CHECK(!file.read(2, 5));
}

TEST("swapped words and a moved slot change the checksum") {
  std::vector<std::uint8_t> bytes(200);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::uint8_t>(i);
  const std::uint64_t sum = checksumOf(bytes.data(), bytes.size(), 1);
  CHECK(checksumOf(bytes.data(), bytes.size(), 2) != sum);
  CHECK(checksumOf(bytes.data(), bytes.size() - 1, 1) != sum);
  for (std::size_t i = 0; i + 16 <= bytes.size(); i += 8) {
    std::vector<std::uint8_t> swapped = bytes;
    std::swap_ranges(swapped.begin() + static_cast<std::ptrdiff_t>(i),
                     swapped.begin() + static_cast<std::ptrdiff_t>(i) + 8,
                     swapped.begin() + static_cast<std::ptrdiff_t>(i) + 8);
    CHECK(checksumOf(swapped.data(), swapped.size(), 1) != sum);
  }
}

TEST("a folder that is not there and a size that holds nothing are refused at once") {
  Folder folder;
  CHECK_THROWS(SpillFile(folder.path() + "/none", 100000, 5000), ErrorCode::kIo, "/none");
  CHECK_THROWS(SpillFile(folder.path(), 8191, 5000), ErrorCode::kInvalidRequest, "8191");
  CHECK(descriptorsIn(folder.path()).empty());
}

TEST("two engines in one folder keep out of each other's way") {
  Folder folder;
  {
    SpillFile one(folder.path(), 100000, 5000);
    SpillFile two(folder.path(), 100000, 5000);
    CHECK(descriptorsIn(folder.path()).size() == 2);
    fill(one, 5000, 1);
    CHECK(one.write(0, 5));
    fill(two, 5000, 2);
    CHECK(two.write(0, 5));
    CHECK(one.read(0, 5) && one.payload()[0] == 1);
    CHECK(two.read(0, 5) && two.payload()[0] == 2);
  }
  CHECK(descriptorsIn(folder.path()).empty());
  CHECK(folder.files() == 0);
}

constexpr std::size_t kBytes = 4000;

/// A sequence of `blocks` full blocks of `token` and one more token, computed and released.
/// `others` are the tables that live meanwhile.
ByteSequence pass(BlockCache& cache, ByteBlocks& bytes, int blocks, TokenId token,
                  std::span<const BlockTable* const> others = {}) {
  ByteSequence sequence(
      std::vector<TokenId>(static_cast<std::size_t>(blocks) * kBlockTokens + 1, token), "");
  sequence.begin(cache);
  CHECK(sequence.whole(bytes));
  while (sequence.computeBlock(cache, bytes)) continue;
  CHECK(sequence.whole(bytes));
  cache.release(sequence.table);
  cache.checkInvariants(others);
  return sequence;
}

/// Begins the same again; returns how many blocks came from the cache, and checks each.
int again(BlockCache& cache, ByteBlocks& bytes, const ByteSequence& before) {
  ByteSequence sequence(before.tokens, before.salt);
  const int had = sequence.begin(cache);
  CHECK(sequence.whole(bytes));
  const BlockTable* tables[] = {&sequence.table};
  cache.checkInvariants(tables);
  cache.release(sequence.table);
  return had;
}

struct Spilling {
  Folder folder;
  ByteBlocks bytes{6, kBytes};
  BlockCache cache;
  explicit Spilling(int slots)
      : cache({.blocks = 6, .spillFolder = folder.path(),
               .spillBytes = static_cast<std::uint64_t>(slots) * 4096},
              bytes) {}
  int descriptor() { return descriptorsIn(folder.path()).at(0); }
};

TEST("evicted blocks come back from the file") {
  Spilling s(20);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  const std::uint64_t events = s.cache.nextEvent();
  const ByteSequence second = pass(s.cache, s.bytes, 5, 2);
  CHECK(s.cache.counters().spilled == 5);
  for (const KvEvent& event : s.cache.events(events)) CHECK(event.kind == KvEventKind::kStored);
  CHECK(s.cache.find(first.chain(), 5).blocks == 5);
  CHECK(again(s.cache, s.bytes, first) == 5);
  CHECK(s.cache.counters().restored == 5 && s.cache.counters().spillFailures == 0);
  CHECK(again(s.cache, s.bytes, second) == 5);
  CHECK(again(s.cache, s.bytes, first) == 5);
}

TEST("a full file drops the coldest of a prefix, deepest first") {
  Spilling s(4);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  const std::uint64_t events = s.cache.nextEvent();
  pass(s.cache, s.bytes, 5, 2);
  CHECK(s.cache.counters().spilled == 5);
  CHECK(s.cache.find(first.chain(), 5).blocks == 4);
  int removed = 0;
  for (const KvEvent& event : s.cache.events(events)) {
    if (event.kind == KvEventKind::kRemoved) {
      ++removed;
      CHECK(event.hash == first.hashes[4] && event.parent == first.hashes[3]);
    }
  }
  CHECK(removed == 1);
  CHECK(again(s.cache, s.bytes, first) == 4);
}

TEST("one slot is enough to be right") {
  Spilling s(1);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  pass(s.cache, s.bytes, 5, 2);
  CHECK(s.cache.find(first.chain(), 5).blocks == 1);
  CHECK(again(s.cache, s.bytes, first) == 1);
}

TEST("a damaged block is a miss, and so is what stands on it") {
  Spilling s(20);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  pass(s.cache, s.bytes, 5, 2);
  // The deepest was written first, so the third from the front is in slot 2.
  const std::uint8_t damage = 0x5a;
  CHECK(::pwrite(s.descriptor(), &damage, 1, 2 * 4096 + 2000) == 1);
  CHECK(again(s.cache, s.bytes, first) == 2);
  CHECK(s.cache.counters().spillFailures == 1);
  CHECK(s.cache.find(first.chain(), 5).blocks == 2);
  pass(s.cache, s.bytes, 5, 1);
  CHECK(again(s.cache, s.bytes, first) == 5);
}

TEST("a file that somebody emptied is one of misses") {
  Spilling s(20);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  pass(s.cache, s.bytes, 5, 2);
  CHECK(::ftruncate(s.descriptor(), 0) == 0);
  CHECK(again(s.cache, s.bytes, first) == 0);
  CHECK(s.cache.counters().spillFailures == 1);
  CHECK(s.cache.find(first.chain(), 5).blocks == 0);
}

TEST("a disk that is full stops spilling, is counted, and harms nothing") {
  // A limit on the size of files is the full disk that needs no administrator.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  CHECK(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  Spilling s(20);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  rlimit small = before;
  small.rlim_cur = 2 * 4096 + 100;
  CHECK(::setrlimit(RLIMIT_FSIZE, &small) == 0);
  const ByteSequence second = pass(s.cache, s.bytes, 5, 2);
  pass(s.cache, s.bytes, 5, 3);
  CHECK(::setrlimit(RLIMIT_FSIZE, &before) == 0);
  CHECK(s.cache.counters().spilled == 2);
  CHECK_SAY(s.cache.counters().spillFailures == 1, "it tries once");
  // Two blocks were written, but what they stand on was not: they can never be reached.
  CHECK(s.cache.find(first.chain(), 5).blocks == 0);
  CHECK(s.cache.find(second.chain(), 5).blocks == 0);
  pass(s.cache, s.bytes, 5, 4);
  CHECK(s.cache.counters().spilled == 2);
}

TEST("a sequence that computes what was spilled meanwhile keeps its own block") {
  Spilling s(20);
  ByteSequence slow(std::vector<TokenId>(2 * kBlockTokens + 1, 1), "");
  slow.begin(s.cache);  // 3 blocks, nothing computed yet
  ByteSequence quick(slow.tokens, "");
  quick.begin(s.cache);
  while (quick.computeBlock(s.cache, s.bytes)) continue;
  s.cache.release(quick.table);
  const BlockTable* tables[] = {&slow.table};
  pass(s.cache, s.bytes, 2, 2, tables);
  CHECK(s.cache.counters().spilled == 2);
  while (slow.computeBlock(s.cache, s.bytes)) continue;
  CHECK(slow.whole(s.bytes));
  s.cache.checkInvariants(tables);
  CHECK(s.cache.find(slow.chain(), 2).owned == 2);
  s.cache.release(slow.table);
  CHECK(s.cache.counters().restored == 0);
}

TEST("clearing empties the file too") {
  Spilling s(20);
  const ByteSequence first = pass(s.cache, s.bytes, 5, 1);
  pass(s.cache, s.bytes, 5, 2);
  s.cache.clear();
  s.cache.checkInvariants({});
  CHECK(s.cache.find(first.chain(), 5).blocks == 0);
  CHECK(again(s.cache, s.bytes, first) == 0);
}

TEST("spilling at random with damage never gives a wrong block") {
  Random random(test::testSeed() + 1);
  Spilling s(7);
  std::uint64_t damaged = 0;
  int had = 0;
  for (int i = 0; i < 3000; ++i) {
    ByteSequence sequence(
        std::vector<TokenId>(static_cast<std::size_t>(random.between(1, 5)) * kBlockTokens + 1,
                             random.below(4)),
        random.below(2) == 0 ? "tenant" : "");
    had += sequence.begin(s.cache);
    CHECK(sequence.whole(s.bytes));
    while (sequence.computeBlock(s.cache, s.bytes)) continue;
    const BlockTable* tables[] = {&sequence.table};
    s.cache.checkInvariants(tables);
    s.cache.release(sequence.table);
    if (random.below(20) == 0) {
      const off_t at = random.below(7) * 4096 + random.below(4000);
      std::uint8_t byte = 0;
      if (::pread(s.descriptor(), &byte, 1, at) != 1) continue;
      byte ^= 1;
      CHECK(::pwrite(s.descriptor(), &byte, 1, at) == 1);
      ++damaged;
    }
    if (random.below(200) == 0) s.cache.clear();
  }
  const BlockCacheCounters& counters = s.cache.counters();
  std::printf("      spilled %llu restored %llu failures %llu damaged %llu hits %d\n",
              static_cast<unsigned long long>(counters.spilled),
              static_cast<unsigned long long>(counters.restored),
              static_cast<unsigned long long>(counters.spillFailures),
              static_cast<unsigned long long>(damaged), had);
  CHECK(counters.spilled > 100 && counters.restored > 100 && counters.spillFailures > 5);
  CHECK(had > 500);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
