// Sees what the whole executable allocates. Include it in one file of a test.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

namespace signalbox::test {

inline std::atomic<std::uint64_t> allocations{0};
/// The largest since it was last set to 0.
inline std::atomic<std::size_t> largestAllocation{0};

}  // namespace signalbox::test

// Not inlined: GCC 12 takes the inlined pair for a mismatch of new and free.
[[gnu::noinline]] void* operator new(std::size_t size) {
  ++signalbox::test::allocations;
  auto& largest = signalbox::test::largestAllocation;
  if (size > largest.load()) largest = size;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
