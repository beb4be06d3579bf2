// Kernels of kernels_cuda on the emulated device, beside the CPU's: launches with exactly the
// memory that a kernel is told of.
#pragma once

#include <memory>
#include <vector>

#include "kernels_cuda/device.h"
#include "test/attention_rig.h"

namespace signalbox::test {

/// The path the device is compared with.
inline const Kernels& oracle() { return *kernelsNamed("scalar"); }

/// How often something is tried: real threads under ThreadSanitizer cost a hundred times more.
inline int rounds(int count) { return emulation::kRealThreads ? (count + 15) / 16 : count; }

/// Memory of exactly these elements, 16-byte aligned, which begins as 0xff.
template <class T>
class Exact {
 public:
  explicit Exact(std::size_t count) : count_(count), at_(new std::uint8_t[count * sizeof(T)]) {
    std::memset(at_.get(), 0xff, count * sizeof(T));
  }
  explicit Exact(const std::vector<T>& values) : Exact(values.size()) {
    if (count_ > 0) std::memcpy(at_.get(), values.data(), count_ * sizeof(T));
  }
  T* get() { return reinterpret_cast<T*>(at_.get()); }
  T& operator[](std::size_t i) { return get()[i]; }
  std::vector<T> copy() { return std::vector<T>(get(), get() + count_); }

 private:
  std::size_t count_;
  std::unique_ptr<std::uint8_t[]> at_;
};

inline std::vector<float> normals(std::size_t count, Random& random, float scale = 1) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(random.normal() * scale);
  return values;
}

}  // namespace signalbox::test
