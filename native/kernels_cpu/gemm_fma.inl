// Matrix products by fused multiply-adds in the order of TDPBF16PS (kernels.h, K3): per 32 of k an
// even and an odd chain from +0, their sum, added to the sum so far.
//
// Bound by: multiply-adds, two a cycle. Widening weights takes the same ports, so for many rows it
// is done once for all of them, into the first-level cache; few rows widen in registers.

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

/// One register of outputs, 32 of k.
struct OutputRegister {
  const std::uint8_t* weights;  // bf16: a part of its tile; widened: [pair][even, odd][kLanes]
  const std::uint8_t* ahead;    // its share of what to ask memory for meanwhile
  float* sums;
};

/// Weights of one pair of k: of even k and of odd k.
template <bool kWidened>
SIGNALBOX_INLINE void loadPair(const std::uint8_t* weights, int pair, VectorF& first,
                               VectorF& second) {
  if constexpr (kWidened) {
    const float* const at = reinterpret_cast<const float*>(weights) + pair * 2 * kLanes;
    first = *reinterpret_cast<const VectorFAnywhere*>(at);
    second = *reinterpret_cast<const VectorFAnywhere*>(at + kLanes);
  } else {
    const VectorI both = *reinterpret_cast<const VectorIAnywhere*>(weights + pair * 64);
    first = reinterpret_cast<VectorF>(both << 16);
    second = reinterpret_cast<VectorF>(both & static_cast<std::int32_t>(0xffff0000u));
  }
}

/// `kRows` rows from `row` against `kWide` registers of outputs. Meanwhile asks for what the first
/// `kAsks` of `asking` have ahead, spread over the work: prefetches one after the other would fill
/// the processor's line buffers, and what follows them would wait.
template <int kRows, int kWide, bool kWidened, int kAsks>
SIGNALBOX_INLINE void multiplyRows(const OutputRegister* outputs, const OutputRegister* asking,
                                   const float* activations, int row) {
  VectorF even[kRows][kWide];
  VectorF odd[kRows][kWide];
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) even[r][w] = odd[r][w] = VectorF{};
  }
  activations += row * kTileK;
#pragma GCC unroll 2
  for (int pair = 0; pair < kTileK / 2; ++pair) {
    VectorF first[kWide];
    VectorF second[kWide];
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) {
      if (w < kAsks && pair % kParts == 0) {
        __builtin_prefetch(asking[w].ahead + pair / kParts * 64);
      }
      loadPair<kWidened>(outputs[w].weights, pair, first[w], second[w]);
    }
#pragma GCC unroll 16
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
#pragma GCC unroll 16
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 8
    for (int w = 0; w < kWide; ++w) {
      auto* const sum = reinterpret_cast<VectorFAnywhere*>(outputs[w].sums + (row + r) * kPanel);
      *sum = *sum + (even[r][w] + odd[r][w]);
    }
  }
}

// As many rows and outputs at once as there are registers for two sums each: few rows have more
// outputs, some have one register of them, many share what was widened for all.
#if defined(__AVX512F__)
constexpr int kRowsFew = 2;
constexpr int kRowsSome = 12;
constexpr int kRowsMany = 6;
constexpr int kWideMany = 2;
#else
constexpr int kRowsFew = 1;
constexpr int kRowsSome = 5;
constexpr int kRowsMany = 5;
constexpr int kWideMany = 1;
#endif
constexpr int kWideFew = 4;

/// A number as a type.
template <int kValue>
struct Count {
  static constexpr int value = kValue;
};

/// Calls `function` with `value`, from kFrom to kTo, as a type.
template <int kFrom, int kTo, class Function>
SIGNALBOX_INLINE void withCount(int value, const Function& function) {
  if constexpr (kFrom < kTo) {
    if (value == kFrom) return function(Count<kFrom>{});
    withCount<kFrom + 1, kTo>(value, function);
  } else {
    function(Count<kTo>{});
  }
}

/// All of kFrom to kTo rows at once.
template <int kFrom, int kTo, int kWide>
SIGNALBOX_INLINE void multiplyAtOnce(const OutputRegister* outputs, const float* activations,
                                     int rows) {
  withCount<kFrom, kTo>(rows, [&](auto count) __attribute__((always_inline)) {
    multiplyRows<count.value, kWide, false, kWide>(outputs, outputs, activations, 0);
  });
}

/// More than kRowsSome rows, in groups as equal as they can be.
template <int kWide>
SIGNALBOX_INLINE void multiplyGroups(const OutputRegister* outputs, const float* activations,
                                     int rows) {
  static_assert(kRowsSome >= kRowsMany);
  constexpr int kLeast = (kRowsMany + 1) / 2;  // Two groups or more share their rows.
  const int groups = (rows + kRowsMany - 1) / kRowsMany;
  int row = 0;
  for (int group = 0; group < groups; ++group) {
    const int count = rows / groups + (group < rows % groups ? 1 : 0);
    withCount<kLeast, kRowsMany>(count, [&](auto size) __attribute__((always_inline)) {
      if (group < kWide) {
        multiplyRows<size.value, kWide, true, 1>(outputs, outputs + group, activations, row);
      } else {
        multiplyRows<size.value, kWide, true, 0>(outputs, outputs, activations, row);
      }
    });
    row += count;
  }
}

/// One widened tile, part after part.
using WidenedTile = float[kTileK * kPanel];

SIGNALBOX_INLINE void widenTile(const std::uint8_t* tile, float* to) {
  for (int part = 0; part < kParts; ++part) {
    for (int pair = 0; pair < kTileK / 2; ++pair, to += 2 * kLanes) {
      VectorF first;
      VectorF second;
      loadPair<false>(tile + part * kLanes * 4, pair, first, second);
      *reinterpret_cast<VectorFAnywhere*>(to) = first;
      *reinterpret_cast<VectorFAnywhere*>(to + kLanes) = second;
    }
  }
}

/// Adds 32 of k to the sums of `panels` panels, `sumStride` floats apart, and `rows` rows. `ahead`
/// is what to ask memory for meanwhile, 1 KB for each panel; `widened` has a tile for each.
inline void multiplyStep(const std::uint8_t* const* tiles, const std::uint8_t* const* ahead,
                         int panels, const float* activations, int rows, float* sums,
                         std::size_t sumStride, WidenedTile* widened) {
  OutputRegister outputs[4 * kParts];
  const int registers = panels * kParts;
  const bool many = rows > kRowsSome;
  for (int i = 0; i < registers; ++i) {
    const int panel = i / kParts;
    const int part = i % kParts;
    if (many && part == 0) widenTile(tiles[panel], widened[panel]);
    outputs[i] = {many ? reinterpret_cast<const std::uint8_t*>(widened[panel] +
                                                               part * kTileK * kLanes)
                       : tiles[panel] + part * kLanes * 4,
                  ahead[panel] + part * kLanes * 64,
                  sums + static_cast<std::size_t>(panel) * sumStride + part * kLanes};
  }
  int first = 0;
  if (many) {
    for (; registers - first >= kWideMany; first += kWideMany) {
      multiplyGroups<kWideMany>(outputs + first, activations, rows);
    }
    if constexpr (kWideMany > 1) {
      if (first < registers) multiplyGroups<1>(outputs + first, activations, rows);
    }
    return;
  }
  if (rows <= kRowsFew) {
    for (; registers - first >= kWideFew; first += kWideFew) {
      multiplyAtOnce<1, kRowsFew, kWideFew>(outputs + first, activations, rows);
    }
  } else if (rows <= kRowsMany) {
    for (; registers - first >= kWideMany; first += kWideMany) {
      multiplyAtOnce<kRowsFew + 1, kRowsMany, kWideMany>(outputs + first, activations, rows);
    }
  }
  for (; first < registers; ++first) {
    multiplyAtOnce<1, kRowsSome, 1>(outputs + first, activations, rows);
  }
}

}  // namespace
}  // namespace signalbox

#include "kernels_cpu/gemm_vector.inl"
