// Embeddings, the residual's norm and the gated activation on the emulated device, against the
// CPU's operations.
#include "kernels_cuda/rows.cuh"
#include "test/device_rig.h"

namespace signalbox {
namespace {

using test::Exact;
using test::normals;
using test::oracle;
using test::Random;

std::size_t at(int index) { return static_cast<std::size_t>(index); }

TEST("an embedding is the bits of its row of the table, as the CPU unpacks them") {
  Random random(test::testSeed());
  for (const int hidden : {8, 24, 64, 576, 2048, 2056, 4096}) {
    const int vocab = 16;
    const int rows = test::rounds(9);
    std::vector<Bf16> table;
    for (int i = 0; i < vocab * hidden; ++i) table.push_back(floatToBf16(random.normal()));
    std::vector<TokenId> tokens;
    for (int i = 0; i < rows; ++i) tokens.push_back(random.below(vocab));
    Exact<Bf16> onDevice(table);
    Exact<TokenId> drawn(tokens);
    Exact<float> x(at(rows * hidden));
    emulation::launch({.grid = {rows, 1}, .threads = kRowThreads}, embedRows,
                      EmbedParams{onDevice.get(), drawn.get(), x.get(), hidden});
    const int padded = padTo(hidden, kTileK);
    std::vector<std::uint8_t> panel(oracle().panelBytes(padded, WeightDtype::kBf16));
    oracle().packPanel(table.data(), at(hidden), vocab, hidden, WeightDtype::kBf16, panel.data(),
                       nullptr);
    for (int row = 0; row < rows; ++row) {
      std::vector<float> expected(at(padded));
      oracle().unpackOutput(panel.data(), tokens[at(row)], hidden, WeightDtype::kBf16, nullptr,
                            expected.data());
      for (int i = 0; i < hidden; ++i) {
        CHECK_SAY(std::bit_cast<std::uint32_t>(x[at(row * hidden + i)]) ==
                      std::bit_cast<std::uint32_t>(expected[at(i)]),
                  "row " << row << " column " << i << " of " << hidden);
      }
    }
  }
}

/// Differences of one unit in the last place are the order of a sum.
void checkNear(const std::vector<Bf16>& got, const std::vector<Bf16>& expected, int hidden) {
  for (std::size_t i = 0; i < got.size(); ++i) {
    CHECK_SAY(std::abs(static_cast<int>(got[i]) - static_cast<int>(expected[i])) <= 1,
              "norm at " << i << " of hidden " << hidden << ": " << bf16ToFloat(got[i])
                         << " against " << bf16ToFloat(expected[i]));
  }
}

void compareNorm(int hidden, int ranks, bool biased, int rows, Random& random) {
  const std::size_t count = at(rows * hidden);
  const std::vector<float> before = normals(count, random, 3);
  const std::vector<float> bias = normals(at(hidden), random);
  std::vector<float> weight = normals(at(hidden), random);
  std::vector<std::vector<float>> shares;
  for (int r = 0; r < ranks; ++r) shares.push_back(normals(count, random));

  Exact<float> x(before);
  Exact<float> onDeviceBias(bias);
  Exact<float> onDeviceWeight(weight);
  Exact<Bf16> normed(count);
  ResidualNormParams params{x.get(), {}, ranks, biased ? onDeviceBias.get() : nullptr,
                            onDeviceWeight.get(), normed.get(), hidden, 1e-5f};
  std::vector<Exact<float>> parts;
  for (const auto& share : shares) parts.emplace_back(share);
  for (int r = 0; r < ranks; ++r) params.partials[r] = parts[at(r)].get();
  emulation::launch({.grid = {rows, 1},
                     .threads = kRowThreads,
                     .sharedBytes = sizeof(ResidualNormShared),
                     .seed = random.next()},
                    residualNorm, params);

  std::vector<float> expected = before;
  const int padded = padTo(hidden, kTileK);
  weight.resize(at(padded), 0.0f);
  oracle().enter();
  std::vector<Bf16> norms;
  for (int row = 0; row < rows; ++row) {
    float* const own = expected.data() + row * hidden;
    const float* partials[4] = {};
    for (int r = 0; r < ranks; ++r) partials[r] = shares[at(r)].data() + row * hidden;
    if (ranks > 0) {
      oracle().addPartials(own, partials, ranks, biased ? bias.data() : nullptr, hidden);
    }
    std::vector<std::uint8_t> out(oracle().activationBytes(1, padded));
    oracle().rmsNorm({own, at(hidden), weight.data(), hidden, 1e-5f, out.data(), 1}, 0, 0);
    for (int k = 0; k < hidden; ++k) {
      norms.push_back(reinterpret_cast<const Bf16*>(out.data())[activationOffset(0, k, padded, 1)]);
    }
  }
  oracle().leave();
  const int difference = test::firstDifference(x.copy(), expected);
  CHECK_SAY(difference < 0, "residual at " << difference << " of hidden " << hidden << ", "
                                           << ranks << " ranks");
  checkNear(normed.copy(), norms, hidden);
}

TEST("shares of 1, 2 and 4 ranks are added with the CPU's bits, and the norm is the CPU's") {
  Random random(test::testSeed() + 1);
  for (const int hidden : {16, 48, 64, 576, 1024, 1040, 2048, 4096}) {
    for (const int ranks : {0, 1, 2, 4}) {
      compareNorm(hidden, ranks, ranks > 0 && random.below(2) == 0, test::rounds(3), random);
      if (emulation::kRealThreads && hidden > 64) break;
    }
  }
}

TEST("gate and up become the CPU's bits") {
  Random random(test::testSeed() + 2);
  for (const int columns : {16, 32, 160, 512, 544, 1408}) {
    // Products of one-hot rows with the weights themselves: sums that any order gives.
    const int panels = columns / 8;
    const int rows = test::rounds(5);
    std::vector<Bf16> weights;
    for (int i = 0; i < panels * kPanel * kTileK; ++i) {
      weights.push_back(floatToBf16(random.normal() * (random.below(9) == 0 ? 40.0f : 3.0f)));
    }
    const std::size_t bytes = oracle().panelBytes(kTileK, WeightDtype::kBf16);
    std::vector<std::uint8_t> packed(bytes * at(panels));
    for (int p = 0; p < panels; ++p) {
      oracle().packPanel(weights.data() + p * kPanel * kTileK, kTileK, kPanel, kTileK,
                         WeightDtype::kBf16, packed.data() + at(p) * bytes, nullptr);
    }
    std::vector<std::uint8_t> inputs(oracle().activationBytes(rows, kTileK));
    for (int row = 0; row < rows; ++row) {
      reinterpret_cast<Bf16*>(inputs.data())[activationOffset(row, row, kTileK, rows)] = 0x3f80;
    }
    const int padded = padTo(columns, kTileK);
    std::vector<float> sums(at(rows * 2 * columns));
    std::vector<std::uint8_t> gated(oracle().activationBytes(rows, padded));
    std::vector<std::uint8_t> scratch(oracle().gemmScratchBytes(rows, kTileK));
    GemmParams params{packed.data(), WeightDtype::kBf16, nullptr, nullptr, panels, kTileK, 1,
                      inputs.data(), rows, Epilogue::kStore, sums.data(), at(2 * columns),
                      nullptr};
    oracle().enter();
    oracle().gemm(params, 0, panels, scratch.data(), nullptr, 0);
    params.epilogue = Epilogue::kSiluMul;
    params.activationsOut = gated.data();
    if (columns == padded) oracle().gemm(params, 0, panels, scratch.data(), nullptr, 0);
    oracle().leave();
    Exact<float> gateUp(sums);
    Exact<Bf16> out(at(rows * columns));
    emulation::launch({.grid = {rows, 1}, .threads = kRowThreads}, gatedActivation,
                      GatedParams{gateUp.get(), out.get(), columns});
    for (int row = 0; row < rows; ++row) {
      for (int i = 0; i < columns; ++i) {
        const float* const gate = sums.data() + row * 2 * columns + i / 16 * 32 + i % 16;
        Bf16 expected = floatToBf16(gate[0] / (1.0f + portableExp(0.0f - gate[0])) * gate[16]);
        if (columns == padded) {
          expected =
              reinterpret_cast<const Bf16*>(gated.data())[activationOffset(row, i, columns, rows)];
        }
        CHECK_SAY(out[at(row * columns + i)] == expected,
                  "row " << row << " column " << i << " of " << columns);
      }
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
