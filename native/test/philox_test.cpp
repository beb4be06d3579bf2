// The random numbers behind every draw.
#include <set>

#include "check.h"
#include "sample/philox.h"

namespace signalbox {
namespace {

using Words = std::array<std::uint32_t, 4>;

TEST("Philox4x32-10 gives the known answers of Random123") {
  // Random123 1.14.0, tests/kat_vectors: philox4x32 10.
  CHECK((philox4x32({0, 0, 0, 0}, {0, 0}) ==
         Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  CHECK((philox4x32({ones, ones, ones, ones}, {ones, ones}) ==
         Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  CHECK((philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
         Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST("a draw's number is keyed by seed and position, both with all 64 bits") {
  CHECK(drawAt(0, 0) == (0x6627e8d5u | std::uint64_t{0xe169c58du} << 32));
  const auto words = philox4x32({7, 9, 0, 0}, {3, 5});
  CHECK(drawAt(std::uint64_t{5} << 32 | 3, std::uint64_t{9} << 32 | 7) ==
        (words[0] | std::uint64_t{words[1]} << 32));
  std::set<std::uint64_t> seen;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    for (std::uint64_t position = 0; position < 64; ++position) seen.insert(drawAt(seed, position));
  }
  CHECK(seen.size() == 64 * 64);
}

TEST("the upper half of a product is that of 128-bit arithmetic") {
  __extension__ using Wide = unsigned __int128;
  test::Random random(test::testSeed());
  for (int i = 0; i < 20000; ++i) {
    const std::uint64_t a = random.next() >> random.below(64);
    const std::uint64_t b = random.next() >> random.below(64);
    CHECK_SAY(multiplyHigh(a, b) == static_cast<std::uint64_t>(Wide{a} * b >> 64), a << " " << b);
  }
  CHECK(multiplyHigh(~0ull, ~0ull) == ~0ull - 1);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
