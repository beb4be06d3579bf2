// Sees the largest allocation of the whole executable. Include it in one file of a test.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace signalbox::test {

/// Bytes of the largest since it was last set to 0.
inline std::atomic<std::size_t> largestAllocation{0};

}  // namespace signalbox::test

// Not inlined: GCC 12 takes the inlined pair for a mismatch of new and free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  auto& largest = signalbox::test::largestAllocation;
  if (size > largest.load()) largest = size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
