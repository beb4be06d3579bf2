// What a matrix product must give, bit for bit, computed one output at a time without vectors and
// without flush modes: kernels.h, K3 to K5, read aloud.
#pragma once

#include <vector>

#include "core/portable_math.h"
#include "test/gemm_cases.h"

namespace signalbox::test {

/// What the oracle can be told to do wrongly, to show that a test's inputs would notice.
struct OracleFaults {
  bool swapChains = false;       // the odd inputs before the even ones
  bool oneChain = false;         // a single chain over all inputs
  bool keepSubnormalInputs = false;
  bool keepSubnormalSums = false;
  bool segmentsInOrder = false;  // ((s0 + s1) + s2) + s3
  bool oneSegment = false;
  bool biasFirst = false;        // the bias begins the sum
};

class Oracle {
 public:
  explicit Oracle(OracleFaults faults = {}) : faults_(faults) {}

  std::vector<float> multiply(const GemmCase& c, const GemmInputs& in) const {
    const Kernels& any = *packedPathsHere().back();
    const PackedWeights packed(any, c, in.weights);
    const auto k = static_cast<std::size_t>(c.k);
    const auto outputs = static_cast<std::size_t>(c.panels) * kPanel;
    std::vector<float> weights(outputs * k);
    std::vector<float> ones(kPanel, 1.0f);
    for (std::size_t n = 0; n < outputs; ++n) {
      any.unpackOutput(packed.bytes.get() + n / kPanel * packed.panelBytes, static_cast<int>(n),
                          c.k, c.dtype, ones.data(), weights.data() + n * k);
    }
    std::vector<float> activations(in.activations.size());
    for (std::size_t i = 0; i < activations.size(); ++i) {
      activations[i] = bf16ToFloat(in.activations[i]);
    }
    const bool scaled = c.dtype == WeightDtype::kFp8;
    std::vector<float> result;
    for (std::size_t row = 0; row < static_cast<std::size_t>(c.rows); ++row) {
      const auto sumOf = [&](std::size_t n) {
        const float sum = segments(activations.data() + row * k, weights.data() + n * k, c,
                                   scaled ? packed.scales.as<float>()[n] : 1.0f, scaled);
        if (!c.biased) return sum;
        return add(sum, in.bias[n]);
      };
      for (std::size_t n = 0; n < outputs; ++n) {
        if (c.epilogue == Epilogue::kSiluMul) {
          if (n / kPanel % 2 == 0) result.push_back(siluMul(sumOf(n), sumOf(n + kPanel)));
        } else if (c.epilogue == Epilogue::kAdd) {
          const float before = in.before[row * outputs + n];
          result.push_back(faults_.biasFirst && c.biased
                               ? add(add(before, in.bias[n]), add(sumOf(n), -in.bias[n]))
                               : add(before, sumOf(n)));
        } else {
          result.push_back(sumOf(n));
        }
      }
    }
    return result;
  }

 private:
  static float flush(float value) {
    return std::fpclassify(value) == FP_SUBNORMAL ? std::copysign(0.0f, value) : value;
  }
  float flushInput(float value) const {
    return faults_.keepSubnormalInputs ? value : flush(value);
  }
  float flushSum(float value) const { return faults_.keepSubnormalSums ? value : flush(value); }
  float add(float a, float b) const { return flushSum(flushSum(a) + flushSum(b)); }

  float siluMul(float gate, float up) const {
    const float sigmoid = 1.0f + portableExp(-gate);
    return bf16ToFloat(floatToBf16(flushSum(flushSum(gate / sigmoid) * up)));
  }

  /// One segment, from +0.
  float run(const float* x, const float* w, int count) const {
    float sum = 0;
    for (int block = 0; block < count; block += kTileK) {
      float chain[2] = {0, 0};
      for (int i = 0; i < kTileK; ++i) {
        float& one = chain[faults_.oneChain ? 0 : i % 2];
        one = flushSum(std::fma(flushInput(x[block + i]), flushInput(w[block + i]), one));
      }
      if (faults_.swapChains) {
        sum = add(add(sum, chain[1]), chain[0]);
      } else {
        sum = add(sum, add(chain[0], chain[1]));
      }
    }
    return sum;
  }

  float segments(const float* x, const float* w, const GemmCase& c, float scale,
                 bool scaled) const {
    const int count = faults_.oneSegment ? 1 : c.segments;
    float part[4] = {0, 0, 0, 0};
    for (int s = 0; s < count; ++s) {
      const int each = c.k / count;
      part[s] = run(x + s * each, w + s * each, each);
      if (scaled) part[s] = flushSum(part[s] * scale);
    }
    if (count == 1) return part[0];
    if (count == 2) return add(part[0], part[1]);
    if (faults_.segmentsInOrder) return add(add(add(part[0], part[1]), part[2]), part[3]);
    return add(add(part[0], part[1]), add(part[2], part[3]));
  }

  OracleFaults faults_;
};

}  // namespace signalbox::test
