// The matrix products of every path of this machine: the same bits as the written order, whatever
// the shape, the slices and the neighbours; and near the true product.
#include <bit>

#include "kernels_cpu/kernels.h"
#include "test/check.h"
#include "test/gemm_cases.h"
#include "test/gemm_oracle.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

std::vector<const Kernels*> portablePaths() {
  std::vector<const Kernels*> paths = pathsHere(Numerics::kPortable);
  if (paths.empty()) throw Skipped("a processor with portable paths (x86-64)");
  return paths;
}

/// Paths that follow the written order; neon's only where no result comes near the smallest float.
std::vector<const Kernels*> orderedPaths(Magnitudes magnitudes) {
  std::vector<const Kernels*> paths = pathsHere(Numerics::kPortable);
  const Kernels* const neon = kernelsNamed("neon");
  const bool tiny = magnitudes == Magnitudes::kTiny || magnitudes == Magnitudes::kSubnormal;
  if (neon != nullptr && !tiny) paths.push_back(neon);
  return paths;
}

GemmCase randomCase(Random& random) {
  GemmCase c;
  c.segments = 1 << random.below(3);
  c.k = kTileK * c.segments * random.between(1, random.below(4) == 0 ? 24 : 6);
  c.rows = random.between(1, 70);
  c.panels = random.between(1, 9);
  c.dtype = random.below(3) == 0 ? WeightDtype::kFp8 : WeightDtype::kBf16;
  c.epilogue = static_cast<Epilogue>(random.below(3));
  if (c.epilogue == Epilogue::kSiluMul) c.panels = 4 * random.between(1, 3);
  c.biased = random.below(2) == 0;
  c.magnitudes = static_cast<Magnitudes>(random.below(4));
  return c;
}

/// All portable paths against the oracle, each in slices of its own, or all in slices of `slice`.
void checkAgainstOracle(Random& random, const GemmCase& c, int slice = 0) {
  const GemmInputs in = makeInputs(random, c);
  const std::vector<float> expected = Oracle().multiply(c, in);
  for (const Kernels* kernels : orderedPaths(c.magnitudes)) {
    const int step = slice > 0 ? slice : 2 * random.between(1, 5);
    const std::size_t different = countDifferent(multiply(*kernels, c, in, step), expected);
    CHECK_SAY(different == 0, kernels->name << " differs in " << different << " of "
                                            << expected.size() << " at " << c << ", slices of "
                                            << step);
  }
}

}  // namespace

TEST("every portable path gives the bits of the written order on random shapes") {
  Random random(testSeed());
  for (int i = 0; i < 150; ++i) checkAgainstOracle(random, randomCase(random));
}

TEST("every row count up to 70 gives the same bits on every portable path") {
  Random random(testSeed() + 1);
  for (int rows = 1; rows <= 70; ++rows) {
    // Few rows have a kernel for each number of rows and of panels.
    const int from = rows <= 20 ? 1 : 1 + rows % 5;
    const int to = rows <= 20 ? 5 : from;
    for (int panels = from; panels <= to; ++panels) {
      checkAgainstOracle(random, {.rows = rows, .panels = panels, .k = 96}, 8);
    }
  }
}

TEST("long rows and many rows give the same bits on every portable path") {
  Random random(testSeed() + 2);
  for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
    checkAgainstOracle(random, {.rows = 3, .panels = 5, .k = 5632, .segments = 4, .dtype = dtype});
    checkAgainstOracle(random, {.rows = 40, .panels = 3, .k = 2816, .segments = 2, .dtype = dtype});
    checkAgainstOracle(random, {.rows = 100, .panels = 3, .k = 2080, .dtype = dtype});
    checkAgainstOracle(random, {.rows = 256, .panels = 4, .k = 1088, .dtype = dtype,
                                .epilogue = Epilogue::kSiluMul});
    checkAgainstOracle(random, {.rows = 600, .panels = 2, .k = 640, .dtype = dtype,
                                .epilogue = Epilogue::kAdd, .biased = true});
    checkAgainstOracle(random, {.rows = 280, .panels = 3, .k = 2048, .dtype = dtype});
    checkAgainstOracle(random, {.rows = 528, .panels = 3, .k = 2112, .dtype = dtype});
    checkAgainstOracle(random,
                       {.rows = 530, .panels = 1, .k = 4352, .segments = 2, .dtype = dtype});
  }
}

TEST("a slice of many panels at once gives the same bits") {
  Random random(testSeed() + 8);
  for (const int rows : {1, 20, 40, 70}) {
    const GemmCase c{.rows = rows, .panels = 37, .k = 64};
    const GemmInputs in = makeInputs(random, c);
    const std::vector<float> expected = Oracle().multiply(c, in);
    for (const Kernels* kernels : orderedPaths(c.magnitudes)) {
      const std::size_t different = countDifferent(multiply(*kernels, c, in, 38), expected);
      CHECK_SAY(different == 0, kernels->name << " differs in " << different << " at " << c);
    }
  }
}

TEST("the order is one that these inputs can tell from others") {
  // For each way to get it wrong, outputs that would come out differently; otherwise the tests
  // above would hold nothing.
  Random random(testSeed() + 3);
  GemmCase usual{.rows = 8, .panels = 8, .k = 512, .segments = 4};
  GemmCase tiny = usual;
  tiny.magnitudes = Magnitudes::kTiny;
  GemmCase subnormal = usual;
  subnormal.magnitudes = Magnitudes::kSubnormal;
  GemmCase biased = usual;
  biased.epilogue = Epilogue::kAdd;
  biased.biased = true;
  const auto noticed = [&](const GemmCase& c, OracleFaults faults) {
    const GemmInputs in = makeInputs(random, c);
    return countDifferent(Oracle(faults).multiply(c, in), Oracle().multiply(c, in));
  };
  CHECK(noticed(usual, {.swapChains = true}) > 100);
  CHECK(noticed(usual, {.oneChain = true}) > 100);
  CHECK(noticed(usual, {.segmentsInOrder = true}) > 100);
  CHECK(noticed(usual, {.oneSegment = true}) > 100);
  CHECK(noticed(biased, {.biasFirst = true}) > 100);
  CHECK(noticed(tiny, {.keepSubnormalSums = true}) > 100);
  CHECK(noticed(subnormal, {.keepSubnormalInputs = true}) > 100);
}

TEST("a result that rounds up to the smallest normal float is kept, one below is zero") {
  // 2^-126 - x is subnormal before it is rounded. Whether it counts as one is decided after
  // rounding to 24 bits: with x under 2^-151 it rounds to 2^-126 and stays, with more it becomes
  // zero.
  struct Edge {
    float mantissa;  // of x, times 2^-151
    float expected;
  };
  constexpr float kSmallest = 0x1p-126f;
  const Edge edges[] = {{0.5f, kSmallest}, {0.9921875f, kSmallest}, {1.0f, kSmallest},
                        {1.0078125f, 0},   {1.5f, 0},               {1.984375f, 0},
                        {2.0f, 0},         {3.0f, 0}};
  for (const Edge& edge : edges) {
    for (const int at : {0, 1}) {
      GemmCase c{.rows = 1, .panels = 1, .k = 32};
      GemmInputs in{std::vector<Bf16>(16 * 32, 0), std::vector<Bf16>(32, 0), {},
                    std::vector<float>(16, 0.0f)};
      const auto i = static_cast<std::size_t>(at);
      in.activations[i] = floatToBf16(0x1p-63f);
      in.activations[i + 2] = floatToBf16(-0x1p-75f);
      for (std::size_t n = 0; n < 16; ++n) {
        in.weights[n * 32 + i] = floatToBf16(0x1p-63f);
        in.weights[n * 32 + i + 2] = floatToBf16(std::ldexp(edge.mantissa, -76));
      }
      for (const Kernels* kernels : portablePaths()) {
        const float got = multiply(*kernels, c, in, 2)[0];
        CHECK_SAY(sameBits(got, edge.expected),
                  kernels->name << ": 2^-126 - " << edge.mantissa << " * 2^-151 gives " << got);
      }
    }
  }
}

TEST("a product of bf16 plus a float, rounded to double and then to float, is rounded as if once") {
  // What the scalar path rests on. Addends of every size against the product, with few and with
  // many bits set, around ties.
  Random random(testSeed() + 9);
  int inexact = 0;
  for (int i = 0; i < 1000000; ++i) {
    const float a = bf16ToFloat(static_cast<Bf16>(0x3f80u | (random.next() & 0x807fu)));
    const float b = bf16ToFloat(static_cast<Bf16>(0x3f80u | (random.next() & 0x007fu)));
    const std::uint32_t patterns[] = {0x000000u, 0x000001u, 0x7fffffu, 0x7ffffeu, 0x400000u,
                                      static_cast<std::uint32_t>(random.next() & 0x7fffffu)};
    const auto exponent = static_cast<std::uint32_t>(127 + random.between(-64, 64)) << 23;
    const float c = std::bit_cast<float>(exponent | patterns[random.below(6)]);
    const double sum = static_cast<double>(a) * static_cast<double>(b) + static_cast<double>(c);
    const float once = std::fma(a, b, c);
    CHECK_SAY(sameBits(static_cast<float>(sum), once), a << " * " << b << " + " << c);
    inexact += static_cast<double>(once) != sum ? 1 : 0;
  }
  CHECK(inexact > 100000);
}

TEST("a row of a batch has the bits it has alone") {
  Random random(testSeed() + 4);
  for (const Kernels* kernels : packedPathsHere()) {
    for (int i = 0; i < 6; ++i) {
      GemmCase batch = randomCase(random);
      batch.rows = random.between(2, 140);
      const GemmInputs in = makeInputs(random, batch);
      const std::vector<float> together = multiply(*kernels, batch, in, 4);
      const std::size_t width = together.size() / static_cast<std::size_t>(batch.rows);
      GemmCase single = batch;
      single.rows = 1;
      for (int tries = 0; tries < 4; ++tries) {
        const auto row = static_cast<std::size_t>(random.below(batch.rows));
        GemmInputs alone = in;
        const auto k = static_cast<std::ptrdiff_t>(batch.k);
        const auto at = static_cast<std::ptrdiff_t>(row);
        alone.activations.assign(in.activations.begin() + at * k,
                                 in.activations.begin() + (at + 1) * k);
        const auto outputs = static_cast<std::ptrdiff_t>(batch.panels) * kPanel;
        alone.before.assign(in.before.begin() + at * outputs,
                            in.before.begin() + (at + 1) * outputs);
        const std::vector<float> one = multiply(*kernels, single, alone, 2);
        const std::vector<float> same(together.begin() + at * static_cast<std::ptrdiff_t>(width),
                                      together.begin() +
                                          (at + 1) * static_cast<std::ptrdiff_t>(width));
        CHECK_SAY(countDifferent(one, same) == 0,
                  kernels->name << ", row " << row << " of " << batch);
      }
    }
  }
}

TEST("segments computed by 2 or 4 ranks and added as a tree equal the whole") {
  Random random(testSeed() + 5);
  for (const Kernels* kernels : packedPathsHere()) {
    for (int i = 0; i < 12; ++i) {
      GemmCase whole = randomCase(random);
      whole.segments = 4;
      whole.k = 4 * kTileK * random.between(1, 5);
      whole.epilogue = Epilogue::kAdd;
      const GemmInputs in = makeInputs(random, whole);
      const PackedWeights packed(*kernels, whole, in.weights);
      const std::vector<float> expected = multiply(*kernels, whole, in, packed, 4);

      const int ranks = i % 2 == 0 ? 2 : 4;
      GemmCase part = whole;
      part.k = whole.k / ranks;
      part.segments = 4 / ranks;
      part.epilogue = Epilogue::kStore;
      part.biased = false;
      std::vector<std::vector<float>> partials;
      for (int rank = 0; rank < ranks; ++rank) {
        const int column = rank * part.k;
        GemmInputs mine;
        mine.before = in.before;
        for (auto row = in.activations.begin(); row != in.activations.end(); row += whole.k) {
          mine.activations.insert(mine.activations.end(), row + column, row + column + part.k);
        }
        partials.push_back(
            multiply(*kernels, part, mine, packed.columns(*kernels, column, part), 4));
      }
      std::vector<float> sum = in.before;
      const auto outputs = static_cast<std::size_t>(whole.panels) * kPanel;
      onComputingThread(*kernels, [&] {
        for (std::size_t at = 0; at < sum.size(); at += outputs) {
          std::vector<const float*> parts;
          for (const std::vector<float>& one : partials) parts.push_back(one.data() + at);
          kernels->addPartials(sum.data() + at, parts.data(), ranks,
                               whole.biased ? in.bias.data() : nullptr, static_cast<int>(outputs));
        }
      });
      CHECK_SAY(countDifferent(sum, expected) == 0,
                kernels->name << ", " << ranks << " ranks, " << whole);
    }
  }
}

TEST("all paths are near the product in double precision") {
  Random random(testSeed() + 6);
  int checked = 0;
  for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
    const Kernels& kernels = *kernelsNamed(*name);
    for (int i = 0; i < 10; ++i) {
      GemmCase c = randomCase(random);
      c.magnitudes = i % 2 == 0 ? Magnitudes::kUsual : Magnitudes::kWide;
      const bool silu = c.epilogue == Epilogue::kSiluMul;
      if (silu) c.magnitudes = Magnitudes::kUsual;
      c.biased = false;
      const GemmInputs in = makeInputs(random, c);
      const std::vector<float> got = multiply(kernels, c, in, 4);
      const PackedWeights packed(kernels, c, in.weights);
      const auto k = static_cast<std::size_t>(c.k);
      const auto outputs = static_cast<std::size_t>(c.panels) * kPanel;
      std::vector<float> weights(outputs * k);
      for (std::size_t n = 0; n < outputs; ++n) {
        kernels.unpackOutput(packed.bytes.get() + n / kPanel * packed.panelBytes,
                             static_cast<int>(n), c.k, c.dtype,
                             packed.scales.as<float>() + n / kPanel * kPanel,
                             weights.data() + n * k);
      }
      struct Sum {
        double value = 0;
        double magnitude = 0;
      };
      const auto sumOf = [&](std::size_t row, std::size_t n) {
        Sum sum;
        for (std::size_t j = 0; j < k; ++j) {
          const double product = static_cast<double>(bf16ToFloat(in.activations[row * k + j])) *
                                 static_cast<double>(weights[n * k + j]);
          sum.value += product;
          sum.magnitude += std::fabs(product);
        }
        return sum;
      };
      std::size_t at = 0;
      for (std::size_t row = 0; row < static_cast<std::size_t>(c.rows); ++row) {
        for (std::size_t n = 0; n < outputs; ++n) {
          if (silu && n / kPanel % 2 != 0) continue;
          Sum sum = sumOf(row, n);
          double bound = (c.k / 2 + 8) * 0x1p-24 * sum.magnitude;
          if (silu) {
            const Sum up = sumOf(row, n + kPanel);
            const double boundUp = (c.k / 2 + 8) * 0x1p-24 * up.magnitude;
            const double gate = sum.value;
            sum.value = gate / (1 + std::exp(-gate)) * up.value;
            bound = std::fabs(up.value) * 1.1 * bound + (std::fabs(gate) + 1) * boundUp +
                    0x1p-8 * std::fabs(sum.value) + 1e-30;
          } else if (c.epilogue == Epilogue::kAdd) {
            sum.value += static_cast<double>(in.before[row * outputs + n]);
            bound += 0x1p-23 * std::fabs(sum.value);
          }
          const double error = std::fabs(static_cast<double>(got[at]) - sum.value);
          CHECK_SAY(error <= bound, kernels.name << ": " << got[at] << " for " << sum.value
                                                 << ", bound " << bound << " at " << c);
          ++at;
          ++checked;
        }
      }
    }
  }
  CHECK(checked > 1000);
}

TEST("infinities and NaN go through all paths, to the same outputs") {
  Random random(testSeed() + 7);
  int notFinite = 0;
  for (int i = 0; i < 12; ++i) {
    GemmCase c = randomCase(random);
    c.magnitudes = Magnitudes::kUsual;
    GemmInputs in = makeInputs(random, c);
    const auto spoil = [&](std::vector<Bf16>& values, int count) {
      constexpr Bf16 kStrange[] = {0x7f80, 0xff80, 0x7fc0, 0xffc1, 0x7f81, 0x7f7f};
      for (int j = 0; j < count; ++j) {
        values[random.next() % values.size()] = kStrange[random.below(6)];
      }
    };
    spoil(in.activations, 2);
    spoil(in.weights, 3);
    const std::vector<float> expected = Oracle().multiply(c, in);
    for (const float value : expected) notFinite += std::isfinite(value) ? 0 : 1;
    for (const Kernels* kernels : orderedPaths(c.magnitudes)) {
      const std::size_t different = countDifferent(multiply(*kernels, c, in, 4), expected);
      CHECK_SAY(different == 0, kernels->name << " differs in " << different << " at " << c);
    }
    for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
      multiply(*kernelsNamed(*name), c, in, 4);
    }
  }
  CHECK(notFinite > 50);
}

#if defined(__x86_64__)
TEST("a thread that leaves has given its tile registers back") {
  const Kernels* const amx = kernelsNamed("amx");
  if (amx == nullptr) throw Skipped(std::string("a processor with AMX: ") + whyNotHere("amx"));
  const GemmCase c{.rows = 20, .panels = 4, .k = 64};
  Random random(testSeed());
  const GemmInputs in = makeInputs(random, c);
  const PackedWeights packed(*amx, c, in.weights);
  const ExactBytes activations = packActivations(*amx, c, in.activations);
  const ExactBytes out(20 * 64 * sizeof(float));
  const GemmParams params = {.weights = packed.bytes.get(),
                             .dtype = c.dtype,
                             .scales = nullptr,
                             .bias = nullptr,
                             .panels = c.panels,
                             .k = c.k,
                             .segments = c.segments,
                             .activations = activations.get(),
                             .rows = c.rows,
                             .epilogue = c.epilogue,
                             .out = out.as<float>(),
                             .outStride = 64,
                             .activationsOut = nullptr};
  // The first byte of the tiles' configuration is the palette: 0 when none is loaded.
  alignas(64) std::uint8_t working[64] = {};
  alignas(64) std::uint8_t left[64] = {};
  const ExactBytes scratch(amx->gemmScratchBytes(c.rows, c.k));
  std::thread thread([&] {
    amx->enter();
    amx->gemm(params, 0, c.panels, scratch.get(), nullptr, 0);
    asm volatile("sttilecfg %0" : "=m"(working));
    amx->leave();
    asm volatile("sttilecfg %0" : "=m"(left));
  });
  thread.join();
  CHECK(working[0] == 1);
  CHECK(left[0] == 0);
}
#endif

TEST_MAIN
