// What host and device share: conversions, places in the cache, the plan of attention, and the
// emulation's own promises.
#include <set>

#include "core/codec.h"
#include "kernels_cuda/attention_plan.h"
#include "test/device_rig.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#endif

namespace signalbox {
namespace {

using test::Exact;
using test::Random;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

TEST("every fp8 code survives the way to fp16 and back, two at a time") {
  for (int code = 0; code < 256; ++code) {
    const auto pair = static_cast<std::uint16_t>(code | (255 - code) << 8);
    const std::uint32_t wide = device::widenFp8(pair);
    const float first = codec::fp16ToFloat(static_cast<Fp16>(wide));
    const float second = codec::fp16ToFloat(static_cast<Fp16>(wide >> 16));
    const float exact = fp8ToFloat(static_cast<Fp8>(code));
    if (exact != exact) {
      CHECK(first != first);
      continue;
    }
    CHECK(first == exact);
    if (second != second) continue;
    CHECK_SAY(device::packFp8(first, second) == pair, "codes " << pair);
  }
}

TEST("places of keys, values and scales fill a head's bytes, each once") {
  for (const int dim : {32, 64, 96, 128, 256}) {
    for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
      std::set<std::size_t> keys;
      std::set<std::size_t> values;
      for (int token = 0; token < kBlockTokens; ++token) {
        for (int d = 0; d < dim; ++d) {
          keys.insert(keyElement(token, d));
          values.insert(valueElement(token, d, dim));
        }
      }
      const std::size_t elements = at(dim * kBlockTokens);
      CHECK(keys.size() == elements && *keys.rbegin() == elements - 1);
      CHECK(values.size() == elements && *values.rbegin() == elements - 1);
      CHECK(kvBlockHeadBytes(dim, dtype) == test::oracle().kvHeadBytes(dim, dtype));
    }
  }
}

TEST("tiles hold every row once, inside a block of the cache and 16 rows of queries") {
  Random random(test::testSeed());
  for (int round = 0; round < 400; ++round) {
    const int group = random.between(1, 40);
    const int count = random.between(1, 90);
    const int position = random.below(3000);
    std::vector<DeviceTile> tiles;
    appendTiles(5, count, position, 11, group, tiles);
    int row = 5;
    for (const DeviceTile& tile : tiles) {
      CHECK(tile.row == row && tile.position == position + row - 5 && tile.table == 11);
      CHECK(tile.count >= 1 && (tile.count == 1 || tile.count * group <= kQueryRows));
      CHECK(tile.position / kBlockTokens == (tile.position + tile.count - 1) / kBlockTokens);
      row += tile.count;
    }
    CHECK(row == 5 + count);
    int heads = 0;
    for (int i = 0; i < headTiles(group); ++i) {
      CHECK(headsOfTile(group, i) >= 1 && headsOfTile(group, i) <= kQueryRows);
      heads += headsOfTile(group, i);
    }
    CHECK(heads == group);
  }
}

TEST("a plan has every segment that a row sees, once, and knows no neighbour") {
  Random random(test::testSeed() + 1);
  for (int round = 0; round < 400; ++round) {
    const int window = random.below(2) == 0 ? 0 : random.between(1, 900);
    std::vector<DeviceTile> tiles;
    for (int s = 0; s < random.between(1, 5); ++s) {
      appendTiles(s, random.between(1, 9), random.below(3000), s, random.between(1, 8), tiles);
    }
    const std::vector<AttentionItem> items = planAttention(tiles, window);
    std::size_t next = 0;
    for (int t = 0; t < static_cast<int>(tiles.size()); ++t) {
      const DeviceTile& tile = tiles[at(t)];
      std::set<int> seen;
      for (int i = 0; i < tile.count; ++i) {
        const int last = tile.position + i;
        for (int p = firstVisible(last, window); p <= last; ++p) seen.insert(p / kSegmentTokens);
      }
      const std::vector<AttentionItem> alone = planAttention({&tile, 1}, window);
      CHECK(alone.size() == seen.size());
      for (const int segment : seen) {
        const AttentionItem& item = items[next];
        CHECK(item.tile == t && item.segment == segment);
        CHECK(item.segments == static_cast<int>(seen.size()));
        CHECK(item.first + segment - *seen.begin() == static_cast<int>(next));
        ++next;
      }
    }
    CHECK(next == items.size());
  }
}

/// Each thread hands its number on; without `barrier` before its neighbour is there.
void handOn(int* to, bool barrier) {
  int* const slots = reinterpret_cast<int*>(device::sharedMemory());
  slots[device::threadIndex()] = device::threadIndex();
  if (barrier) device::syncBlock();
  to[device::threadIndex()] = slots[(device::threadIndex() + 37) % 64];
}

TEST("the emulation's fibers meet at barriers, and show when there is none") {
  if constexpr (emulation::kRealThreads) return;  // There the sanitizer shows it.
  int wrong = 0;
  for (const bool barrier : {true, false}) {
    Exact<int> to(64);
    emulation::launch({.grid = {}, .threads = 64, .sharedBytes = 64 * sizeof(int), .seed = 3},
                      handOn, to.get(), barrier);
    for (int i = 0; i < 64; ++i) {
      const bool right = to[at(i)] == (i + 37) % 64;
      CHECK(right || !barrier);
      wrong += right ? 0 : 1;
    }
  }
  CHECK_SAY(wrong > 10, wrong << " were seen too early");
}

void meetByHalves() {
  if (device::threadIndex() < 40) device::syncBlock();
  device::syncWarp();
}
void meetForTwoThings() {
  if (device::laneIndex() < 16) {
    device::syncWarp();
  } else {
    (void)device::shuffle(1, 0);
  }
}

template <class Kernel>
std::string refusalOf(Kernel kernel) {
  try {
    emulation::launch({.grid = {}, .threads = 64}, kernel);
  } catch (const emulation::KernelError& error) {
    return error.what();
  }
  return "none";
}

TEST("a barrier that some never reach, and a meeting for two things, are errors") {
  if constexpr (emulation::kRealThreads) return;  // Threads that wait for ever cannot be ended.
  CHECK_SAY(refusalOf(meetByHalves).find("deadlock") == 0, refusalOf(meetByHalves));
  CHECK_SAY(refusalOf(meetForTwoThings).find("at one meeting") == 0, refusalOf(meetForTwoThings));
}

#if defined(__SANITIZE_ADDRESS__)
/// Whether AddressSanitizer guards what lies behind a thread's own array after it waited.
void lookBehind(int* guarded) {
  int own[4] = {};
  const int* volatile shown = own;  // or the array would be registers
  device::syncBlock();
  device::syncWarp();
  guarded[device::threadIndex()] = __asan_address_is_poisoned(shown + 4);
}

TEST("what lies behind a thread's own variables stays guarded when it waits") {
  Exact<int> guarded(64);
  emulation::launch({.grid = {2, 1}, .threads = 64}, lookBehind, guarded.get());
  CHECK(guarded.copy() == std::vector<int>(64, 1));
}
#endif

void copyAndRead(const std::uint32_t* from, std::uint32_t* to, bool wait) {
  std::uint8_t* const shared = device::sharedMemory() + 16 * device::threadIndex();
  device::copyAsync16(shared, from + 4 * device::threadIndex());
  device::commitCopies();
  if (wait) device::waitCopies<0>();
  device::storeWords<4>(to + 4 * device::threadIndex(), device::loadWords<4>(shared));
}

TEST("an asynchronous copy is not there before it was waited for, and then it is") {
  const std::vector<std::uint32_t> values(128, 7);
  for (const bool wait : {false, true}) {
    Exact<std::uint32_t> from(values);
    Exact<std::uint32_t> to(128);
    emulation::launch({.grid = {}, .threads = 32, .sharedBytes = 512}, copyAndRead, from.get(),
                      to.get(), wait);
    CHECK((to.copy() == values) == wait);
  }
}

/// a is 16 x 16 and b 16 x 8, as small whole numbers, by the manual's fragments.
void multiplyOnce(const float* a, const float* b, float* c) {
  const int group = device::laneIndex() / 4;
  const int pair = device::laneIndex() % 4 * 2;
  std::uint32_t left[4];
  std::uint32_t right[2];
  for (int r = 0; r < 4; ++r) {
    const float* const row = a + (group + r % 2 * 8) * 16 + pair + r / 2 * 8;
    left[r] = device::packBf16(row[0], row[1]);
  }
  for (int r = 0; r < 2; ++r) {
    const float* const row = b + (pair + r * 8) * 8 + group;
    right[r] = device::packBf16(row[0], row[8]);
  }
  float sum[4] = {};
  device::multiplyBf16(sum, left, right);
  for (int e = 0; e < 4; ++e) c[(group + e / 2 * 8) * 8 + pair + e % 2] = sum[e];
}

TEST("a product of fragments is the product of the matrices") {
  Random random(test::testSeed() + 2);
  Exact<float> a(256);
  Exact<float> b(128);
  Exact<float> c(128);
  for (int i = 0; i < 256; ++i) a[at(i)] = static_cast<float>(random.between(-9, 9));
  for (int i = 0; i < 128; ++i) b[at(i)] = static_cast<float>(random.between(-9, 9));
  emulation::launch({}, multiplyOnce, a.get(), b.get(), c.get());
  for (int row = 0; row < 16; ++row) {
    for (int column = 0; column < 8; ++column) {
      float sum = 0;
      for (int k = 0; k < 16; ++k) sum += a[at(row * 16 + k)] * b[at(k * 8 + column)];
      CHECK(c[at(row * 8 + column)] == sum);
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
