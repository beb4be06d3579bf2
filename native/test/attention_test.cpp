// Paged attention on every instruction path: the same bits whatever the path, the chunking, the
// tile or the neighbours; the right numbers against float64 over what the cache holds.
#include <array>
#include <limits>

#include "test/attention_rig.h"

namespace signalbox {
namespace {

using test::AttentionRig;
using test::ExactBytes;
using test::exactRow;
using test::HeadShape;
using test::Random;
using test::Tokens;

constexpr std::array kGroups = {1, 2, 3, 4, 5, 7, 8, 16, 24, 32};
constexpr std::array kHeadDims = {20, 32, 64, 80, 96, 128, 256};

HeadShape randomShape(Random& random) {
  HeadShape shape;
  const int group = kGroups[static_cast<std::size_t>(random.below(kGroups.size()))];
  shape.kvHeads = random.between(1, group > 8 ? 2 : 3);
  shape.heads = shape.kvHeads * group;
  shape.headDim = kHeadDims[static_cast<std::size_t>(random.below(kHeadDims.size()))];
  shape.window = random.below(2) == 0 ? 0 : random.between(1, 100);
  shape.dtype = random.below(2) == 0 ? KvDtype::kBf16 : KvDtype::kFp8;
  shape.headNorms = random.below(2) == 0;
  return shape;
}

/// All groups and all head dims, each with both dtypes and with and without a window; then others.
std::vector<HeadShape> shapesToTry(Random& random, int more) {
  std::vector<HeadShape> shapes;
  for (std::size_t i = 0; i < 2 * kGroups.size(); ++i) {
    HeadShape shape = randomShape(random);
    const int group = kGroups[i / 2];
    shape.kvHeads = random.between(1, 2);
    shape.heads = shape.kvHeads * group;
    shape.headDim = kHeadDims[i % kHeadDims.size()];
    shape.dtype = i % 2 == 0 ? KvDtype::kBf16 : KvDtype::kFp8;
    shape.window = i % 3 == 0 ? random.between(1, 70) : 0;
    shapes.push_back(shape);
  }
  for (int i = 0; i < more; ++i) shapes.push_back(randomShape(random));
  return shapes;
}

/// Rows for a test of `shape`: from `low` to `high`, fewer where they cost much, at least across a
/// block.
int someRows(const HeadShape& shape, int low, int high, Random& random) {
  constexpr double kWork = 1e7;  // of outputs times rows squared
  const int cheap = std::max(36, static_cast<int>(std::sqrt(kWork / shape.outputs())));
  const int most = std::min(high, cheap);
  return random.between(std::min(low, most), most);
}

void checkSame(const std::vector<float>& got, const std::vector<float>& expected,
               const HeadShape& shape, const std::string& what) {
  const int at = test::firstDifference(got, expected);
  CHECK_SAY(at < 0, what << ": row " << at / shape.outputs() << " column " << at % shape.outputs()
                         << " is " << got[static_cast<std::size_t>(at)] << ", not "
                         << expected[static_cast<std::size_t>(at)] << ", of " << shape.text());
}

TEST("every portable path gives the same bits, for every group, head dim, window and cache") {
  Random random(test::testSeed());
  const std::vector<const Kernels*> paths = test::pathsHere(true);
  CHECK(paths.size() >= 1);
  int compared = 0;
  int beyondTile = 0;
  for (const HeadShape& shape : shapesToTry(random, 15)) {
    const int count = someRows(shape, 1, 200, random);
    const Tokens tokens = test::randomTokens(shape, count, random);
    const std::vector<int> chunks = test::randomChunks(count, 90, random);
    const std::uint64_t order = random.next();
    std::vector<float> first;
    for (const Kernels* path : paths) {
      Random same(order);
      AttentionRig rig(*path, shape, count, same);
      const std::vector<float> got = test::runChunks(rig, tokens, chunks);
      if (first.empty()) {
        first = got;
        continue;
      }
      checkSame(got, first, shape, std::string(path->name) + " against " + paths[0]->name);
      ++compared;
    }
    beyondTile += shape.group() > 16 ? 1 : 0;
  }
  std::printf("      %d comparisons of %zu paths, %d shapes beyond 16 rows a position\n", compared,
              paths.size(), beyondTile);
  CHECK(beyondTile >= 4);
}

TEST("decoded one by one, as one prompt and in any chunks, rows have the same bits") {
  Random random(test::testSeed() + 1);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const HeadShape& shape : shapesToTry(random, 4)) {
      const int count = someRows(shape, 33, 200, random);
      const Tokens tokens = test::randomTokens(shape, count, random, 2);
      AttentionRig whole(*path, shape, count, random, 0x00);
      const std::vector<float> expected = test::runChunks(whole, tokens, {count});
      AttentionRig single(*path, shape, count, random, 0xff);
      const std::vector<int> ones(static_cast<std::size_t>(count), 1);
      checkSame(test::runChunks(single, tokens, ones), expected, shape,
                std::string(path->name) + " one by one");
      AttentionRig cut(*path, shape, count, random, 0x7f);
      checkSame(test::runChunks(cut, tokens, test::randomChunks(count, 50, random)), expected,
                shape, std::string(path->name) + " in chunks");
    }
  }
}

TEST("a row alone is the row in a tile of any height") {
  Random random(test::testSeed() + 2);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const HeadShape& shape : shapesToTry(random, 4)) {
      const int count = someRows(shape, 1, 100, random);
      const Tokens tokens = test::randomTokens(shape, count, random);
      AttentionRig rig(*path, shape, count, random);
      rig.append(tokens, 0, count);
      const std::vector<float> expected = rig.attend(0);
      for (const int tile : {1, random.between(2, 31)}) {
        checkSame(rig.attend(0, tile), expected, shape,
                  std::string(path->name) + " in tiles of " + std::to_string(tile));
      }
    }
  }
}

TEST("attention is float64's within the rounding of weights and result to bf16") {
  Random random(test::testSeed() + 3);
  double worst = 0;
  for (const Kernels* path : test::pathsHere(false)) {
    if (std::string(path->name) == "neon") continue;
    for (const HeadShape& shape : shapesToTry(random, 0)) {
      const int count = someRows(shape, 1, 75, random);
      const Tokens tokens = test::randomTokens(shape, count, random, 1.5f);
      AttentionRig rig(*path, shape, count, random);
      rig.append(tokens, 0, count);
      const std::vector<float> got = rig.attend(0);
      const auto* const queries = rig.queries().as<const Bf16>();
      std::vector<double> exact;
      std::vector<double> spread;
      for (int row = 0; row < count; row += random.between(1, 5)) {
        const int head = random.below(shape.heads);
        exactRow(rig, shape, queries + (row * shape.heads + head) * shape.padded(), row, head,
                 exact, spread);
        for (int d = 0; d < shape.headDim; ++d) {
          const auto i = static_cast<std::size_t>(d);
          const double value = static_cast<double>(
              got[static_cast<std::size_t>(row * shape.outputs() + head * shape.headDim + d)]);
          // Half a unit in the last of 8 bits each, and a little for fp32.
          const double bound = 0x1p-8 * (spread[i] + std::abs(exact[i])) * 1.02 + 1e-6;
          const double error = std::abs(value - exact[i]);
          worst = std::max(worst, error / bound);
          CHECK_SAY(error <= bound, path->name << " row " << row << " head " << head << " d " << d
                                               << ": " << value << " against " << exact[i] << ", "
                                               << shape.text());
        }
      }
    }
  }
  std::printf("      largest error %.2f of the bound\n", worst);
}

TEST("the reference is float64 over floats, and every path is near it") {
  Random random(test::testSeed() + 4);
  const Kernels& reference = *kernelsNamed("reference");
  for (const HeadShape& shape : shapesToTry(random, 0)) {
    const int count = someRows(shape, 1, 70, random);
    const Tokens tokens = test::randomTokens(shape, count, random);
    HeadShape wide = shape;
    wide.dtype = KvDtype::kF32;
    AttentionRig exact(reference, wide, count, random);
    const std::vector<float> expected =
        test::runChunks(exact, tokens, test::randomChunks(count, 40, random));
    for (const Kernels* path : test::pathsHere(false)) {
      AttentionRig rig(*path, shape, count, random);
      const std::vector<float> got = test::runChunks(rig, tokens, {count});
      double square = 0;
      double error = 0;
      for (std::size_t i = 0; i < got.size(); ++i) {
        square += static_cast<double>(expected[i]) * static_cast<double>(expected[i]);
        error += std::pow(static_cast<double>(got[i]) - static_cast<double>(expected[i]), 2);
      }
      // bf16 keeps 8 bits, fp8 4 of keys and of values.
      const double allowed = shape.dtype == KvDtype::kFp8 ? 0.06 : 0.01;
      CHECK_SAY(std::sqrt(error / square) <= allowed,
                path->name << " is off by " << std::sqrt(error / square) << ": " << shape.text());
    }
  }
}

TEST("each of the 256 fp8 codes is read as its value") {
  // One token: its weight is 1, so the output is the value. Scales are 1.
  HeadShape shape;
  shape.headDim = 256;
  shape.dtype = KvDtype::kFp8;
  Random random(test::testSeed() + 5);
  for (const Kernels* path : test::pathsHere(false)) {
    AttentionRig rig(*path, shape, 1, random);
    const Tokens tokens = test::randomTokens(shape, 1, random);
    rig.append(tokens, 0, 1);
    std::uint8_t* const values = rig.head(0, 0) + 256 * kBlockTokens;
    for (int d = 0; d < 256; ++d) values[2 * d] = static_cast<std::uint8_t>(d);
    Fp16* const scales = reinterpret_cast<Fp16*>(values + 256 * kBlockTokens);
    scales[kBlockTokens] = 0x3c00;
    const std::vector<float> got = rig.attend(0);
    int finite = 0;
    for (int d = 0; d < 256; ++d) {
      const float expected = fp8ToFloat(static_cast<Fp8>(d));
      const float value = got[static_cast<std::size_t>(d)];
      if (expected != expected) {
        CHECK_SAY(value != value, path->name << " code " << d << " is " << value);
        continue;
      }
      ++finite;
      CHECK_SAY(value == expected, path->name << " code " << d << " is " << value << ", not "
                                              << expected);
    }
    CHECK(finite == 254);
  }
}

TEST("each of the 254 finite fp8 codes scores as its value") {
  // Two tokens, values 0 and 1: the output is 1 / (1 + exp(-score of the second)).
  HeadShape shape;
  shape.heads = 256;
  shape.headDim = 256;
  shape.dtype = KvDtype::kFp8;
  Random random(test::testSeed() + 6);
  for (const Kernels* path : test::pathsHere(false)) {
    AttentionRig rig(*path, shape, 2, random);
    rig.append(test::randomTokens(shape, 2, random), 0, 2);
    std::uint8_t* const keys = rig.head(0, 0);
    std::uint8_t* const values = keys + 256 * kBlockTokens;
    Fp16* const scales = reinterpret_cast<Fp16*>(values + 256 * kBlockTokens);
    for (int d = 0; d < 256; ++d) {
      keys[d / 2 * kBlockTokens * 2 + d % 2] = 0;
      keys[(d / 2 * kBlockTokens + 1) * 2 + d % 2] =
          d % 128 == 127 ? std::uint8_t{0} : static_cast<std::uint8_t>(d);
      values[2 * d] = 0;
      values[2 * d + 1] = 0x38;  // 1
    }
    for (int i : {0, 1, kBlockTokens, kBlockTokens + 1}) scales[i] = 0x3c00;
    // Head h asks for dimension h: 2^-3 or 2^6 of it, where sigmoids tell codes apart.
    auto* const queries = rig.queries().as<Bf16>();
    std::fill_n(queries, 2 * 256 * 256, Bf16{0});
    for (int h = 0; h < 256; ++h) {
      const float factor = std::abs(fp8ToFloat(static_cast<Fp8>(h))) > 8 ? 0.125f : 64.0f;
      queries[(256 + h) * 256 + h] = floatToBf16(factor);
    }
    const std::vector<float> got = rig.attend(0);
    for (int h = 0; h < 256; ++h) {
      if (h % 128 == 127) continue;
      const double code = static_cast<double>(fp8ToFloat(static_cast<Fp8>(h)));
      const double score = code * (std::abs(code) > 8 ? 0.125 : 64.0) / 16;
      const double expected = 1 / (1 + std::exp(-score));
      const double value = static_cast<double>(got[static_cast<std::size_t>((256 + h) * 256)]);
      CHECK_SAY(std::abs(value - expected) <= 0x1p-7 * expected,
                path->name << " code " << h << " gives " << value << ", not " << expected);
    }
  }
}

TEST("what another owner left in a block, NaN included, changes no bit") {
  Random random(test::testSeed() + 7);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
      HeadShape shape;
      shape.heads = 6;
      shape.kvHeads = 2;
      shape.dtype = dtype;
      const Tokens tokens = test::randomTokens(shape, 70, random);
      std::vector<float> clean;
      for (const std::uint8_t fill : {0x00, 0xff, 0x7f, 0x80}) {
        AttentionRig rig(*path, shape, 70, random, fill);
        const std::vector<float> got = test::runChunks(rig, tokens, {1, 20, 30, 3, 16});
        if (fill == 0) {
          clean = got;
        } else {
          checkSame(got, clean, shape, std::string(path->name) + " over " + std::to_string(fill));
        }
      }
    }
  }
}

TEST("what a sequence itself left at later positions changes no bit") {
  // Preempted or rolled back in the middle of a block, and appended again from there.
  Random random(test::testSeed() + 8);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const HeadShape& shape : shapesToTry(random, 0)) {
      const Tokens tokens = test::randomTokens(shape, 60, random);
      const Tokens others = test::randomTokens(shape, 60, random, 100);
      AttentionRig clean(*path, shape, 60, random);
      const std::vector<float> expected = test::runChunks(clean, tokens, {37, 1, 1, 1, 1, 19});
      AttentionRig stale(*path, shape, 60, random);
      stale.append(others, 0, 60);
      checkSame(test::runChunks(stale, tokens, {37, 1, 1, 1, 1, 19}), expected, shape,
                std::string(path->name) + " after stale bytes");
    }
  }
}

TEST("a token that is no number reaches the rows that see it, and no others") {
  Random random(test::testSeed() + 9);
  int reached = 0;
  int spared = 0;
  for (const Kernels* path : test::pathsHere(false)) {
    for (const float bad : {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity()}) {
      for (const bool inKey : {false, true}) {
        for (const int window : {0, 20}) {
          HeadShape shape;
          shape.heads = 4;
          shape.kvHeads = 2;
          shape.headDim = inKey ? 80 : 64;
          shape.window = window;
          shape.dtype = random.below(2) == 0 ? KvDtype::kBf16 : KvDtype::kFp8;
          const Tokens good = test::randomTokens(shape, 90, random);
          Tokens tokens = good;
          // Position 40, head 1 of keys or values; the query heads are left alone.
          const int column = (shape.heads + (inKey ? 0 : shape.kvHeads) + 1) * shape.headDim + 7;
          tokens.qkv[static_cast<std::size_t>(40 * shape.width() + column)] = bad;
          AttentionRig clean(*path, shape, 90, random);
          const std::vector<float> expected = test::runChunks(clean, good, {90});
          AttentionRig rig(*path, shape, 90, random);
          const std::vector<float> got = test::runChunks(rig, tokens, {90});
          AttentionRig single(*path, shape, 90, random);
          checkSame(test::runChunks(single, tokens, std::vector<int>(90, 1)), got, shape,
                    std::string(path->name) + " one by one");
          for (std::size_t i = 0; i < got.size(); ++i) {
            const int row = static_cast<int>(i) / shape.outputs();
            const int head = static_cast<int>(i) % shape.outputs() / shape.headDim;
            const bool sees = row >= 40 && head >= 2 && (window == 0 || row < 40 + window);
            if (sees) {
              CHECK_SAY(std::bit_cast<std::uint32_t>(got[i]) == 0x7fc00000u,
                        path->name << " row " << row << " head " << head << " hides " << bad);
              ++reached;
            } else {
              CHECK_SAY(got[i] == expected[i],
                        path->name << " row " << row << " head " << head << " is " << got[i]);
              ++spared;
            }
          }
        }
      }
    }
  }
  CHECK(reached > 1000 && spared > 1000);
}

TEST("zeros have one sign whatever vanished on the way") {
  // Values so small that products and rescaled outputs underflow to zeros of either sign.
  Random random(test::testSeed() + 10);
  const std::vector<const Kernels*> paths = test::pathsHere(true);
  int zeros = 0;
  for (int round = 0; round < 12; ++round) {
    HeadShape shape;
    shape.heads = 4;
    shape.headDim = 32;
    shape.window = round % 3 == 0 ? 17 : 0;
    const Tokens plain = test::randomTokens(shape, 80, random, 4);
    Tokens tokens = plain;
    for (int row = 0; row < 80; ++row) {
      for (int d = 0; d < 32; ++d) {
        float& value = tokens.qkv[static_cast<std::size_t>(row * shape.width() + 5 * 32 + d)];
        value = std::copysign(0x1p-126f * static_cast<float>(1 + random.uniform() * 8), value);
      }
    }
    std::vector<float> first;
    for (const Kernels* path : paths) {
      AttentionRig rig(*path, shape, 80, random);
      const std::vector<float> whole = test::runChunks(rig, tokens, {80});
      AttentionRig single(*path, shape, 80, random);
      checkSame(test::runChunks(single, tokens, std::vector<int>(80, 1)), whole, shape,
                std::string(path->name) + " one by one");
      if (first.empty()) {
        first = whole;
        for (const float value : whole) {
          if (value != 0) continue;
          ++zeros;
          CHECK(!std::signbit(value));
        }
      }
      checkSame(whole, first, shape, path->name);
    }
  }
  std::printf("      %d zeros\n", zeros);
  CHECK(zeros > 100);
}

TEST("scores of any size give finite weights that sum to one") {
  Random random(test::testSeed() + 11);
  const std::vector<const Kernels*> paths = test::pathsHere(true);
  for (const float scale : {1e-20f, 30.0f, 3e3f, 1e8f}) {
    HeadShape shape;
    shape.heads = 3;
    shape.kvHeads = 1;
    const Tokens drawn = test::randomTokens(shape, 100, random, scale);
    Tokens tokens = drawn;
    for (int row = 0; row < 100; ++row) {
      for (int d = 0; d < shape.headDim; ++d) {
        tokens.qkv[static_cast<std::size_t>(row * shape.width() + 4 * shape.headDim + d)] = 1;
      }
    }
    std::vector<float> first;
    for (const Kernels* path : paths) {
      AttentionRig rig(*path, shape, 100, random);
      const std::vector<float> got = test::runChunks(rig, tokens, {100});
      for (const float value : got) {
        CHECK_SAY(std::abs(value - 1) <= 0x1p-7, path->name << ": " << value << " at " << scale);
      }
      if (first.empty()) first = got;
      checkSame(got, first, shape, path->name);
    }
  }
}

TEST("attention writes the rows and heads it was asked for, and no others") {
  Random random(test::testSeed() + 12);
  for (const Kernels* path : test::pathsHere(false)) {
    HeadShape shape;
    shape.heads = 6;
    shape.kvHeads = 3;
    shape.headDim = 20;
    const int rows = 40;
    const int columns = padTo(shape.outputs(), kTileK);
    const Tokens tokens = test::randomTokens(shape, rows, random);
    AttentionRig rig(*path, shape, rows, random);
    rig.append(tokens, 0, rows);
    const ExactBytes out(path->activationBytes(rows, columns), 0xee);
    const ExactBytes scratch(AttentionRig::scratchBytes(*path, shape));
    AttentionParams params{};
    params.queries = rig.queries().get();
    params.heads = shape.heads;
    params.kvHeads = shape.kvHeads;
    params.headDim = shape.headDim;
    params.headDimPadded = shape.padded();
    params.scale = 0.2f;
    params.cache = rig.cache();
    params.layer = AttentionRig::kLayer;
    params.activations = out.get();
    params.rows = rows;
    const ExactBytes table(rig.table());
    const AttentionTile tile{35, 3, 35, table.as<const BlockId>()};
    path->attention(params, tile, 1, scratch.get());
    const auto* const got = out.as<const Bf16>();
    for (int row = 0; row < rows; ++row) {
      for (int k = 0; k < columns; ++k) {
        const bool asked = row >= 35 && row < 38 && k >= 40 && k < 80;
        const bool written = got[activationOffset(row, k, columns, rows)] != 0xeeee;
        CHECK_SAY(asked == written, path->name << " row " << row << " column " << k);
      }
    }
  }
}

TEST("tiles are as tall as their working memory and stay useful for every group") {
  for (const char* const* name = kernelNamesBuilt(); *name != nullptr; ++name) {
    const Kernels* const path = kernelsNamed(*name);
    if (path == nullptr) continue;
    for (int group = 1; group <= 80; ++group) {
      const int positions = path->attentionPositions(group);
      CHECK_SAY(positions >= 1 && positions <= kBlockTokens, path->name << " " << group);
      CHECK_SAY(positions == 1 || positions * group <= 32, path->name << " " << group);
    }
  }
}

TEST("a position with more query heads than a walk has rows is walked in parts") {
  Random random(test::testSeed() + 13);
  HeadShape shape;
  shape.heads = 71;
  shape.headDim = 64;
  const Tokens tokens = test::randomTokens(shape, 40, random);
  std::vector<float> first;
  for (const Kernels* path : test::pathsHere(true)) {
    AttentionRig rig(*path, shape, 40, random);
    const std::vector<float> got = test::runChunks(rig, tokens, {40});
    if (first.empty()) first = got;
    checkSame(got, first, shape, path->name);
    HeadShape one = shape;
    one.heads = 1;
    // The last head alone.
    Tokens alone{one, 40, {}, tokens.cosines, tokens.sines, tokens.queryNorm, tokens.keyNorm};
    for (int row = 0; row < 40; ++row) {
      const auto from = tokens.qkv.begin() + row * shape.width() + 70 * 64;
      alone.qkv.insert(alone.qkv.end(), from, from + 3 * 64);
    }
    AttentionRig single(*path, one, 40, random);
    const std::vector<float> last = test::runChunks(single, alone, {40});
    for (int i = 0; i < 40 * 64; ++i) {
      CHECK(last[static_cast<std::size_t>(i)] ==
            got[static_cast<std::size_t>(i / 64 * 71 * 64 + 70 * 64 + i % 64)]);
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
