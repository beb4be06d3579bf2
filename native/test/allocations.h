// Sees every allocation of the test that includes it: operator new of the whole executable. For one
// file of an executable.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace signalbox::test {

/// The largest since it was last set to 0.
inline std::atomic<std::size_t> largestAllocation{0};

}  // namespace signalbox::test

// Not inlined: the compiler would warn of free() for what operator new returned.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  auto& largest = signalbox::test::largestAllocation;
  if (bytes > largest.load()) largest = bytes;
  if (void* memory = std::malloc(bytes)) return memory;
  throw std::bad_alloc();
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
