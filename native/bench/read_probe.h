// How fast this machine reads memory: every thread goes through its part of one large buffer on
// huge pages, with and without prefetching by hand. No engine can stream weights faster.
#pragma once

#include <cstddef>
#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace signalbox::bench {

/// A loop over `bytes` (% 512 == 0) from `from`; what it returns depends on all of them.
using ReadLoop = std::uint64_t (*)(const std::uint8_t* from, std::size_t bytes);

namespace reading {

constexpr std::size_t kAhead = 4096;

#if defined(__x86_64__)

template <bool kPrefetch>
[[gnu::target("avx512f")]] std::uint64_t readAvx512(const std::uint8_t* from, std::size_t bytes) {
  __m512i any[8];
  for (__m512i& part : any) part = _mm512_setzero_si512();
  for (std::size_t at = 0; at < bytes; at += 512) {
#pragma GCC unroll 8
    for (std::size_t j = 0; j < 8; ++j) {
      const std::uint8_t* line = from + at + 64 * j;
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

template <bool kPrefetch>
std::uint64_t readPlain(const std::uint8_t* from, std::size_t bytes) {
  std::uint64_t any[8] = {};
  for (std::size_t at = 0; at < bytes; at += 64) {
    if (kPrefetch) __builtin_prefetch(from + at + kAhead);
    const auto* words = reinterpret_cast<const std::uint64_t*>(from + at);
    for (int j = 0; j < 8; ++j) any[j] |= words[j];
  }
  for (const std::uint64_t part : any) any[0] |= part;
  return any[0];
}

}  // namespace reading

/// The loop for this machine, with or without prefetching by hand: which is faster differs.
inline ReadLoop readLoop(bool prefetch) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) {
    return prefetch ? reading::readAvx512<true> : reading::readAvx512<false>;
  }
#endif
  return prefetch ? reading::readPlain<true> : reading::readPlain<false>;
}

}  // namespace signalbox::bench
