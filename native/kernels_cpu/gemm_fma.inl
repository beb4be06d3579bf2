// Matrix products by fused multiply-adds in the order of TDPBF16PS (kernels.h, K3): per 32 of k an
// even and an odd chain from +0, their sum, added to the sum so far.

#include "kernels_cpu/gemm_fp8.inl"
#include "kernels_cpu/fused.inl"

namespace signalbox {
namespace {

/// 32 activations as floats: those of even k, then those of odd k.
SIGNALBOX_INLINE void prepareActivations(const Bf16* from, float* to) {
  const I16 pairs = loadInt(from);
  store(to, widenFirst(pairs));
  store(to + 16, widenSecond(pairs));
}

/// `kRows` rows against `kWide` registers of outputs. `tile` and `sums` are each register's.
template <int kRows, int kWide>
SIGNALBOX_INLINE void multiplyRows(const std::uint8_t* const* tile, const float* activations,
                                   float* const* sums) {
  VectorF even[kRows][kWide];
  VectorF odd[kRows][kWide];
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) even[r][w] = odd[r][w] = VectorF{};
  }
#pragma GCC unroll 2
  for (int pair = 0; pair < kTileK / 2; ++pair) {
    VectorF first[kWide];
    VectorF second[kWide];
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) {
      const VectorI both = *reinterpret_cast<const VectorIAnywhere*>(tile[w] + pair * 64);
      first[w] = reinterpret_cast<VectorF>(both << 16);
      second[w] = reinterpret_cast<VectorF>(both & static_cast<std::int32_t>(0xffff0000u));
    }
#pragma GCC unroll 8
    for (int r = 0; r < kRows; ++r) {
      const VectorF x0 = activations[r * kTileK + pair] - VectorF{};
      const VectorF x1 = activations[r * kTileK + 16 + pair] - VectorF{};
#pragma GCC unroll 8
      for (int w = 0; w < kWide; ++w) {
        even[r][w] = fusedPart(x0, first[w], even[r][w]);
        odd[r][w] = fusedPart(x1, second[w], odd[r][w]);
      }
    }
  }
#pragma GCC unroll 8
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) {
      auto* const sum = reinterpret_cast<VectorFAnywhere*>(sums[w] + r * kPanel);
      *sum = *sum + (even[r][w] + odd[r][w]);
    }
  }
}

// As many rows and outputs at once as there are registers for two sums each.
#if defined(__AVX512F__)
constexpr int kWideMany = 2;
constexpr int kRowsMany = 6;
constexpr int kRowsFew = 2;
#else
constexpr int kWideMany = 1;
constexpr int kRowsMany = 5;
constexpr int kRowsFew = 1;
#endif
constexpr int kWideFew = 4;

/// A number as a type.
template <int kValue>
struct Count {
  static constexpr int value = kValue;
};

/// All rows of a block against registers [first, first + kWide) of the group.
template <int kWide, int kRowsAtOnce>
SIGNALBOX_INLINE void multiplyRegisters(const std::uint8_t* const* tiles, int first,
                                        const float* activations, int rows, float* sums,
                                        std::size_t sumStride) {
  const std::uint8_t* tile[kWide];
  float* to[kWide];
  for (int w = 0; w < kWide; ++w) {
    const int panel = (first + w) / kParts;
    const int part = (first + w) % kParts;
    tile[w] = tiles[panel] + part * kLanes * 4;
    to[w] = sums + static_cast<std::size_t>(panel) * sumStride + part * kLanes;
  }
  int r = 0;
  const auto some = [&](auto count) __attribute__((always_inline)) {
    multiplyRows<count.value, kWide>(tile, activations + r * kTileK, to);
    r += count.value;
    for (int w = 0; w < kWide; ++w) to[w] += count.value * kPanel;
  };
  while (rows - r >= kRowsAtOnce) some(Count<kRowsAtOnce>{});
  if constexpr (kRowsAtOnce > 4) {
    if (rows - r >= 4) some(Count<4>{});
  }
  if constexpr (kRowsAtOnce > 2) {
    if (rows - r >= 2) some(Count<2>{});
  }
  if constexpr (kRowsAtOnce > 1) {
    if (rows - r >= 1) some(Count<1>{});
  }
}

/// Adds 32 of k to the sums of `panels` panels, `sumStride` floats apart, and `rows` rows.
inline void multiplyStep(const std::uint8_t* const* tiles, int panels, const float* activations,
                         int rows, float* sums, std::size_t sumStride) {
  const int registers = panels * kParts;
  int first = 0;
  if (rows <= kRowsFew) {
    for (; registers - first >= kWideFew; first += kWideFew) {
      multiplyRegisters<kWideFew, kRowsFew>(tiles, first, activations, rows, sums, sumStride);
    }
  }
  for (; registers - first >= kWideMany; first += kWideMany) {
    multiplyRegisters<kWideMany, kRowsMany>(tiles, first, activations, rows, sums, sumStride);
  }
  if constexpr (kWideMany > 1) {
    if (first < registers) {
      multiplyRegisters<1, kRowsMany>(tiles, first, activations, rows, sums, sumStride);
    }
  }
}

}  // namespace
}  // namespace signalbox

#include "kernels_cpu/gemm_vector.inl"
