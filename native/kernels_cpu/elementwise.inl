// What is done element by element between the matrix products: norms, rotation and append, sums of
// ranks. All in the fixed orders of kernels.h, K5.
//
// Bound by: memory of the row (8 KB of fp32 for hidden 2048), which is in L2. rmsNorm reads it
// twice.

#include "kernels_cpu/attention_cache.inl"
#include "kernels_cpu/elementwise_fp8.inl"

namespace signalbox {
namespace {

/// Lane i takes elements i, i + 16, ...; then halves.
SIGNALBOX_INLINE float sumOfSquares(const float* x, int count) {
  V16 sum = zeros();
  int i = 0;
  for (; i + 16 <= count; i += 16) {
    const V16 value = load(x + i);
    sum = sum + value * value;
  }
  if (i < count) {
    const V16 value = loadUpTo(x + i, count - i);
    sum = sum + value * value;
  }
  return sumOfLanes(sum);
}

SIGNALBOX_INLINE float normFactor(const float* x, int count, float eps) {
  const float mean = sumOfSquares(x, count) / static_cast<float>(count);
  return 1.0f / __builtin_sqrtf(mean + eps);
}

inline void rmsNorm(const RmsNormParams& params, int inRow, int outRow) {
  const float* const x = params.x + static_cast<std::size_t>(inRow) * params.stride;
  const V16 factor = splat(normFactor(x, params.hidden, params.eps));
  const int padded = padTo(params.hidden, kTileK);
  Bf16* const out = reinterpret_cast<Bf16*>(params.activations);
  for (int k = 0; k < padded; k += 16) {
    const int rest = params.hidden - k;
    const V16 value = rest >= 16 ? load(x + k) : loadUpTo(x + k, rest > 0 ? rest : 0);
    storeBf16(out + activationOffset(outRow, k, padded, params.rows),
              value * factor * load(params.weight + k));
  }
}

inline void addPartials(float* x, const float* const* partials, int ranks, const float* bias,
                        int count) {
  for (int i = 0; i < count; i += 16) {
    V16 sum = load(partials[0] + i);
    if (ranks >= 2) sum = sum + load(partials[1] + i);
    if (ranks == 4) sum = sum + (load(partials[2] + i) + load(partials[3] + i));
    if (bias != nullptr) sum = sum + load(bias + i);
    store(x + i, load(x + i) + sum);
  }
}

}  // namespace
}  // namespace signalbox

#include "kernels_cpu/elementwise_append.inl"
