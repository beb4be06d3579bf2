// A device's memory: one allocation for each purpose, taken while loading, in which everything has
// its place. Steps allocate nothing.
#pragma once

#include <string>

#include "device/device.h"

namespace signalbox::cuda {

/// Where the driver's own allocations begin, and what no vector load or asynchronous copy exceeds.
inline constexpr std::size_t kPlaceBytes = 256;

/// Places one after the other, before the memory is there: take them, then DeviceMemory of `bytes`.
class Places {
 public:
  /// The offset of `count` elements of `elementBytes`, a multiple of kPlaceBytes. Throws kNoMemory
  /// where the sum is beyond what can be counted.
  std::size_t take(std::size_t count, std::size_t elementBytes);
  std::size_t bytes() const { return bytes_; }

 private:
  std::size_t bytes_ = 0;
};

/// One allocation, accounted to its purpose as long as it lives (OpenDevice::taken).
class DeviceMemory {
 public:
  /// Throws kNoMemory naming the purpose, what it needs, and what the device has left. 0 bytes take
  /// nothing. What is there is not zeroed.
  DeviceMemory(OpenDevice& device, std::string purpose, std::size_t bytes);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  Address address(std::size_t offset = 0) const { return address_ + offset; }
  /// For the parameters of kernels; nothing on the host looks behind it.
  template <class T>
  T* at(std::size_t offset) const {
    return reinterpret_cast<T*>(static_cast<std::uintptr_t>(address_ + offset));
  }
  std::size_t size() const { return size_; }

 private:
  OpenDevice& device_;
  const std::string purpose_;
  const std::size_t size_;
  Address address_ = 0;
};

}  // namespace signalbox::cuda
