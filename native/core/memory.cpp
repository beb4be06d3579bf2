// Anonymous mappings with huge pages asked for, and how much memory there is to have.
#include "core/memory.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <utility>

#include "core/control_group.h"
#include "core/error.h"

namespace signalbox {

namespace {

constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::uint64_t systemAvailableBytes() {
  std::ifstream file("/proc/meminfo");
  std::string key;
  std::uint64_t kilobytes = 0;
  std::string unit;
  while (file >> key >> kilobytes) {
    std::getline(file, unit);
    if (key == "MemAvailable:") return kilobytes << 10;
  }
  return UINT64_MAX;
}

}  // namespace

HugeBuffer::HugeBuffer(std::size_t bytes, const char* what) : size_(bytes) {
  if (bytes == 0) return;
  // One page more than needed, so that the start can be aligned.
  mapped_ = roundUp(bytes, kHugePage) + kHugePage;
  void* start = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (start == MAP_FAILED) {
    throw EngineError(ErrorCode::kNoMemory, std::string("no memory for ") + what + ": " +
                                                std::to_string(bytes) + " bytes");
  }
  const std::size_t address = reinterpret_cast<std::size_t>(start);
  const std::size_t head = roundUp(address, kHugePage) - address;
  const std::size_t tail = mapped_ - head - roundUp(bytes, kHugePage);
  auto* first = static_cast<std::uint8_t*>(start);
  if (head != 0) munmap(first, head);
  if (tail != 0) munmap(first + mapped_ - tail, tail);
  bytes_ = first + head;
  mapped_ -= head + tail;
  madvise(bytes_, mapped_, MADV_HUGEPAGE);
}

HugeBuffer::~HugeBuffer() {
  if (bytes_ != nullptr) munmap(bytes_, mapped_);
}

HugeBuffer::HugeBuffer(HugeBuffer&& other) noexcept
    : bytes_(std::exchange(other.bytes_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      mapped_(std::exchange(other.mapped_, 0)) {}

HugeBuffer& HugeBuffer::operator=(HugeBuffer&& other) noexcept {
  std::swap(bytes_, other.bytes_);
  std::swap(size_, other.size_);
  std::swap(mapped_, other.mapped_);
  return *this;
}

std::uint64_t availableMemoryBytes() {
  return std::min(systemAvailableBytes(), availableBytes(controlGroupsOfProcess("memory")));
}

}  // namespace signalbox
