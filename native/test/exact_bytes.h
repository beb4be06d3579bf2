// Memory whose end is where a page begins that nobody may touch: a vector or a tile that reads or
// writes a byte beyond ends the test, also in the code that no sanitizer watches (CMakeLists.txt).
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <utility>
#include <vector>

namespace signalbox::test {

/// Runs of exactly so many bytes, each with such a page of its own behind it. A run begins on a
/// 64-byte boundary when its size is a multiple of 64.
class ExactBytes {
 public:
  ExactBytes() = default;
  /// `runs` of `bytes` each, stride() apart. Every byte that may be touched is `fill`.
  explicit ExactBytes(std::size_t bytes, int fill = 0xff, std::size_t runs = 1)
      : bytes_(bytes), runs_(runs) {
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    room_ = (bytes + page - 1) / page * page;
    stride_ = room_ + page;
    void* const start =
        mmap(nullptr, runs * stride_, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (start == MAP_FAILED) throw std::runtime_error("no memory for a test");
    start_ = static_cast<std::uint8_t*>(start);
    for (std::size_t run = 0; run < runs && room_ != 0; ++run) {
      std::uint8_t* const first = start_ + run * stride_;
      if (mprotect(first, room_, PROT_READ | PROT_WRITE) != 0) {
        throw std::runtime_error("no memory for a test");
      }
      std::memset(first, fill, room_);
    }
  }
  /// A copy of the values, in one run.
  template <class T>
  explicit ExactBytes(const std::vector<T>& values) {
    copyFrom(values.data(), values.size());
  }
  ExactBytes(ExactBytes&& other) noexcept { swap(other); }
  ExactBytes& operator=(ExactBytes&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ExactBytes() {
    if (start_ != nullptr) munmap(start_, runs_ * stride_);
  }

  /// From now on one run of `bytes`, all `fill`; in the same memory where that is large enough.
  void assign(std::size_t bytes, int fill = 0xff) {
    if (start_ == nullptr || bytes > room_) *this = ExactBytes(bytes, fill);
    bytes_ = bytes;
    if (bytes != 0) std::memset(get(), fill, bytes);
  }
  template <class T>
  void copyFrom(const T* values, std::size_t count) {
    assign(count * sizeof(T));
    if (count != 0) std::memcpy(get(), values, count * sizeof(T));
  }

  std::uint8_t* get(std::size_t run = 0) const {
    return start_ + run * stride_ + room_ - bytes_;
  }
  template <class T>
  T* as() const {
    return reinterpret_cast<T*>(get());
  }
  std::size_t stride() const { return stride_; }
  /// Of the first run.
  std::vector<std::uint8_t> copy() const { return {get(), get() + bytes_}; }
  /// Of all runs, with what may be touched before each: nobody should have written there either.
  std::vector<std::uint8_t> copyAll() const {
    std::vector<std::uint8_t> all;
    all.reserve(runs_ * room_);
    for (std::size_t run = 0; run < runs_; ++run) {
      const std::uint8_t* const first = start_ + run * stride_;
      all.insert(all.end(), first, first + room_);
    }
    return all;
  }

 private:
  void swap(ExactBytes& other) noexcept {
    std::swap(start_, other.start_);
    std::swap(room_, other.room_);
    std::swap(stride_, other.stride_);
    std::swap(bytes_, other.bytes_);
    std::swap(runs_, other.runs_);
  }

  std::uint8_t* start_ = nullptr;
  std::size_t room_ = 0;    // that may be touched, whole pages of each run
  std::size_t stride_ = 0;  // with the page behind
  std::size_t bytes_ = 0;   // the last of the room
  std::size_t runs_ = 0;
};

}  // namespace signalbox::test
