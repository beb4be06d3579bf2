// Large memory: anonymous, 2 MiB aligned, on huge pages where the system grants them.
//
// Weights on 4 KiB pages are read at two thirds of the speed (notes of the benchmarks), so whatever
// is streamed on every step lives here. Memory is zero when it is new.
#pragma once

#include <cstddef>
#include <cstdint>

namespace signalbox {

class HugeBuffer {
 public:
  HugeBuffer() = default;
  /// Throws kNoMemory naming `what`. `bytes` may be 0.
  HugeBuffer(std::size_t bytes, const char* what);
  ~HugeBuffer();
  HugeBuffer(HugeBuffer&& other) noexcept;
  HugeBuffer& operator=(HugeBuffer&& other) noexcept;
  HugeBuffer(const HugeBuffer&) = delete;
  HugeBuffer& operator=(const HugeBuffer&) = delete;

  std::uint8_t* bytes() const { return bytes_; }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(bytes_);
  }
  std::size_t size() const { return size_; }

 private:
  std::uint8_t* bytes_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
};

/// Bytes of memory this process may still take: the smaller of what the system has available and
/// what its control groups leave.
std::uint64_t availableMemoryBytes();

inline constexpr std::size_t roundUp(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

}  // namespace signalbox
