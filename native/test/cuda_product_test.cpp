// Matrix products of few rows on the emulated device: the CPU's bits where every order of a sum
// gives the same, float64 within the rounding of the longest chain elsewhere.
#include <set>

#include "kernels_cuda/rows.cuh"
#include "test/product_rig.h"

namespace signalbox {
namespace {

using test::at;
using test::checkSameBits;
using test::DeviceMatrix;
using test::Exact;
using test::GemmCase;
using test::GemmInputs;
using test::launchWeightProduct;
using test::multiplyOnDevice;
using test::oracle;
using test::Random;
using test::wholeInputs;

TEST("a tile holds every weight once, where a lane's 8 bytes of each half are its words of A") {
  for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
    std::set<int> places;
    for (int output = 0; output < kPanel; ++output) {
      for (int k = 0; k < kTileK; ++k) places.insert(tileElement(output, k, dtype));
    }
    CHECK(places.size() == at(kTileElements) && *places.rbegin() == kTileElements - 1);
    // The manual's A: register r of lane l has output l / 4 + 8 (r % 2) and two inputs from
    // 2 (l % 4) + 8 (r / 2) on.
    for (int lane = 0; lane < 32; ++lane) {
      for (int step = 0; step < 2; ++step) {
        for (int r = 0; r < 4; ++r) {
          for (int i = 0; i < 2; ++i) {
            const int k = 16 * step + 2 * (lane % 4) + r / 2 * 8 + i;
            const int place = dtype == WeightDtype::kFp8
                                  ? r % 2 * 256 + lane * 8 + step * 4 + r / 2 * 2 + i
                                  : step * 256 + r % 2 * 128 + lane * 4 + r / 2 * 2 + i;
            CHECK(tileElement(lane / 4 + r % 2 * 8, k, dtype) == place);
          }
        }
      }
    }
  }
}

TEST("eight rows of activations lie in 512 bytes, and a fragment's loads meet every bank once") {
  std::set<int> places;
  for (int row = 0; row < 8; ++row) {
    for (int piece = 0; piece < 4; ++piece) places.insert(activationOffset16(row, piece));
  }
  CHECK(places.size() == 32 && *places.rbegin() == 512 - 16);
  for (int piece = 0; piece < 4; ++piece) {
    std::set<int> banks;
    for (int lane = 0; lane < 32; ++lane) {
      banks.insert((activationOffset16(lane / 4, piece) + lane % 4 * 4) / 4 % 32);
    }
    CHECK(banks.size() == 32);
  }
}

TEST("slices hold a segment's tiles once, in order; blocks cover rows and panels and fit an SM") {
  for (int tiles = 1; tiles < 600; ++tiles) {
    CHECK(sliceBegin(0, tiles) == 0 && sliceBegin(kProductSlices, tiles) == tiles);
    for (int s = 0; s < kProductSlices; ++s) {
      const int size = sliceBegin(s + 1, tiles) - sliceBegin(s, tiles);
      CHECK(size >= 0 && size <= tiles / kProductSlices + 2);
      CHECK(sliceBegin(s, tiles) % 2 == 0 || sliceBegin(s, tiles) == tiles);
    }
  }
  for (int rows = 1; rows < 300; ++rows) {
    for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
      const ProductLaunch launch = productLaunch(rows, rows % 7 + 1, dtype);
      CHECK(launch.gridX == (rows % 7 + 2) / 2);
      CHECK(launch.gridY * launch.rowTiles * 8 >= rows);
      CHECK((launch.gridY - 1) * launch.rowTiles * 8 < rows);
      const ProductShared shared = productShared(launch.rowTiles, dtype);
      CHECK(shared.stages >= 3 && shared.ringBytes % 16 == 0);
      CHECK(launch.sharedBytes == shared.ringBytes + shared.sumBytes);
      CHECK((launch.sharedBytes + 1024) * (rows <= 16 ? 2 : 1) <= 228 * 1024);
    }
  }
}

TEST("products of whole numbers have the CPU's bits: every form, dtype and number of rows") {
  Random random(test::testSeed());
  const std::vector<int> rows = emulation::kRealThreads
                                    ? std::vector<int>{3}
                                    : std::vector<int>{1, 8, 9, 16, 21, 32, 33, 64, 70};
  for (const int count : rows) {
    for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
      for (const Epilogue epilogue : {Epilogue::kStore, Epilogue::kSiluMul}) {
        // Real threads show what a barrier is for: sums of one segment after another.
        if (emulation::kRealThreads && epilogue == Epilogue::kSiluMul) continue;
        const int segments = emulation::kRealThreads ? 4 : 1 << random.below(3);
        const GemmCase c{.rows = count,
                         .panels = epilogue == Epilogue::kSiluMul ? 4 : random.between(1, 4),
                         .k = segments * kTileK * random.between(1, 20 / segments),
                         .segments = segments,
                         .dtype = dtype,
                         .epilogue = epilogue,
                         .biased = random.below(2) == 0};
        const GemmInputs in = wholeInputs(c, random);
        checkSameBits(multiplyOnDevice(c, in, random), test::multiply(oracle(), c, in, 2), c);
      }
    }
  }
}

TEST("sums are float64's within the rounding of the longest chain, whatever the magnitudes") {
  if (emulation::kRealThreads) return;
  Random random(test::testSeed() + 1);
  for (int round = 0; round < 12; ++round) {
    const int segments = 1 << round % 3;
    const GemmCase c{.rows = random.between(1, 40),
                     .panels = random.between(1, 3),
                     .k = segments * kTileK * random.between(1, 40 / segments),
                     .segments = segments,
                     .dtype = round % 2 == 0 ? WeightDtype::kBf16 : WeightDtype::kFp8,
                     .biased = round % 4 < 2,
                     .magnitudes =
                         round % 5 == 0 ? test::Magnitudes::kWide : test::Magnitudes::kUsual};
    const GemmInputs in = test::makeInputs(random, c);
    const std::vector<float> got = multiplyOnDevice(c, in, random);
    const test::PackedWeights packed(oracle(), c, in.weights);
    std::vector<float> weights(at(c.k));
    const int tiles = c.k / kTileK / segments;
    // Additions that one product can go through: its slice, the slices, the tree, the bias. The
    // tensor core may cut off where the emulation rounds: a whole unit each, not half.
    const int longest = kTileK * (tiles / kProductSlices + 2) + kProductSlices + 3;
    for (int n = 0; n < c.panels * kPanel; ++n) {
      oracle().unpackOutput(packed.bytes.get() + at(n / kPanel) * packed.panelBytes, n, c.k,
                            c.dtype, packed.scales.as<float>() + n / kPanel * kPanel,
                            weights.data());
      for (int row = 0; row < c.rows; ++row) {
        double sum = c.biased ? static_cast<double>(in.bias[at(n)]) : 0;
        double magnitude = std::fabs(sum);
        for (int k = 0; k < c.k; ++k) {
          const double product =
              static_cast<double>(weights[at(k)]) *
              static_cast<double>(bf16ToFloat(in.activations[at(row * c.k + k)]));
          sum += product;
          magnitude += std::fabs(product);
        }
        const double value = static_cast<double>(got[at(row * c.panels * kPanel + n)]);
        CHECK_SAY(std::fabs(value - sum) <= longest * 0x1p-23 * magnitude,
                  "row " << row << " output " << n << " of " << c << ": " << value << " against "
                         << sum);
      }
    }
  }
}

TEST("a row has the same bits in any batch, at any place of it, on every tile") {
  if (emulation::kRealThreads) return;
  Random random(test::testSeed() + 2);
  for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
    const GemmCase all{.rows = 70, .panels = 2, .k = 640, .segments = 4, .dtype = dtype,
                       .biased = true};
    GemmInputs in = test::makeInputs(random, all);
    // What is not finite stays in its row.
    in.activations[at(5 * all.k + 3)] = 0x7fc0;
    in.activations[at(6 * all.k + 3)] = 0x7f80;
    const std::vector<float> together = multiplyOnDevice(all, in, random);
    for (const auto& [first, rows, rowTiles] :
         {std::array{0, 1, 1}, {7, 1, 8}, {69, 1, 2}, {3, 9, 2}, {40, 30, 4}, {0, 70, 1}}) {
      GemmCase some = all;
      some.rows = rows;
      GemmInputs part = in;
      part.activations.assign(in.activations.begin() + first * all.k,
                              in.activations.begin() + (first + rows) * all.k);
      const std::vector<float> alone = multiplyOnDevice(some, part, random, rowTiles);
      const int outputs = all.panels * kPanel;
      for (int i = 0; i < rows * outputs; ++i) {
        CHECK_SAY(test::sameBits(alone[at(i)], together[at(first * outputs + i)]),
                  "row " << first + i / outputs << " among " << rows << " on " << rowTiles);
      }
    }
    for (int i = 0; i < 70 * all.panels * kPanel; ++i) {
      const int row = i / (all.panels * kPanel);
      CHECK((row == 5 || row == 6) == !std::isfinite(together[at(i)]));
    }
  }
}

TEST("1, 2 and 4 ranks give the same bits, and one rank's tree is the ranks'") {
  if (emulation::kRealThreads) return;
  Random random(test::testSeed() + 3);
  for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
    const int hidden = 40;  // No whole number of panels.
    const int rows = 11;
    const int k = 4 * kTileK * random.between(1, 5);
    std::vector<Bf16> weights;
    for (int i = 0; i < hidden * k; ++i) weights.push_back(floatToBf16(random.normal()));
    std::vector<Bf16> activations;
    for (int i = 0; i < rows * k; ++i) activations.push_back(floatToBf16(random.normal()));
    DeviceMatrix whole(weights, hidden, k, dtype);
    std::vector<float> expected;
    for (const int ranks : {1, 2, 4}) {
      const int own = k / ranks;
      std::vector<Exact<float>> shares;
      for (int rank = 0; rank < ranks; ++rank) {
        // A rank's tiles of each panel are a run of bytes; its scales are the whole row's.
        const std::size_t from = oracle().panelBytes(k, dtype);
        const std::size_t to = oracle().panelBytes(own, dtype);
        Exact<std::uint8_t> part(at(whole.panels) * to);
        for (int p = 0; p < whole.panels; ++p) {
          std::memcpy(part.get() + at(p) * to, whole.weights.get() + at(p) * from + at(rank) * to,
                      to);
        }
        std::vector<Bf16> columns;
        for (int row = 0; row < rows; ++row) {
          const auto begin = activations.begin() + row * k + rank * own;
          columns.insert(columns.end(), begin, begin + own);
        }
        Exact<Bf16> inputs(columns);
        shares.emplace_back(at(rows * hidden));
        launchWeightProduct({.weights = part.get(),
                  .scales = dtype == WeightDtype::kFp8 ? whole.scales.get() : nullptr,
                  .bias = nullptr,
                  .panels = whole.panels,
                  .k = own,
                  .segments = 4 / ranks,
                  .activations = inputs.get(),
                  .stride = own,
                  .rows = rows,
                  .out = shares.back().get(),
                  .outStride = hidden,
                  .outputs = hidden,
                  .gated = nullptr},
                 dtype, random.next());
      }
      Exact<float> x(std::vector<float>(at(rows * hidden), 0.25f));
      Exact<float> norm(std::vector<float>(at(hidden), 1.0f));
      Exact<Bf16> normed(at(rows * hidden));
      ResidualNormParams params{x.get(),   {},           ranks, nullptr, norm.get(),
                                normed.get(), hidden, 1e-5f};
      for (int rank = 0; rank < ranks; ++rank) params.partials[rank] = shares[at(rank)].get();
      emulation::launch({.grid = {rows, 1},
                         .threads = kRowThreads,
                         .sharedBytes = sizeof(ResidualNormShared)},
                        residualNorm, params);
      if (ranks == 1) expected = x.copy();
      const int difference = test::firstDifference(x.copy(), expected);
      CHECK_SAY(difference < 0, "element " << difference << " of " << ranks << " ranks, k " << k);
    }
  }
}

TEST("inputs beyond a row's end are zeros, and nothing is read or written beyond") {
  if (emulation::kRealThreads) return;
  Random random(test::testSeed() + 4);
  for (const int columns : {8, 24, 40, 72, 200}) {
    const int outputs = random.between(1, 40);
    const int rows = random.between(2, 12);
    std::vector<Bf16> weights;
    for (int i = 0; i < outputs * columns; ++i) {
      weights.push_back(floatToBf16(static_cast<float>(random.between(-7, 7))));
    }
    std::vector<Bf16> inputs;
    for (int i = 0; i < rows * columns; ++i) {
      inputs.push_back(floatToBf16(static_cast<float>(random.between(-9, 9))));
    }
    // Were it read for the row before, that would not be a number either.
    const int broken = rows - 1;
    inputs[at(broken * columns)] = 0x7fc0;
    DeviceMatrix matrix(weights, outputs, columns, WeightDtype::kBf16);
    Exact<Bf16> activations(inputs);
    const int stride = outputs + 3;
    Exact<float> out(at(rows * stride));
    launchWeightProduct({.weights = matrix.weights.get(),
              .scales = nullptr,
              .bias = nullptr,
              .panels = matrix.panels,
              .k = matrix.k,
              .segments = 1,
              .activations = activations.get(),
              .stride = columns,
              .rows = rows,
              .out = out.get(),
              .outStride = stride,
              .outputs = outputs,
              .gated = nullptr},
             WeightDtype::kBf16, random.next());
    for (int row = 0; row < rows; ++row) {
      for (int n = 0; n < stride; ++n) {
        float sum = 0;
        for (int k = 0; k < columns && n < outputs; ++k) {
          sum += bf16ToFloat(weights[at(n * columns + k)]) *
                 bf16ToFloat(inputs[at(row * columns + k)]);
        }
        const float value = out[at(row * stride + n)];
        CHECK_SAY(n < outputs && row != broken ? value == sum : std::isnan(value),
                  "row " << row << " output " << n << " of " << outputs << ", k " << columns);
      }
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
