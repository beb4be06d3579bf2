// Counts what the whole executable allocates. Include it in one file of a test. Sanitizers bring an
// allocator of their own, which is left to them.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#include "check.h"

namespace signalbox::test {

inline std::atomic<std::uint64_t> allocations{0};

inline void needAllocationsCounted() {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  throw Skipped("allocations are the sanitizer's");
#endif
}

}  // namespace signalbox::test

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Not inlined: GCC 12 takes the inlined pair for a mismatch of new and free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++signalbox::test::allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif
