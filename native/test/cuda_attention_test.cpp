// Paged attention on the emulated device: near the CPU's and float64, and the same bits however
// rows are cut, ordered and accompanied.
#include <limits>

#include "kernels_cuda/attention.cuh"
#include "test/device_rig.h"

namespace signalbox {
namespace {

using test::AttentionRig;
using test::Exact;
using test::HeadShape;
using test::oracle;
using test::Random;
using test::Tokens;

template <int kDim>
void launchOf(KvDtype dtype, emulation::Launch how, const PagedAttentionParams& params) {
  if (dtype == KvDtype::kFp8) {
    how.sharedBytes = AttentionShape<kDim, KvDtype::kFp8>::kSharedBytes;
    emulation::launch(how, pagedAttention<kDim, KvDtype::kFp8>, params);
  } else {
    how.sharedBytes = AttentionShape<kDim, KvDtype::kBf16>::kSharedBytes;
    emulation::launch(how, pagedAttention<kDim, KvDtype::kBf16>, params);
  }
}

void launchAttention(int padded, KvDtype dtype, const emulation::Launch& how,
                     const PagedAttentionParams& params) {
  switch (padded) {
    case 32: return launchOf<32>(dtype, how, params);
    case 64: return launchOf<64>(dtype, how, params);
    case 96: return launchOf<96>(dtype, how, params);
    case 128: return launchOf<128>(dtype, how, params);
    case 256: return launchOf<256>(dtype, how, params);
    default: test::failCase(__FILE__, __LINE__, "no kernel for this head dim");
  }
}

/// Outputs of the rows appended last, at positions from `first`: [rows][outputs]. `tileMax`
/// positions a tile, 0: as many as fit. `fillers` items do nothing.
std::vector<Bf16> attendOnDevice(AttentionRig& rig, const HeadShape& shape, int first, int rows,
                                 std::uint64_t seed, int tileMax = 0, int fillers = 0) {
  std::vector<DeviceTile> tiles;
  for (int row = 0; row < rows;) {
    const int count = tileMax == 0 ? rows - row : std::min(tileMax, rows - row);
    appendTiles(row, count, first + row, 0, shape.group(), tiles);
    row += count;
  }
  std::vector<AttentionItem> items = planAttention(tiles, shape.window);
  for (int i = 0; i < fillers; ++i) items.push_back({-1, 0, 0, 0});
  const int gridY = shape.kvHeads * headTiles(shape.group());
  const auto parts = items.size() * static_cast<std::size_t>(gridY);
  Exact<std::uint8_t> queries(rig.queries().copy());
  Exact<BlockId> table(rig.table());
  Exact<DeviceTile> onDevice(tiles);
  Exact<AttentionItem> work(items);
  Exact<float> partials(parts * kQueryRows * static_cast<std::size_t>(shape.padded() + 2));
  Exact<int> tickets(std::vector<int>(tiles.size() * static_cast<std::size_t>(gridY), 0));
  Exact<Bf16> attended(static_cast<std::size_t>(rows * shape.outputs()));
  const PagedAttentionParams params{reinterpret_cast<const Bf16*>(queries.get()),
                                    shape.heads,
                                    shape.kvHeads,
                                    shape.headDim,
                                    1.0f / std::sqrt(static_cast<float>(shape.headDim)),
                                    shape.window,
                                    rig.cache(),
                                    AttentionRig::kLayer,
                                    table.get(),
                                    onDevice.get(),
                                    work.get(),
                                    partials.get(),
                                    tickets.get(),
                                    attended.get()};
  launchAttention(shape.padded(), shape.dtype,
                  {.grid = {static_cast<int>(items.size()), gridY},
                   .threads = kAttentionThreads,
                   .seed = seed},
                  params);
  for (const int ticket : tickets.copy()) CHECK(ticket == 0);
  return attended.copy();
}


/// Every group, and every head dim; in two rounds with both caches. Windows shorter and longer than
/// a segment.
std::vector<HeadShape> shapesToTry(Random& random, std::size_t rounds) {
  constexpr std::array kGroups = {1, 2, 4, 5, 7, 8, 16, 24};
  constexpr std::array kHeadDims = {20, 32, 64, 80, 128, 256, 96, 128};
  std::vector<HeadShape> shapes;
  for (std::size_t i = 0; i < (emulation::kRealThreads ? 3 : rounds * kGroups.size()); ++i) {
    HeadShape shape;
    shape.kvHeads = random.between(1, 2);
    shape.heads = shape.kvHeads * kGroups[i % kGroups.size()];
    shape.headDim = kHeadDims[(i + i / kGroups.size()) % kHeadDims.size()];
    shape.dtype = i % 2 == i / kGroups.size() % 2 ? KvDtype::kFp8 : KvDtype::kBf16;
    shape.window = i % 3 == 1 ? random.between(1, 300) : 0;
    shapes.push_back(shape);
  }
  return shapes;
}

/// Of `total` positions the last `rows` are attended, and compared with float64 and the CPU.
double compareAttention(AttentionRig& rig, const HeadShape& shape, int total, int rows,
                        Random& random) {
  const int first = total - rows;
  const std::vector<float> cpu = rig.attend(first);
  const std::vector<Bf16> got = attendOnDevice(rig, shape, first, rows, random.next());
  const auto* const queries = rig.queries().as<const Bf16>();
  // Weights are bf16 or fp16, of 8 or 11 bits; the result is bf16; the CPU's weights are bf16.
  const double ofWeight = shape.dtype == KvDtype::kFp8 ? 0x1p-11 : 0x1p-8;
  double worst = 0;
  std::vector<double> exact;
  std::vector<double> spread;
  for (int row = 0; row < rows; ++row) {
    for (int head = 0; head < shape.heads; head += random.between(1, 3)) {
      test::exactRow(rig, shape, queries + (row * shape.heads + head) * shape.padded(),
                     first + row, head, exact, spread);
      for (int d = 0; d < shape.headDim; ++d) {
        const auto i = static_cast<std::size_t>(d);
        const auto at = static_cast<std::size_t>(row * shape.outputs() + head * shape.headDim + d);
        const double value = static_cast<double>(bf16ToFloat(got[at]));
        const double bound = (ofWeight * spread[i] + 0x1p-8 * std::abs(exact[i])) * 1.02 + 1e-6;
        const double error = std::abs(value - exact[i]);
        worst = std::max(worst, error / bound);
        CHECK_SAY(error <= bound, "row " << row << " of " << rows << " after " << first
                                         << " positions, head " << head << " d " << d << ": "
                                         << value << " against " << exact[i] << ", "
                                         << shape.text());
        const double apart = std::abs(value - static_cast<double>(cpu[at]));
        CHECK_SAY(apart <= bound + 0x1p-8 * (spread[i] + std::abs(exact[i])) * 1.02 + 1e-6,
                  "the CPU has " << cpu[at] << ", not " << value << ", " << shape.text());
      }
    }
  }
  return worst;
}

TEST("attention is float64's and the CPU's within the rounding of weights and result") {
  Random random(test::testSeed());
  double worst = 0;
  for (const HeadShape& shape : shapesToTry(random, 2)) {
    const bool wide = shape.group() * shape.headDim > 600;
    for (const int total : {random.between(1, 40), random.between(257, wide ? 290 : 520)}) {
      if (emulation::kRealThreads && total > 40) continue;
      const int rows = std::min(total, random.between(1, wide ? 2 : 5));
      const Tokens tokens = test::randomTokens(shape, total, random, 1.5f);
      AttentionRig rig(oracle(), shape, total, random);
      if (total > rows) rig.append(tokens, 0, total - rows);
      rig.append(tokens, total - rows, rows);
      worst = std::max(worst, compareAttention(rig, shape, total, rows, random));
    }
  }
  std::printf("      largest error %.2f of the bound\n", worst);
}

TEST("a row has the same bits decoded alone, in tiles of any size, among fillers, in any order") {
  Random random(test::testSeed() + 1);
  for (const HeadShape& shape : shapesToTry(random, 1)) {
    if (shape.headDim > 128 || shape.group() > 16) continue;
    const int total = emulation::kRealThreads ? 20 : random.between(260, 290);
    const int rows = emulation::kRealThreads ? 3 : 6;
    const Tokens tokens = test::randomTokens(shape, total, random);
    AttentionRig rig(oracle(), shape, total, random);
    rig.append(tokens, 0, total - rows);
    rig.append(tokens, total - rows, rows);
    const std::vector<Bf16> expected = attendOnDevice(rig, shape, total - rows, rows, 1, 1);
    CHECK_SAY(attendOnDevice(rig, shape, total - rows, rows, 2) == expected,
              "in whole tiles, " << shape.text());
    CHECK_SAY(attendOnDevice(rig, shape, total - rows, rows, 3, 2, 3) == expected,
              "in tiles of 2 among fillers, " << shape.text());
    // Alone: decoded when nothing else was there, before later positions were appended.
    AttentionRig alone(oracle(), shape, total, random);
    alone.append(tokens, 0, total - rows);
    alone.append(tokens, total - rows, 1);
    const std::vector<Bf16> first = attendOnDevice(alone, shape, total - rows, 1, 4);
    CHECK_SAY(std::equal(first.begin(), first.end(), expected.begin()),
              "decoded before the next tokens came, " << shape.text());
  }
}

TEST("values of very different scales, and queries of any size, do not overflow fp16") {
  Random random(test::testSeed() + 2);
  for (const float ofQuery : {1e-30f, 1.0f, 1e5f, 1e30f}) {
    HeadShape shape;
    shape.heads = 4;
    shape.kvHeads = 1;
    shape.headDim = 64;
    shape.dtype = KvDtype::kFp8;
    const int total = emulation::kRealThreads ? 5 : 70;
    Tokens tokens = test::randomTokens(shape, total, random);
    const auto width = static_cast<std::size_t>(shape.width());
    for (int row = 0; row < total; ++row) {
      float* const at = tokens.qkv.data() + static_cast<std::size_t>(row) * width;
      // Keys undo what the queries' size does to scores.
      for (int d = 0; d < 4 * 64; ++d) at[d] *= ofQuery;
      const float ofKey = ofQuery > 1e6f || ofQuery < 1e-6f ? 1.0f : 1.0f / ofQuery;
      for (int d = 4 * 64; d < 5 * 64; ++d) at[d] *= ofKey;
      const float ofValue = std::ldexp(1.0f, random.between(-12, 20));
      for (int d = 5 * 64; d < 6 * 64; ++d) at[d] *= ofValue;
    }
    AttentionRig rig(oracle(), shape, total, random);
    rig.append(tokens, 0, total - 1);
    rig.append(tokens, total - 1, 1);
    for (const Bf16 bits : attendOnDevice(rig, shape, total - 1, 1, 5)) {
      CHECK_SAY(std::isfinite(bf16ToFloat(bits)), "queries of " << ofQuery);
    }
    if (ofQuery < 1e6f) compareAttention(rig, shape, total, 1, random);
  }
}

TEST("a key that is not finite reaches every row that sees it, and no other") {
  Random random(test::testSeed() + 3);
  for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
    HeadShape shape;
    shape.heads = 2;
    shape.kvHeads = 1;
    shape.dtype = dtype;
    shape.window = 3;
    Tokens tokens = test::randomTokens(shape, 12, random);
    // The key of position 5.
    tokens.qkv[5 * static_cast<std::size_t>(shape.width()) + 2 * 64 + 7] =
        std::numeric_limits<float>::infinity();
    AttentionRig rig(oracle(), shape, 12, random);
    rig.append(tokens, 0, 12);
    const std::vector<Bf16> got = attendOnDevice(rig, shape, 0, 12, 6);
    for (int row = 0; row < 12; ++row) {
      for (int d = 0; d < shape.outputs(); ++d) {
        const float value = bf16ToFloat(got[static_cast<std::size_t>(row * shape.outputs() + d)]);
        CHECK_SAY(std::isnan(value) == (row >= 5 && row <= 7), "row " << row << " is " << value);
      }
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
