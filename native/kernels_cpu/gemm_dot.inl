// Matrix products by vdpbf16ps: two products and two sums an instruction, in an order of its own.
// On processors of AMD twice as fast as separate multiply-adds, on Intel's half as fast.

#include "kernels_cpu/gemm_fp8.inl"
#include "kernels_cpu/fused.inl"

namespace signalbox {
namespace {

/// 32 activations as they are: sixteen pairs of bf16.
SIGNALBOX_INLINE void prepareActivations(const Bf16* from, float* to) {
  __builtin_memcpy(to, from, kTileK * sizeof(Bf16));
}

/// `kRows` rows against `kWide` panels.
template <int kRows, int kWide>
SIGNALBOX_INLINE void multiplyRows(const std::uint8_t* const* tile, const float* activations,
                                   float* const* sums) {
  __m512 sum[kRows][kWide];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) sum[r][w] = _mm512_loadu_ps(sums[w] + r * kPanel);
  }
#pragma GCC unroll 2
  for (int pair = 0; pair < kTileK / 2; ++pair) {
    __m512bh weights[kWide];
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) {
      weights[w] = reinterpret_cast<__m512bh>(_mm512_loadu_si512(tile[w] + pair * 64));
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const __m512bh x =
          reinterpret_cast<__m512bh>(_mm512_set1_ps(activations[r * kTileK + pair]));
#pragma GCC unroll 8
      for (int w = 0; w < kWide; ++w) sum[r][w] = _mm512_dpbf16_ps(sum[r][w], weights[w], x);
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) _mm512_storeu_ps(sums[w] + r * kPanel, sum[r][w]);
  }
}

template <int kWide>
SIGNALBOX_INLINE void multiplyPanels(const std::uint8_t* const* tiles, const float* activations,
                                     int rows, float* sums, std::size_t sumStride) {
  float* to[kWide];
  for (int w = 0; w < kWide; ++w) to[w] = sums + static_cast<std::size_t>(w) * sumStride;
  const auto next = [&](int count) __attribute__((always_inline)) {
    rows -= count;
    activations += count * kTileK;
    for (int w = 0; w < kWide; ++w) to[w] += count * kPanel;
  };
  for (; rows >= 6; next(6)) multiplyRows<6, kWide>(tiles, activations, to);
  for (; rows >= 3; next(3)) multiplyRows<3, kWide>(tiles, activations, to);
  for (; rows >= 1; next(1)) multiplyRows<1, kWide>(tiles, activations, to);
}

/// Nothing is widened here.
using WidenedTile = float[1];

/// Adds 32 of k to the sums of `panels` panels, `sumStride` floats apart, and `rows` rows. `ahead`
/// is what to ask memory for meanwhile, 1 KB for each panel.
inline void multiplyStep(const std::uint8_t* const* tiles, const std::uint8_t* const* ahead,
                         int panels, const float* activations, int rows, float* sums,
                         std::size_t sumStride, WidenedTile*) {
  for (int p = 0; p < panels; ++p) {
    for (int line = 0; line < kTileK * kPanel * 2 / 64; ++line) {
      __builtin_prefetch(ahead[p] + line * 64);
    }
  }
  switch (panels) {
    case 4: return multiplyPanels<4>(tiles, activations, rows, sums, sumStride);
    case 3: return multiplyPanels<3>(tiles, activations, rows, sums, sumStride);
    case 2: return multiplyPanels<2>(tiles, activations, rows, sums, sumStride);
    default: return multiplyPanels<1>(tiles, activations, rows, sums, sumStride);
  }
}

}  // namespace
}  // namespace signalbox

#include "kernels_cpu/gemm_vector.inl"
