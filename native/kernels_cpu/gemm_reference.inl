// The reference's matrix products: rows of bf16 weights, rows of fp32 activations, sums in double.

namespace signalbox {
namespace {

inline void enter() {}
inline void leave() {}

inline std::size_t activationBytes(int rows, int k) {
  return static_cast<std::size_t>(rows) * static_cast<std::size_t>(k) * sizeof(float);
}

/// Sixteen rows of k.
inline std::size_t panelBytes(int k, WeightDtype) {
  return static_cast<std::size_t>(padTo(k, kTileK)) * kPanel * sizeof(Bf16);
}

inline std::size_t gemmScratchBytes(int, int) { return 0; }
inline int gemmPanels(int, int) { return 4; }

/// 0 and the rows' subnormals have none.
inline float fp8Scale(const Bf16* row, int k) {
  float largest = 0;
  for (int i = 0; i < k; ++i) {
    const float magnitude = __builtin_fabsf(bf16ToFloat(row[i]));
    if (magnitude > largest && magnitude <= 3.4028234e38f) largest = magnitude;
  }
  if (largest < 1.17549435e-38f) return 1;
  int exponent = -126;
  while (__builtin_ldexpf(kFp8Max, exponent) < largest) ++exponent;
  return __builtin_ldexpf(1, exponent);
}

inline void packPanel(const Bf16* rows, std::size_t stride, int count, int k, WeightDtype dtype,
                      std::uint8_t* panel, float* scales) {
  Bf16* const to = reinterpret_cast<Bf16*>(panel);
  const auto padded = static_cast<std::size_t>(padTo(k, kTileK));
  __builtin_memset(panel, 0, panelBytes(k, dtype));
  for (int n = 0; n < kPanel; ++n) {
    if (dtype == WeightDtype::kFp8) scales[n] = 1;
    if (n >= count) continue;
    const Bf16* const row = rows + static_cast<std::size_t>(n) * stride;
    Bf16* const out = to + static_cast<std::size_t>(n) * padded;
    if (dtype == WeightDtype::kFp8) scales[n] = fp8Scale(row, k);
    for (int i = 0; i < k; ++i) {
      const bool subnormal = (row[i] & 0x7f80) == 0;
      const float value = subnormal ? 0.0f : bf16ToFloat(row[i]);
      out[i] = dtype == WeightDtype::kFp8 ? fp8ToBf16(floatToFp8(value / scales[n])) : row[i];
    }
  }
}

inline void unpackOutput(const std::uint8_t* panel, int n, int k, WeightDtype dtype,
                         const float* scales, float* out) {
  const int output = n % kPanel;
  const Bf16* const row =
      reinterpret_cast<const Bf16*>(panel) +
      static_cast<std::size_t>(output) * static_cast<std::size_t>(padTo(k, kTileK));
  for (int i = 0; i < k; ++i) {
    out[i] = bf16ToFloat(row[i]) * (dtype == WeightDtype::kFp8 ? scales[output] : 1.0f);
  }
}

/// One output of one row, scaled and with its bias.
inline double referenceSum(const GemmParams& params, int row, int output) {
  const auto k = static_cast<std::size_t>(params.k);
  const float* const x = reinterpret_cast<const float*>(params.activations) +
                         static_cast<std::size_t>(row) * k;
  const Bf16* const w =
      reinterpret_cast<const Bf16*>(params.weights) + static_cast<std::size_t>(output) * k;
  // One chain alone would wait for each of its additions; `k` is padded to whole tiles.
  constexpr std::size_t kChains = 8;
  static_assert(kTileK % kChains == 0);
  double chains[kChains] = {};
  for (std::size_t i = 0; i < k; i += kChains) {
    for (std::size_t c = 0; c < kChains; ++c) {
      chains[c] += static_cast<double>(x[i + c]) * static_cast<double>(bf16ToFloat(w[i + c]));
    }
  }
  double sum = 0;
  for (const double chain : chains) sum += chain;
  if (params.scales != nullptr) sum *= static_cast<double>(params.scales[output]);
  if (params.bias != nullptr) sum += static_cast<double>(params.bias[output]);
  return sum;
}

inline void gemm(const GemmParams& params, int first, int count, void*, const std::uint8_t*,
                 std::size_t) {
  for (int row = 0; row < params.rows; ++row) {
    for (int n = first * kPanel; n < (first + count) * kPanel; ++n) {
      if (params.epilogue == Epilogue::kSiluMul) {
        if (n / kPanel % 2 != 0) continue;
        const double gate = referenceSum(params, row, n);
        const double up = referenceSum(params, row, n + kPanel);
        const double value = gate / (1 + __builtin_exp(-gate)) * up;
        float* const out = reinterpret_cast<float*>(params.activationsOut);
        out[static_cast<std::size_t>(row) * static_cast<std::size_t>(params.panels) * 8 +
            static_cast<std::size_t>(n / kPanel * 8 + n % kPanel)] = static_cast<float>(value);
        continue;
      }
      float& out = params.out[static_cast<std::size_t>(row) * params.outStride +
                              static_cast<std::size_t>(n)];
      const auto sum = static_cast<float>(referenceSum(params, row, n));
      out = params.epilogue == Epilogue::kAdd ? out + sum : sum;
    }
  }
}

}  // namespace
}  // namespace signalbox
