// Bytes on their way to a device while it is loaded: one half of a piece of pinned memory is filled
// while the other is copied. Each thread has its own.
#pragma once

#include <chrono>
#include <cstring>
#include <string>

#include "core/error.h"
#include "device/device.h"

namespace signalbox::cuda {

class Upload {
 public:
  /// Two halves. `limit`: how long a half may take, before the device is given up.
  Upload(OpenDevice& device, std::size_t halfBytes, std::chrono::milliseconds limit)
      : device_(device),
        limit_(limit),
        halfBytes_(halfBytes),
        pinned_(device, 2 * halfBytes, "loading"),
        stream_(device),
        marks_{Mark(device), Mark(device)} {}

  /// Memory to write `bytes` to, at most halfBytes; `put` comes next.
  std::uint8_t* room(std::size_t bytes) {
    SIGNALBOX_CHECK(bytes <= halfBytes_, std::to_string(bytes));
    if (used_ + bytes > halfBytes_) turn();
    roomBytes_ = bytes;
    return at();
  }
  /// What was written to the last room.
  void put(Address to) {
    stream_.copyIn(to, at(), roomBytes_);
    used_ += roomBytes_;
    roomBytes_ = 0;
  }
  /// Any number of bytes.
  void write(const void* from, std::size_t bytes, Address to) {
    for (std::size_t done = 0; done < bytes;) {
      const std::size_t piece = bytes - done < halfBytes_ ? bytes - done : halfBytes_;
      std::memcpy(room(piece), static_cast<const std::uint8_t*>(from) + done, piece);
      put(to + done);
      done += piece;
    }
  }
  /// Until all is there.
  void finish() {
    turn();
    turn();
  }

 private:
  std::uint8_t* at() const { return pinned_.bytes() + half_ * halfBytes_ + used_; }
  /// The other half is free once its copies are made.
  void turn() {
    marks_[half_].record(stream_);
    half_ = 1 - half_;
    used_ = 0;
    if (marks_[half_].wait(limit_)) return;
    device_.abandon("a copy of weights took longer than " + std::to_string(limit_.count()) +
                    " ms");
    throw EngineError(ErrorCode::kStalled, device_.spent());
  }

  OpenDevice& device_;
  const std::chrono::milliseconds limit_;
  const std::size_t halfBytes_;
  PinnedMemory pinned_;
  OrderedStream stream_;
  Mark marks_[2];
  std::size_t half_ = 0;
  std::size_t used_ = 0;
  std::size_t roomBytes_ = 0;
};

}  // namespace signalbox::cuda
