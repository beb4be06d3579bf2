// Sixteen lanes of float or int32, the same operations with the same bits on every instruction
// path: one 512-bit register, two of 256 or four of 128, as the unit's flags allow.
//
// Included only by isa_*.cpp. Everything lies in the unit's unnamed namespace and uses no template
// of the standard library and no inline function of another header that is not always_inline, or
// the linker could hand one unit's copy to everybody (kernels.h, K6).
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
// GCC 12's AVX-512 intrinsics read what they themselves call undefined (GCC bug 105593).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#pragma GCC diagnostic ignored "-Wuninitialized"
#include <immintrin.h>
#pragma GCC diagnostic pop
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "core/numeric.h"
#include "core/portable_math.h"

#if defined(__AVX512F__)
#define SIGNALBOX_LANES 16
#elif defined(__AVX2__)
#define SIGNALBOX_LANES 8
#else
#define SIGNALBOX_LANES 4
#endif

#define SIGNALBOX_INLINE [[gnu::always_inline]] inline

namespace signalbox {
namespace {

/// Lanes of one register, and registers of one V16.
constexpr int kLanes = SIGNALBOX_LANES;
constexpr int kParts = 16 / kLanes;

typedef float VectorF __attribute__((vector_size(4 * SIGNALBOX_LANES)));
typedef std::int32_t VectorI __attribute__((vector_size(4 * SIGNALBOX_LANES)));
typedef std::uint32_t VectorU __attribute__((vector_size(4 * SIGNALBOX_LANES)));
typedef float VectorFAnywhere
    __attribute__((vector_size(4 * SIGNALBOX_LANES), aligned(1), may_alias));
typedef std::int32_t VectorIAnywhere
    __attribute__((vector_size(4 * SIGNALBOX_LANES), aligned(1), may_alias));

/// Sixteen floats; lane i is element i in memory.
struct V16 {
  VectorF part[kParts];
};

/// Sixteen int32. Masks are I16 with all or no bits of a lane set.
struct I16 {
  VectorI part[kParts];
};

// Each operation on all parts; kParts is 1, 2 or 4 and the loop disappears.
#define SIGNALBOX_EACH(result, expression)                \
  _Pragma("GCC unroll 4") for (int i = 0; i < kParts; ++i) { \
    (result).part[i] = (expression);                      \
  }

SIGNALBOX_INLINE V16 splat(float value) {
  V16 r;
  SIGNALBOX_EACH(r, value - VectorF{})  // Not a sum: -0 stays -0.
  return r;
}
SIGNALBOX_INLINE I16 splatInt(std::int32_t value) {
  I16 r;
  SIGNALBOX_EACH(r, VectorI{} + value)
  return r;
}
SIGNALBOX_INLINE V16 zeros() {
  V16 r;
  SIGNALBOX_EACH(r, VectorF{})
  return r;
}

/// Any alignment.
SIGNALBOX_INLINE V16 load(const float* from) {
  V16 r;
  SIGNALBOX_EACH(r, *reinterpret_cast<const VectorFAnywhere*>(from + i * kLanes))
  return r;
}
SIGNALBOX_INLINE void store(float* to, V16 a) {
  _Pragma("GCC unroll 4") for (int i = 0; i < kParts; ++i) {
    *reinterpret_cast<VectorFAnywhere*>(to + i * kLanes) = a.part[i];
  }
}
SIGNALBOX_INLINE I16 loadInt(const void* from) {
  I16 r;
  SIGNALBOX_EACH(r, *reinterpret_cast<const VectorIAnywhere*>(static_cast<const char*>(from) +
                                                              i * kLanes * 4))
  return r;
}
SIGNALBOX_INLINE void storeInt(void* to, I16 a) {
  _Pragma("GCC unroll 4") for (int i = 0; i < kParts; ++i) {
    *reinterpret_cast<VectorIAnywhere*>(static_cast<char*>(to) + i * kLanes * 4) = a.part[i];
  }
}
/// The first `count` lanes, 0 to 16, the others zero; reads nothing beyond.
SIGNALBOX_INLINE V16 loadUpTo(const float* from, int count) {
  alignas(64) float lanes[16] = {};
  for (int i = 0; i < count; ++i) lanes[i] = from[i];
  return load(lanes);
}
SIGNALBOX_INLINE void storeUpTo(float* to, V16 a, int count) {
  alignas(64) float lanes[16];
  store(lanes, a);
  for (int i = 0; i < count; ++i) to[i] = lanes[i];
}

SIGNALBOX_INLINE V16 operator+(V16 a, V16 b) {
  V16 r;
  SIGNALBOX_EACH(r, a.part[i] + b.part[i])
  return r;
}
SIGNALBOX_INLINE V16 operator-(V16 a, V16 b) {
  V16 r;
  SIGNALBOX_EACH(r, a.part[i] - b.part[i])
  return r;
}
SIGNALBOX_INLINE V16 operator*(V16 a, V16 b) {
  V16 r;
  SIGNALBOX_EACH(r, a.part[i] * b.part[i])
  return r;
}
SIGNALBOX_INLINE V16 operator/(V16 a, V16 b) {
  V16 r;
  SIGNALBOX_EACH(r, a.part[i] / b.part[i])
  return r;
}
/// a > b ? a : b, so b where either is NaN.
SIGNALBOX_INLINE V16 max(V16 a, V16 b) {
  V16 r;
#if defined(__AVX512F__)
  SIGNALBOX_EACH(r, _mm512_max_ps(a.part[i], b.part[i]))
#elif defined(__AVX2__)
  SIGNALBOX_EACH(r, _mm256_max_ps(a.part[i], b.part[i]))
#elif defined(__x86_64__)
  SIGNALBOX_EACH(r, _mm_max_ps(a.part[i], b.part[i]))
#else
  SIGNALBOX_EACH(r, a.part[i] > b.part[i] ? a.part[i] : b.part[i])
#endif
  return r;
}
/// a < b ? a : b, so b where either is NaN.
SIGNALBOX_INLINE V16 min(V16 a, V16 b) {
  V16 r;
#if defined(__AVX512F__)
  SIGNALBOX_EACH(r, _mm512_min_ps(a.part[i], b.part[i]))
#elif defined(__AVX2__)
  SIGNALBOX_EACH(r, _mm256_min_ps(a.part[i], b.part[i]))
#elif defined(__x86_64__)
  SIGNALBOX_EACH(r, _mm_min_ps(a.part[i], b.part[i]))
#else
  SIGNALBOX_EACH(r, a.part[i] < b.part[i] ? a.part[i] : b.part[i])
#endif
  return r;
}

SIGNALBOX_INLINE I16 asInt(V16 a) {
  I16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorI>(a.part[i]))
  return r;
}
SIGNALBOX_INLINE V16 asFloat(I16 a) {
  V16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorF>(a.part[i]))
  return r;
}
/// Wraps around; so do subtraction and shifts to the left.
SIGNALBOX_INLINE I16 operator+(I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorI>(reinterpret_cast<VectorU>(a.part[i]) +
                                              reinterpret_cast<VectorU>(b.part[i])))
  return r;
}
SIGNALBOX_INLINE I16 operator-(I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorI>(reinterpret_cast<VectorU>(a.part[i]) -
                                              reinterpret_cast<VectorU>(b.part[i])))
  return r;
}
SIGNALBOX_INLINE I16 operator&(I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, a.part[i] & b.part[i])
  return r;
}
SIGNALBOX_INLINE I16 operator|(I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, a.part[i] | b.part[i])
  return r;
}
SIGNALBOX_INLINE I16 operator<<(I16 a, int bits) {
  I16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorI>(reinterpret_cast<VectorU>(a.part[i]) << bits))
  return r;
}
/// Zeros come in from the left.
SIGNALBOX_INLINE I16 operator>>(I16 a, int bits) {
  I16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorI>(reinterpret_cast<VectorU>(a.part[i]) >> bits))
  return r;
}
/// Masks: all bits of a lane, or none.
SIGNALBOX_INLINE I16 equal(I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, a.part[i] == b.part[i])
  return r;
}
SIGNALBOX_INLINE I16 greater(I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, a.part[i] > b.part[i])
  return r;
}
SIGNALBOX_INLINE I16 greater(V16 a, V16 b) {
  I16 r;
  SIGNALBOX_EACH(r, a.part[i] > b.part[i])
  return r;
}
/// mask ? a : b, lane by lane.
SIGNALBOX_INLINE I16 select(I16 mask, I16 a, I16 b) {
  I16 r;
  SIGNALBOX_EACH(r, (mask.part[i] & a.part[i]) | (~mask.part[i] & b.part[i]))
  return r;
}
SIGNALBOX_INLINE V16 select(I16 mask, V16 a, V16 b) {
  return asFloat(select(mask, asInt(a), asInt(b)));
}

/// The vector's halves, lane by lane: combine(i, i + 8), then quarters and so on, down to one
/// value.
template <class Combine>
SIGNALBOX_INLINE float foldLanes(V16 a, const Combine& combine) {
#if defined(__x86_64__)
#if defined(__AVX512F__)
  const __m256 eight = combine(
      _mm512_castps512_ps256(a.part[0]),
      _mm256_castpd_ps(_mm512_extractf64x4_pd(_mm512_castps_pd(a.part[0]), 1)));
  const __m128 four = combine(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#elif defined(__AVX2__)
  const __m256 eight = combine(a.part[0], a.part[1]);
  const __m128 four = combine(_mm256_castps256_ps128(eight), _mm256_extractf128_ps(eight, 1));
#else
  const __m128 four =
      combine(combine(a.part[0], a.part[2]), combine(a.part[1], a.part[3]));
#endif
  const __m128 two = combine(four, _mm_movehl_ps(four, four));
  const __m128 one = combine(two, _mm_shuffle_ps(two, two, 1));
  return _mm_cvtss_f32(one);
#else
  const VectorF four = combine(combine(a.part[0], a.part[2]), combine(a.part[1], a.part[3]));
  const VectorF two = combine(four, VectorF{four[2], four[3], four[2], four[3]});
  const VectorF one = combine(two, VectorF{two[1], two[1], two[1], two[1]});
  return one[0];
#endif
}

/// Lanes i and i + 8, then i + 4, 2, 1 (kernels.h, K5).
SIGNALBOX_INLINE float sumOfLanes(V16 a) {
  return foldLanes(a, [](auto x, auto y) __attribute__((always_inline)) { return x + y; });
}
/// Which of zeros, or whether a number or NaN where there are both, is not said.
SIGNALBOX_INLINE float maxOfLanes(V16 a) {
  return foldLanes(a, [](auto x, auto y) __attribute__((always_inline)) { return x > y ? x : y; });
}

/// Of sixteen pairs of bf16, as they lie in weights and keys: the first and the second of each.
SIGNALBOX_INLINE V16 widenFirst(I16 pairs) { return asFloat(pairs << 16); }
SIGNALBOX_INLINE V16 widenSecond(I16 pairs) {
  return asFloat(pairs & splatInt(static_cast<std::int32_t>(0xffff0000u)));
}
/// Sixteen bf16 in a row.
SIGNALBOX_INLINE V16 loadBf16(const Bf16* from) {
#if defined(__AVX512F__)
  V16 r;
  r.part[0] = reinterpret_cast<VectorF>(_mm512_slli_epi32(
      _mm512_cvtepu16_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from))), 16));
  return r;
#elif defined(__AVX2__)
  V16 r;
  SIGNALBOX_EACH(r, reinterpret_cast<VectorF>(_mm256_slli_epi32(
                        _mm256_cvtepu16_epi32(_mm_loadu_si128(
                            reinterpret_cast<const __m128i*>(from + i * 8))),
                        16)))
  return r;
#else
  alignas(64) std::int32_t lanes[16];
  for (int i = 0; i < 16; ++i) lanes[i] = static_cast<std::int32_t>(std::uint32_t{from[i]} << 16);
  return asFloat(loadInt(lanes));
#endif
}
/// The sixteen roundings of core/numeric.h's floatToBf16, in the low halves of the lanes.
SIGNALBOX_INLINE I16 roundBf16(V16 a) {
  const I16 bits = asInt(a);
  const I16 exponent = bits & splatInt(0x7f800000);
  const I16 upper = bits >> 16;
  const I16 rounded = (bits + splatInt(0x7fff) + (upper & splatInt(1))) >> 16;
  const I16 nan = greater(bits & splatInt(0x7fffffff), splatInt(0x7f800000));
  const I16 zero = equal(exponent, splatInt(0));
  const I16 finite = select(zero, upper & splatInt(0x8000), rounded);
  return select(nan, upper | splatInt(0x40), finite);
}
/// Sixteen bf16 in a row, rounded as floatToBf16 does.
SIGNALBOX_INLINE void storeBf16(Bf16* to, V16 a) {
#if defined(__AVX512BF16__)
  const __m256bh rounded = _mm512_cvtneps_pbh(a.part[0]);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), reinterpret_cast<__m256i>(rounded));
#elif defined(__AVX512F__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to),
                      _mm512_cvtepi32_epi16(reinterpret_cast<__m512i>(roundBf16(a).part[0])));
#else
  alignas(64) std::int32_t lanes[16];
  storeInt(lanes, roundBf16(a));
  for (int i = 0; i < 16; ++i) to[i] = static_cast<Bf16>(lanes[i]);
#endif
}
/// a rounded to bf16 and widened again.
SIGNALBOX_INLINE V16 throughBf16(V16 a) { return asFloat(roundBf16(a) << 16); }

/// core/portable_math.h's portableExp of lanes that are in its range already, the same bits. A NaN
/// whose lowest nine bits are zero stays one. Step by step for all vectors: side by side they hide
/// each other's latency, and one after the other they would fill the scheduler with what must wait.
template <int kCount>
SIGNALBOX_INLINE void expInRange(V16 (&x)[kCount]) {
  V16 rounded[kCount];
  V16 power[kCount];
  _Pragma("GCC unroll 8") for (V16& each : x) each = each * splat(kLog2E);
  _Pragma("GCC unroll 8") for (int v = 0; v < kCount; ++v) rounded[v] = x[v] + splat(kRoundMagic);
  _Pragma("GCC unroll 8") for (int v = 0; v < kCount; ++v) {
    x[v] = x[v] - (rounded[v] - splat(kRoundMagic));
  }
  _Pragma("GCC unroll 8") for (V16& each : power) each = splat(kExp2Coefficients[0]);
  for (int i = 1; i < 7; ++i) {
    const V16 coefficient = splat(kExp2Coefficients[i]);
    _Pragma("GCC unroll 8") for (int v = 0; v < kCount; ++v) {
      power[v] = power[v] * x[v] + coefficient;
    }
  }
  // The lowest nine bits of kRoundMagicBits are zero: taking it away first would change nothing.
  static_assert((kRoundMagicBits & 0x1ff) == 0);
  _Pragma("GCC unroll 8") for (int v = 0; v < kCount; ++v) {
    x[v] = asFloat(asInt(power[v]) + (asInt(rounded[v]) << 23));
  }
}
/// core/portable_math.h's portableExp of each lane, the same bits.
SIGNALBOX_INLINE V16 exp16(V16 x) {
  V16 clamped[1] = {min(max(x, splat(kExpMin)), splat(kExpMax))};
  expInRange(clamped);
  return clamped[0];
}

}  // namespace
}  // namespace signalbox
