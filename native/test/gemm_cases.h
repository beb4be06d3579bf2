// Matrix products to try: inputs, a run through one path's table, and what must come out by the
// order that kernels.h (K3, K4) writes down.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "core/numeric.h"
#include "kernels_cpu/kernels.h"
#include "test/check.h"
#include "test/exact_bytes.h"

namespace signalbox::test {

/// How large the inputs are.
enum class Magnitudes {
  kUsual,
  kWide,       // 2^-30 to 2^30
  kTiny,       // products around the smallest normal float
  kSubnormal,  // one side among the smallest normal floats, with subnormals
};

struct GemmCase {
  int rows = 1;
  int panels = 2;
  int k = 64;
  int segments = 1;
  WeightDtype dtype = WeightDtype::kBf16;
  Epilogue epilogue = Epilogue::kStore;
  bool biased = false;
  Magnitudes magnitudes = Magnitudes::kUsual;
};

inline std::ostream& operator<<(std::ostream& out, const GemmCase& c) {
  return out << c.rows << " rows, " << c.panels << " panels, k " << c.k << " in " << c.segments
             << ", " << nameOf(c.dtype) << ", epilogue " << static_cast<int>(c.epilogue)
             << ", bias " << c.biased << ", magnitudes " << static_cast<int>(c.magnitudes);
}

struct GemmInputs {
  std::vector<Bf16> weights;      // [panels * 16][k]
  std::vector<Bf16> activations;  // [rows][k]
  std::vector<float> bias;        // [panels * 16]
  std::vector<float> before;      // [rows][panels * 16]
};

inline Bf16 randomBf16(Random& random, Magnitudes magnitudes, bool smallSide) {
  float value = random.normal();
  if (magnitudes == Magnitudes::kWide) value = std::ldexp(value, random.between(-30, 30));
  if (magnitudes == Magnitudes::kTiny) value = std::ldexp(value, random.between(-67, -59));
  if (magnitudes == Magnitudes::kSubnormal && smallSide) {
    if (random.below(4) == 0) return static_cast<Bf16>(random.next() & 0x807f);
    value = std::ldexp(value, random.between(-126, -118));
  }
  return floatToBf16(value);
}

inline GemmInputs makeInputs(Random& random, const GemmCase& c) {
  GemmInputs in;
  const auto outputs = static_cast<std::size_t>(c.panels) * kPanel;
  const bool smallWeights = random.below(2) == 0;
  const auto fill = [&](std::vector<Bf16>& values, std::size_t count, bool small) {
    values.resize(count);
    for (Bf16& value : values) value = randomBf16(random, c.magnitudes, small);
  };
  const auto fillFloats = [&](std::vector<float>& values, std::size_t count) {
    values.resize(count);
    for (float& value : values) value = random.normal();
  };
  fill(in.weights, outputs * static_cast<std::size_t>(c.k), smallWeights);
  fill(in.activations, static_cast<std::size_t>(c.rows) * static_cast<std::size_t>(c.k),
       !smallWeights);
  if (c.biased) fillFloats(in.bias, outputs);
  fillFloats(in.before, static_cast<std::size_t>(c.rows) * outputs);
  return in;
}

/// The weights of a case as a path holds them.
struct PackedWeights {
  PackedWeights(std::size_t bytesOfPanel, int panels)
      : panelBytes(bytesOfPanel),
        bytes(panelBytes * static_cast<std::size_t>(panels)),
        scales(static_cast<std::size_t>(panels) * kPanel * sizeof(float), 0) {}

  PackedWeights(const Kernels& kernels, const GemmCase& c, const std::vector<Bf16>& weights)
      : PackedWeights(kernels.panelBytes(c.k, c.dtype), c.panels) {
    const auto k = static_cast<std::size_t>(c.k);
    const ExactBytes rows(weights);
    for (std::size_t p = 0; p < static_cast<std::size_t>(c.panels); ++p) {
      kernels.packPanel(rows.as<Bf16>() + p * kPanel * k, k, kPanel, c.k, c.dtype,
                        bytes.get() + p * panelBytes, scales.as<float>() + p * kPanel);
    }
  }

  /// What a rank holds of it: `part.k` columns from `column`. A run of bytes of each panel.
  PackedWeights columns(const Kernels& kernels, int column, const GemmCase& part) const {
    PackedWeights cut(kernels.panelBytes(part.k, part.dtype), part.panels);
    cut.scales.copyFrom(scales.as<float>(), static_cast<std::size_t>(part.panels) * kPanel);
    for (std::size_t p = 0; p < static_cast<std::size_t>(part.panels); ++p) {
      std::memcpy(cut.bytes.get() + p * cut.panelBytes,
                  bytes.get() + p * panelBytes + kernels.panelBytes(column, part.dtype),
                  cut.panelBytes);
    }
    return cut;
  }

  std::size_t panelBytes;
  ExactBytes bytes;
  ExactBytes scales;  // floats [panels * 16]
};

/// Runs `work` as the engine's threads do, between enter and leave, on a thread of its own.
inline void onComputingThread(const Kernels& kernels, const std::function<void()>& work) {
  std::thread thread([&] {
    kernels.enter();
    work();
    kernels.leave();
  });
  thread.join();
}

/// The activations of a case as a path holds them; padding rows are NaN (kernels.h, K2).
inline ExactBytes packActivations(const Kernels& kernels, const GemmCase& c,
                                  const std::vector<Bf16>& values) {
  ExactBytes packed(kernels.activationBytes(c.rows, c.k));
  for (int row = 0; row < c.rows; ++row) {
    for (int k = 0; k < c.k; ++k) {
      const auto plain = static_cast<std::size_t>(row) * static_cast<std::size_t>(c.k) +
                         static_cast<std::size_t>(k);
      if (kernels.numerics == Numerics::kReference) {
        packed.as<float>()[plain] = bf16ToFloat(values[plain]);
      } else {
        packed.as<Bf16>()[activationOffset(row, k, c.k, c.rows)] = values[plain];
      }
    }
  }
  return packed;
}

/// Multiplies in slices of `step` panels (even) and gives [rows][outputs] as floats; kSiluMul half
/// as many outputs. Checks that nothing is written beside the outputs.
inline std::vector<float> multiply(const Kernels& kernels, const GemmCase& c, const GemmInputs& in,
                                   const PackedWeights& packed, int step) {
  const ExactBytes activations = packActivations(kernels, c, in.activations);
  const auto outputs = static_cast<std::size_t>(c.panels) * kPanel;
  const auto rows = static_cast<std::size_t>(c.rows);
  const std::size_t stride = outputs + 7;
  constexpr float kUntouched = 12345.0f;
  ExactBytes out(rows * stride * sizeof(float));
  std::fill_n(out.as<float>(), rows * stride, kUntouched);
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy_n(in.before.data() + row * outputs, outputs, out.as<float>() + row * stride);
  }
  const bool silu = c.epilogue == Epilogue::kSiluMul;
  const ExactBytes next(silu ? kernels.activationBytes(c.rows, c.panels * 8) : 1);
  const ExactBytes bias(in.bias);
  const GemmParams params = {
      .weights = packed.bytes.get(),
      .dtype = c.dtype,
      .scales = c.dtype == WeightDtype::kFp8 ? packed.scales.as<float>() : nullptr,
      .bias = c.biased ? bias.as<float>() : nullptr,
      .panels = c.panels,
      .k = c.k,
      .segments = c.segments,
      .activations = activations.get(),
      .rows = c.rows,
      .epilogue = c.epilogue,
      .out = silu ? nullptr : out.as<float>(),
      .outStride = stride,
      .activationsOut = silu ? next.get() : nullptr};
  onComputingThread(kernels, [&] {
    const ExactBytes scratch(kernels.gemmScratchBytes(c.rows, c.k));
    for (int first = 0; first < c.panels; first += step) {
      const int count = std::min(step, c.panels - first);
      const bool more = first + count < c.panels;
      kernels.gemm(params, first, count, scratch.get(),
                   more ? packed.bytes.get() +
                              static_cast<std::size_t>(first + count) * packed.panelBytes
                        : nullptr,
                   more ? packed.panelBytes : 0);
    }
  });
  std::vector<float> result;
  for (int row = 0; row < c.rows; ++row) {
    const auto at = static_cast<std::size_t>(row);
    if (!silu) {
      const float* const from = out.as<float>() + at * stride;
      result.insert(result.end(), from, from + outputs);
      for (std::size_t i = outputs; i < stride; ++i) CHECK(from[i] == kUntouched);
      continue;
    }
    for (int n = 0; n < c.panels * 8; ++n) {
      result.push_back(kernels.numerics == Numerics::kReference
                           ? next.as<float>()[at * outputs / 2 + static_cast<std::size_t>(n)]
                           : bf16ToFloat(next.as<Bf16>()[activationOffset(row, n, c.panels * 8,
                                                                          c.rows)]));
    }
  }
  return result;
}

inline std::vector<float> multiply(const Kernels& kernels, const GemmCase& c, const GemmInputs& in,
                                   int step) {
  return multiply(kernels, c, in, PackedWeights(kernels, c, in.weights), step);
}

/// The paths of one class that this machine has.
inline std::vector<const Kernels*> pathsHere(Numerics numerics) {
  std::vector<const Kernels*> paths;
  for (const char* const* name = kernelNamesHere(); *name != nullptr; ++name) {
    const Kernels* const kernels = kernelsNamed(*name);
    if (kernels->numerics == numerics) paths.push_back(kernels);
  }
  return paths;
}

/// All but the reference: these share one layout of weights and activations.
inline std::vector<const Kernels*> packedPathsHere() {
  std::vector<const Kernels*> paths = pathsHere(Numerics::kPortable);
  for (const Kernels* kernels : pathsHere(Numerics::kNative)) paths.push_back(kernels);
  return paths;
}

/// The same float, or both not a number.
inline bool sameBits(float a, float b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

inline std::size_t countDifferent(const std::vector<float>& a, const std::vector<float>& b) {
  CHECK(a.size() == b.size());
  std::size_t different = 0;
  for (std::size_t i = 0; i < a.size(); ++i) different += sameBits(a[i], b[i]) ? 0 : 1;
  return different;
}

}  // namespace signalbox::test
