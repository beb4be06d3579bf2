// Matrix products on the emulated device: weights as it holds them, launches, inputs that every
// order of a sum gives the same for.
#pragma once

#include "kernels_cuda/product.cuh"
#include "test/device_rig.h"
#include "test/gemm_cases.h"

namespace signalbox::test {

inline std::size_t at(int index) { return static_cast<std::size_t>(index); }

/// A matrix as the device holds it.
struct DeviceMatrix {
  DeviceMatrix(const std::vector<Bf16>& rows, int outputs, int columns, WeightDtype dtype)
      : panels(padTo(outputs, kPanel) / kPanel),
        k(padTo(columns, kTileK)),
        weights(at(panels) * oracle().panelBytes(k, dtype)),
        scales(at(panels * kPanel)) {
    const std::size_t bytes = oracle().panelBytes(k, dtype);
    std::vector<std::uint8_t> panel(bytes);
    for (int p = 0; p < panels; ++p) {
      const int count = std::min(kPanel, outputs - p * kPanel);
      oracle().packPanel(rows.data() + p * kPanel * columns, at(columns), count, columns, dtype,
                         panel.data(), scales.get() + p * kPanel);
      toDevicePanel(panel.data(), k, dtype, weights.get() + at(p) * bytes);
    }
  }
  int panels;
  int k;
  Exact<std::uint8_t> weights;
  Exact<float> scales;
};

/// Launches what the plan says, or with `rowTiles` instead.
inline void launchWeightProduct(const WeightProductParams& params, WeightDtype dtype,
                                std::uint64_t seed, int rowTiles = 0) {
  ProductLaunch launch = productLaunch(params.rows, params.panels, dtype);
  if (rowTiles > 0) {
    const ProductShared shared = productShared(rowTiles, dtype);
    launch.rowTiles = rowTiles;
    launch.gridY = (params.rows + 8 * rowTiles - 1) / (8 * rowTiles);
    launch.sharedBytes = shared.ringBytes + shared.sumBytes;
  }
  const emulation::Launch how{.grid = {launch.gridX, launch.gridY},
                              .threads = kProductThreads,
                              .sharedBytes = at(launch.sharedBytes),
                              .seed = seed};
  const auto run = [&]<int kRowTiles>(std::integral_constant<int, kRowTiles>) {
    if (launch.rowTiles != kRowTiles) return;
    if (dtype == WeightDtype::kFp8) {
      emulation::launch(how, weightProduct<kRowTiles, WeightDtype::kFp8>, params);
    } else {
      emulation::launch(how, weightProduct<kRowTiles, WeightDtype::kBf16>, params);
    }
  };
  run(std::integral_constant<int, 1>{});
  run(std::integral_constant<int, 2>{});
  run(std::integral_constant<int, 4>{});
  run(std::integral_constant<int, 8>{});
}

/// Of a case [rows][outputs], for kSiluMul as floats with half as many.
inline std::vector<float> multiplyOnDevice(const GemmCase& c, const GemmInputs& in, Random& random,
                                    int rowTiles = 0) {
  DeviceMatrix matrix(in.weights, c.panels * kPanel, c.k, c.dtype);
  Exact<Bf16> activations(in.activations);
  Exact<float> bias(in.bias);
  const int outputs = c.panels * kPanel;
  const bool silu = c.epilogue == Epilogue::kSiluMul;
  Exact<float> out(silu ? 0 : at(c.rows * outputs));
  Exact<Bf16> gated(silu ? at(c.rows * outputs / 2) : 0);
  launchWeightProduct({.weights = matrix.weights.get(),
            .scales = c.dtype == WeightDtype::kFp8 ? matrix.scales.get() : nullptr,
            .bias = c.biased ? bias.get() : nullptr,
            .panels = c.panels,
            .k = c.k,
            .segments = c.segments,
            .activations = activations.get(),
            .stride = c.k,
            .rows = c.rows,
            .out = silu ? nullptr : out.get(),
            .outStride = outputs,
            .outputs = outputs,
            .gated = silu ? gated.get() : nullptr},
           c.dtype, random.next(), rowTiles);
  if (!silu) return out.copy();
  std::vector<float> wide;
  for (const Bf16 value : gated.copy()) wide.push_back(bf16ToFloat(value));
  return wide;
}

/// Small whole numbers: sums below 2^24, the same in any order. fp8 holds them exactly.
inline GemmInputs wholeInputs(const GemmCase& c, Random& random) {
  GemmInputs in = makeInputs(random, c);
  const int most = c.epilogue == Epilogue::kSiluMul ? 2 : 7;
  for (Bf16& w : in.weights) w = floatToBf16(static_cast<float>(random.between(-most, most)));
  for (Bf16& x : in.activations) x = floatToBf16(static_cast<float>(random.between(-9, 9)));
  for (float& b : in.bias) b = static_cast<float>(random.between(-99, 99));
  // Gates around zero, where the activation bends.
  if (c.epilogue == Epilogue::kSiluMul) {
    for (Bf16& x : in.activations) x = floatToBf16(bf16ToFloat(x) / 64);
    for (float& b : in.bias) b = b / 64;
  }
  return in;
}

inline void checkSameBits(const std::vector<float>& got, const std::vector<float>& expected,
                   const GemmCase& c) {
  const int difference = firstDifference(got, expected);
  CHECK_SAY(difference < 0, "element " << difference << " of " << c << ": "
                                       << got[at(difference)] << " against "
                                       << expected[at(difference)]);
}

}  // namespace signalbox::test
