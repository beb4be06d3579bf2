// Memory of a device, counted.
#include "device/arena.h"

#include <limits>
#include <utility>

#include "core/error.h"

namespace signalbox::cuda {

std::size_t Places::take(std::size_t count, std::size_t elementBytes) {
  const std::size_t at = (bytes_ + kPlaceBytes - 1) / kPlaceBytes * kPlaceBytes;
  constexpr std::size_t kMost = std::numeric_limits<std::size_t>::max() / 2;
  if (at > kMost || (elementBytes > 0 && count > (kMost - at) / elementBytes)) {
    throw EngineError(ErrorCode::kNoMemory, "more memory is asked for than can be counted");
  }
  bytes_ = at + count * elementBytes;
  return at;
}

DeviceMemory::DeviceMemory(OpenDevice& device, std::string purpose, std::size_t bytes)
    : device_(device), purpose_(std::move(purpose)), size_(bytes) {
  if (bytes == 0) return;
  const OpenDevice::Memory memory = device_.memory();
  device_.check(device_.functions().memAlloc(&address_, bytes),
                "memory for " + purpose_ + " (" + std::to_string(bytes) + " bytes, where " +
                    std::to_string(memory.free) + " of " + std::to_string(memory.total) +
                    " are free)");
  device_.account(purpose_, static_cast<std::int64_t>(bytes));
}

DeviceMemory::~DeviceMemory() {
  if (address_ == 0) return;
  if (device_.useToEnd()) device_.functions().memFree(address_);
  device_.account(purpose_, -static_cast<std::int64_t>(size_));
}

}  // namespace signalbox::cuda
