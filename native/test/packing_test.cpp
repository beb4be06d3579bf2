// Weights as the paths hold them: layout, padding, the scales of fp8, and back to floats.
#include <algorithm>
#include <cmath>
#include <span>

#include "kernels_cpu/kernels.h"
#include "test/check.h"
#include "test/gemm_cases.h"

using namespace signalbox;
using namespace signalbox::test;

namespace {

std::vector<const Kernels*> allPaths() {
  std::vector<const Kernels*> paths;
  for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
    paths.push_back(kernelsNamed(*name));
  }
  return paths;
}

struct Packed {
  Packed(const Kernels& kernels, const std::vector<Bf16>& rows, int count, int k,
         std::size_t stride, WeightDtype dtype)
      : bytes(kernels.panelBytes(k, dtype)), size(kernels.panelBytes(k, dtype)) {
    // What lies between rows, and after the last, is nobody's.
    ExactBytes from;
    from.copyFrom(rows.data(),
                  static_cast<std::size_t>(count - 1) * stride + static_cast<std::size_t>(k));
    kernels.packPanel(from.as<Bf16>(), stride, count, k, dtype, bytes.get(),
                      scaleBytes.as<float>());
  }
  ExactBytes bytes;
  std::size_t size;
  ExactBytes scaleBytes{kPanel * sizeof(float), 0};
  std::span<const float, kPanel> scales{scaleBytes.as<float>(), kPanel};
};

/// Output `n` of a panel, as floats.
std::vector<float> unpacked(const Kernels& kernels, const Packed& packed, int n, int k,
                            WeightDtype dtype) {
  const ExactBytes out(static_cast<std::size_t>(k) * sizeof(float));
  kernels.unpackOutput(packed.bytes.get(), n, k, dtype,
                       dtype == WeightDtype::kFp8 ? packed.scales.data() : nullptr,
                       out.as<float>());
  return {out.as<float>(), out.as<float>() + k};
}

}  // namespace

TEST("a panel is pairs of k by output, and what no row fills is zero") {
  Random random(testSeed());
  for (const Kernels* kernels : packedPathsHere()) {
    for (int i = 0; i < 20; ++i) {
      const int k = random.between(1, 200);
      const int count = random.between(1, kPanel);
      const std::size_t stride = static_cast<std::size_t>(k + random.below(5));
      std::vector<Bf16> rows(stride * static_cast<std::size_t>(count));
      for (Bf16& value : rows) value = static_cast<Bf16>(random.next());
      const Packed packed(*kernels, rows, count, k, stride, WeightDtype::kBf16);
      CHECK(packed.size == static_cast<std::size_t>(padTo(k, kTileK)) * kPanel * 2);
      for (int n = 0; n < kPanel; ++n) {
        for (int j = 0; j < padTo(k, kTileK); ++j) {
          const Bf16 expected =
              n < count && j < k
                  ? rows[static_cast<std::size_t>(n) * stride + static_cast<std::size_t>(j)]
                  : Bf16{0};
          const std::size_t at = static_cast<std::size_t>((j / 2 * kPanel + n) * 2 + j % 2);
          CHECK_SAY(packed.bytes.as<Bf16>()[at] == expected,
                    kernels->name << ", output " << n << ", k " << j << " of " << k);
        }
      }
    }
  }
}

TEST("all paths but the reference pack to the same bytes and scales") {
  Random random(testSeed() + 1);
  const std::vector<const Kernels*> paths = packedPathsHere();
  for (int i = 0; i < 40; ++i) {
    const int k = random.between(1, 150);
    const int count = random.between(1, kPanel);
    const auto stride = static_cast<std::size_t>(k);
    std::vector<Bf16> rows(stride * static_cast<std::size_t>(count));
    for (Bf16& value : rows) value = static_cast<Bf16>(random.next());  // NaN and subnormals too.
    for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
      const Packed first(*paths.at(0), rows, count, k, stride, dtype);
      for (const Kernels* kernels : paths) {
        const Packed other(*kernels, rows, count, k, stride, dtype);
        CHECK_SAY(std::memcmp(first.bytes.get(), other.bytes.get(), first.size) == 0,
                  kernels->name);
        CHECK_SAY(std::ranges::equal(first.scales, other.scales), kernels->name);
      }
    }
  }
}

TEST("the scale of fp8 is the smallest power of two that fits the row, and codes are the nearest") {
  Random random(testSeed() + 2);
  int atTheEdge = 0;
  for (const Kernels* kernels : allPaths()) {
    for (int i = 0; i < 60; ++i) {
      const int k = random.between(1, 96);
      const auto stride = static_cast<std::size_t>(k);
      std::vector<Bf16> rows(stride * kPanel);
      const int size = random.between(-100, 100);
      for (Bf16& value : rows) value = floatToBf16(std::ldexp(random.normal(), size));
      // Rows whose largest is exactly 448 of some scale, or the next above.
      rows[0] = floatToBf16(std::ldexp(448.0f, size));
      rows[stride] = static_cast<Bf16>(floatToBf16(std::ldexp(448.0f, size)) + 1);
      const Packed packed(*kernels, rows, kPanel, k, stride, WeightDtype::kFp8);
      for (int n = 0; n < kPanel; ++n) {
        const Bf16* const row = rows.data() + static_cast<std::size_t>(n) * stride;
        float largest = 0;
        for (int j = 0; j < k; ++j) largest = std::max(largest, std::fabs(bf16ToFloat(row[j])));
        const float scale = packed.scales[static_cast<std::size_t>(n)];
        int exponent = 0;
        CHECK(std::frexp(scale, &exponent) == 0.5f);
        CHECK_SAY(largest <= 448.0f * scale,
                  kernels->name << ": " << largest << ", scale " << scale);
        CHECK_SAY(largest == 0 || largest > 224.0f * scale,
                  kernels->name << ": " << largest << ", scale " << scale);
        atTheEdge += largest == 448.0f * scale ? 1 : 0;
        const std::vector<float> back = unpacked(*kernels, packed, n, k, WeightDtype::kFp8);
        for (int j = 0; j < k; ++j) {
          const auto at = static_cast<std::size_t>(j);
          const float expected = fp8ToFloat(floatToFp8(bf16ToFloat(row[j]) / scale)) * scale;
          CHECK_SAY(back[at] == expected, kernels->name << ": " << back[at] << " for " << expected);
        }
      }
    }
  }
  CHECK(atTheEdge >= 60);
}

TEST("rows of zeros and of subnormals have the scale 1 and codes of zero") {
  for (const Kernels* kernels : allPaths()) {
    std::vector<Bf16> rows(2 * 32, 0);
    for (std::size_t j = 32; j < 64; ++j) rows[j] = static_cast<Bf16>(j - 31);
    const Packed packed(*kernels, rows, 2, 32, 32, WeightDtype::kFp8);
    for (const float scale : packed.scales)
      CHECK_SAY(scale == 1.0f, kernels->name << ": " << scale);
    for (std::size_t i = 0; i < packed.size; ++i)
      CHECK_SAY(packed.bytes.get()[i] == 0, kernels->name);
  }
}

TEST("bf16 weights come back from a panel as they were") {
  Random random(testSeed() + 3);
  for (const Kernels* kernels : allPaths()) {
    const int k = 75;
    std::vector<Bf16> rows(static_cast<std::size_t>(k) * kPanel);
    for (Bf16& value : rows) value = floatToBf16(random.normal());
    const Packed packed(*kernels, rows, kPanel, k, k, WeightDtype::kBf16);
    for (int n = 0; n < kPanel; ++n) {
      const std::vector<float> back = unpacked(*kernels, packed, 160 + n, k, WeightDtype::kBf16);
      for (int j = 0; j < k; ++j) {
        const auto at = static_cast<std::size_t>(j);
        CHECK_SAY(back[at] == bf16ToFloat(rows[static_cast<std::size_t>(n * k) + at]),
                  kernels->name);
      }
    }
  }
}

TEST("every code of fp8 counts in a product as exactly its value") {
  // Weight (output, k) is code 16 * k + output; row k of the activations picks column k.
  GemmCase c{.rows = 16, .panels = 1, .k = 32, .dtype = WeightDtype::kFp8};
  for (const int rows : {16, 20, 40}) {
    c.rows = rows;
    GemmInputs in;
    in.before.assign(static_cast<std::size_t>(rows) * kPanel, 0.0f);
    in.activations.assign(static_cast<std::size_t>(rows) * 32, 0);
    for (std::size_t row = 0; row < static_cast<std::size_t>(rows); ++row) {
      in.activations[row * 32 + row % 16] = floatToBf16(1.0f);
    }
    for (const Kernels* kernels : packedPathsHere()) {
      PackedWeights packed(kernels->panelBytes(32, WeightDtype::kFp8), 1);
      std::memset(packed.bytes.get(), 0, packed.panelBytes);
      std::fill_n(packed.scales.as<float>(), kPanel, 2.0f);
      // NaN times 0 would spoil the other columns: its two codes have a test below.
      for (int code = 0; code < 256; ++code) {
        const int k = code / kPanel;
        const int n = code % kPanel;
        if ((code & 0x7f) == 0x7f) continue;
        packed.bytes.get()[(k / 2 * kPanel + n) * 2 + k % 2] = static_cast<std::uint8_t>(code);
      }
      const std::vector<float> got = multiply(*kernels, c, in, packed, 2);
      for (int row = 0; row < rows; ++row) {
        for (int n = 0; n < kPanel; ++n) {
          const int code = row % 16 * kPanel + n;
          const float expected =
              (code & 0x7f) == 0x7f ? 0.0f : 2.0f * fp8ToFloat(static_cast<Fp8>(code));
          const float value = got[static_cast<std::size_t>(row * kPanel + n)];
          CHECK_SAY(value == expected, kernels->name << ": code " << code << " gives " << value);
        }
      }
      for (const int code : {0x7f, 0xff}) {
        packed.bytes.get()[0] = static_cast<std::uint8_t>(code);
        const std::vector<float> spoiled = multiply(*kernels, c, in, packed, 2);
        CHECK_SAY(std::isnan(spoiled[0]), kernels->name);
        CHECK_SAY(!std::isnan(spoiled[1]), kernels->name);
      }
    }
  }
}

TEST_MAIN
