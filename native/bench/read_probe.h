// How fast this machine reads memory: every thread goes through its part of one large buffer on
// huge pages, as one run of lines or as four side by side, with and without prefetching by hand;
// the fastest counts. Four, because the hardware's prefetcher follows each run on its own: one
// alone gets less of a memory that others are using too.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace signalbox::bench {

/// A loop over `bytes` (% 2048 == 0) from `from`; what it returns depends on all of them.
using ReadLoop = std::uint64_t (*)(const std::uint8_t* from, std::size_t bytes);

namespace reading {

constexpr std::size_t kAhead = 4096;
constexpr std::size_t kLine = 64;
/// Lines of a turn of the loop, of all runs together.
constexpr std::size_t kLines = 8;

#if defined(__x86_64__)

template <std::size_t kRuns, bool kPrefetch>
[[gnu::target("avx512f")]] std::uint64_t readAvx512(const std::uint8_t* from, std::size_t bytes) {
  __m512i any[kLines];
  for (__m512i& part : any) part = _mm512_setzero_si512();
  const std::size_t run = bytes / kRuns;
  for (std::size_t at = 0; at < run; at += kLines / kRuns * kLine) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < kLines; ++j) {
      const std::uint8_t* line = from + j % kRuns * run + at + j / kRuns * kLine;
      if (kPrefetch) _mm_prefetch(reinterpret_cast<const char*>(line + kAhead), _MM_HINT_T0);
      any[j] = _mm512_or_si512(any[j], _mm512_loadu_si512(line));
    }
  }
  for (__m512i& part : any) any[0] = _mm512_or_si512(any[0], part);
  // GCC 12 warns of its own _mm512_reduce_or_epi64.
  alignas(64) std::uint64_t words[8];
  _mm512_store_si512(words, any[0]);
  for (const std::uint64_t word : words) words[0] |= word;
  return words[0];
}

#endif

template <std::size_t kRuns, bool kPrefetch>
std::uint64_t readPlain(const std::uint8_t* from, std::size_t bytes) {
  std::uint64_t any[8] = {};
  const std::size_t run = bytes / kRuns;
  for (std::size_t at = 0; at < run; at += kLine) {
    for (std::size_t r = 0; r < kRuns; ++r) {
      const std::uint8_t* line = from + r * run + at;
      if (kPrefetch) __builtin_prefetch(line + kAhead);
      const auto* words = reinterpret_cast<const std::uint64_t*>(line);
      for (int j = 0; j < 8; ++j) any[j] |= words[j];
    }
  }
  for (const std::uint64_t part : any) any[0] |= part;
  return any[0];
}

}  // namespace reading

/// The loops for this machine; which is fastest differs.
inline std::array<ReadLoop, 4> readLoops() {
  using namespace reading;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    return {readAvx512<1, false>, readAvx512<1, true>, readAvx512<4, false>, readAvx512<4, true>};
  }
#endif
  return {readPlain<1, false>, readPlain<1, true>, readPlain<4, false>, readPlain<4, true>};
}

}  // namespace signalbox::bench
