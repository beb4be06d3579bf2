// From the sums of a matrix product to what it stores: segments, scales, bias, epilogue.

namespace signalbox {
namespace {

/// Sums of consecutive panels and rows: at + segment * segmentStride + panel * panelStride + row *
/// 16.
struct Sums {
  const float* at;
  std::size_t segmentStride;
  std::size_t panelStride;
};

/// The tree over segments, each scaled first: ranks that own some of them then add the same
/// numbers.
SIGNALBOX_INLINE V16 sumOfSegments(const float* at, std::size_t stride, int segments, bool scaled,
                                   V16 scale) {
  V16 part[4];
  for (int s = 0; s < segments; ++s) {
    part[s] = load(at + static_cast<std::size_t>(s) * stride);
    if (scaled) part[s] = part[s] * scale;
  }
  if (segments == 1) return part[0];
  if (segments == 2) return part[0] + part[1];
  return (part[0] + part[1]) + (part[2] + part[3]);
}

SIGNALBOX_INLINE V16 siluMul(V16 gate, V16 up) {
  const V16 sigmoid = splat(1.0f) + exp16(zeros() - gate);
  return gate / sigmoid * up;
}

/// Rows [row, row + rows) of panels [panel, panel + panels); for kSiluMul both even.
inline void finish(const GemmParams& params, const Sums& sums, int panel, int panels, int row,
                   int rows) {
  const bool scaled = params.scales != nullptr;
  const bool biased = params.bias != nullptr;
  const auto result = [&](int p, int r, V16 scale, V16 bias) __attribute__((always_inline)) {
    const float* const at = sums.at + static_cast<std::size_t>(p) * sums.panelStride +
                            static_cast<std::size_t>(r) * kPanel;
    const V16 sum = sumOfSegments(at, sums.segmentStride, params.segments, scaled, scale);
    return biased ? sum + bias : sum;
  };
  const auto perOutput = [&](const float* values, int p) __attribute__((always_inline)) {
    return values == nullptr ? zeros()
                             : load(values + static_cast<std::size_t>(panel + p) * kPanel);
  };
  if (params.epilogue == Epilogue::kSiluMul) {
    Bf16* const out = reinterpret_cast<Bf16*>(params.activationsOut);
    for (int p = 0; p < panels; p += 2) {
      const V16 scale0 = perOutput(params.scales, p);
      const V16 scale1 = perOutput(params.scales, p + 1);
      const V16 bias0 = perOutput(params.bias, p);
      const V16 bias1 = perOutput(params.bias, p + 1);
      for (int r = 0; r < rows; ++r) {
        const V16 value = siluMul(result(p, r, scale0, bias0), result(p + 1, r, scale1, bias1));
        storeBf16(out + activationOffset(row + r, (panel + p) * 8, params.panels * 8, params.rows),
                  value);
      }
    }
    return;
  }
  for (int p = 0; p < panels; ++p) {
    const V16 scale = perOutput(params.scales, p);
    const V16 bias = perOutput(params.bias, p);
    float* out = params.out + static_cast<std::size_t>(row) * params.outStride +
                 static_cast<std::size_t>(panel + p) * kPanel;
    for (int r = 0; r < rows; ++r, out += params.outStride) {
      const V16 value = result(p, r, scale, bias);
      store(out, params.epilogue == Epilogue::kAdd ? load(out) + value : value);
    }
  }
}

}  // namespace
}  // namespace signalbox
