// How fast this machine multiplies and adds from registers, one loop per instruction path. The
// operands are random: with zeros or ones the same AMX loop runs up to 1.3 times faster, because
// fewer wires switch and the clock stays higher.
//
// It detects for itself and shares no code with the kernels: it is what they are judged by.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace signalbox::bench {

/// Random operands: bf16 bits between -0.5 and 0.5, and floats alike.
struct Operands {
  alignas(64) std::uint16_t bf16[4][512];
  alignas(64) float fp32[32][16];

  explicit Operands(std::uint64_t seed) {
    const auto next = [&seed] {
      seed ^= seed << 13;
      seed ^= seed >> 7;
      seed ^= seed << 17;
      return static_cast<float>(seed >> 40) / 16777216.0f - 0.5f;
    };
    for (auto& tile : bf16) {
      for (std::uint16_t& bits : tile) {
        const float value = next();
        std::uint32_t word;
        std::memcpy(&word, &value, sizeof word);
        bits = static_cast<std::uint16_t>(word >> 16);
      }
    }
    for (auto& row : fp32) {
      for (float& value : row) value = next();
    }
  }
};

/// `run(operands, rounds)` keeps one core multiplying; `flops` is what a round does.
struct ArithmeticKind {
  const char* name;
  bool (*here)();
  double flops;
  void (*run)(const Operands& operands, long rounds);
};

namespace arithmetic {

#if defined(__x86_64__)

/// Twelve independent sums cover the latency on every core so far. The loops over them are unrolled
/// throughout, or the compiler would keep the sums in memory.
constexpr int kChains = 12;

inline bool amxHere() {
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileState = 18;              // XFEATURE_XTILEDATA
  return __builtin_cpu_supports("amx-tile") && __builtin_cpu_supports("amx-bf16") &&
         syscall(SYS_arch_prctl, kRequestPermission, kTileState) == 0;
}

struct alignas(64) TileConfig {
  std::uint8_t palette = 1;
  std::uint8_t startRow = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t rowBytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};

[[gnu::target("amx-tile,amx-bf16")]] inline void runAmx(const Operands& operands, long rounds) {
  const TileConfig config;
  // GCC 12 takes 8 of the 64 bytes for the instruction's input and drops the stores of the others.
  asm volatile("" ::"r"(&config) : "memory");
  _tile_loadconfig(&config);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, operands.bf16[0], 64);
  _tile_loadd(5, operands.bf16[1], 64);
  _tile_loadd(6, operands.bf16[2], 64);
  _tile_loadd(7, operands.bf16[3], 64);
  for (long i = 0; i < rounds; ++i) {
    _tile_dpbf16ps(0, 4, 6);
    _tile_dpbf16ps(1, 4, 7);
    _tile_dpbf16ps(2, 5, 6);
    _tile_dpbf16ps(3, 5, 7);
  }
  _tile_release();
}

[[gnu::target("avx512f,avx512bf16")]] inline void runAvx512Bf16(const Operands& operands,
                                                                long rounds) {
  __m512 sums[kChains];
#pragma GCC unroll 16
  for (int j = 0; j < kChains; ++j) sums[j] = _mm512_load_ps(operands.fp32[j]);
  const __m512i left = _mm512_load_si512(operands.bf16[0]);
  const __m512i right = _mm512_load_si512(operands.bf16[1]);
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kChains; ++j) {
      asm volatile("vdpbf16ps %2, %1, %0" : "+v"(sums[j]) : "v"(left), "v"(right));
    }
  }
}

[[gnu::target("avx512f")]] inline void runAvx512(const Operands& operands, long rounds) {
  __m512 sums[kChains];
#pragma GCC unroll 16
  for (int j = 0; j < kChains; ++j) sums[j] = _mm512_load_ps(operands.fp32[j]);
  const __m512 left = _mm512_load_ps(operands.fp32[16]);
  const __m512 right = _mm512_load_ps(operands.fp32[17]);
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kChains; ++j) {
      asm volatile("vfmadd231ps %2, %1, %0" : "+v"(sums[j]) : "v"(left), "v"(right));
    }
  }
}

[[gnu::target("avx2,fma")]] inline void runAvx2(const Operands& operands, long rounds) {
  __m256 sums[kChains];
#pragma GCC unroll 16
  for (int j = 0; j < kChains; ++j) sums[j] = _mm256_load_ps(operands.fp32[j]);
  const __m256 left = _mm256_load_ps(operands.fp32[16]);
  const __m256 right = _mm256_load_ps(operands.fp32[17]);
  for (long i = 0; i < rounds; ++i) {
#pragma GCC unroll 16
    for (int j = 0; j < kChains; ++j) {
      asm volatile("vfmadd231ps %2, %1, %0" : "+x"(sums[j]) : "x"(left), "x"(right));
    }
  }
}

#endif

/// What the compiler makes of plain floats, for machines without any of the above.
inline void runScalar(const Operands& operands, long rounds) {
  float sums[16];
  std::memcpy(sums, operands.fp32[0], sizeof sums);
  for (long i = 0; i < rounds; ++i) {
    for (int j = 0; j < 16; ++j) sums[j] += operands.fp32[16][j] * operands.fp32[17][j];
    for (float& sum : sums) asm volatile("" : "+m"(sum));
  }
}

inline bool always() { return true; }

}  // namespace arithmetic

/// The kinds of this build, fastest first; the names are those of the engine's instruction paths.
inline const std::vector<ArithmeticKind>& arithmeticKinds() {
  using namespace arithmetic;
  static const std::vector<ArithmeticKind> kinds = {
#if defined(__x86_64__)
      {"amx", amxHere, 4.0 * 2 * 16 * 16 * 32, runAmx},
      {"avx512_bf16",
       [] { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16"); },
       2.0 * 32 * kChains, runAvx512Bf16},
      {"avx512", [] { return __builtin_cpu_supports("avx512f") != 0; }, 2.0 * 16 * kChains,
       runAvx512},
      {"avx2", [] { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); },
       2.0 * 8 * kChains, runAvx2},
#endif
      {"scalar", always, 2.0 * 16, runScalar},
  };
  return kinds;
}

}  // namespace signalbox::bench
