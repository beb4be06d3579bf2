// One CUDA device of this process: its context, and what is made in it. What the driver answers
// goes through `check`, which knows what an error means.
//
//   D1. After an error that the driver keeps (a kernel's fault, a lost device, memory that broke)
//       the device is spent: every later call throws the first error's sentence, without asking the
//       driver. Streams, events and memory are then left to the end of the context.
//   D2. Nothing here waits without a bound. A device that does not finish in time is given up
//       (`abandon`): then destruction does not touch the driver either, which would wait for it.
//   D3. Destructors never throw.
//   D4. Any thread may call, once it has made the context current in itself (`use`). Of streams and
//       marks each belongs to one thread at a time.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "device/driver.h"

namespace signalbox::cuda {

struct DeviceFacts {
  int index;
  std::string name;
  std::string uuid;  // as nvidia-smi writes it: GPU-xxxxxxxx-xxxx-…
  int major;         // of the compute capability
  int minor;
  int multiprocessors;
  int sharedBytesMax;  // that a block may ask for
};

class OpenDevice {
 public:
  /// Throws kUnavailable: no device of this index, or no context in it.
  OpenDevice(std::shared_ptr<const Driver> driver, int index);
  ~OpenDevice();
  OpenDevice(const OpenDevice&) = delete;
  OpenDevice& operator=(const OpenDevice&) = delete;

  const DeviceFacts& facts() const { return facts_; }
  const Functions& functions() const { return driver_->call(); }

  /// Makes the context current in the calling thread. Throws what `check` throws.
  void use();
  /// The same for destructors: false where there is nothing to be done any more.
  bool useToEnd() noexcept;
  /// Throws what `result`, of `what` ("cuMemAlloc of weights, 13.2 GB"), means: kNoMemory or
  /// kUnavailable. kSuccess is nothing.
  void check(Result result, const std::string& what);
  /// The first error that the driver keeps, as a sentence; empty while the device can be used.
  const std::string& spent() const;
  /// The device stands still: nothing waits for it any more. `why` is what every later call throws.
  void abandon(const std::string& why);

  /// Free and of all, in bytes.
  struct Memory {
    std::uint64_t free;
    std::uint64_t total;
  };
  Memory memory();

  /// Bytes taken on the device now, by purpose.
  std::map<std::string, std::uint64_t> taken() const;

 private:
  friend class DeviceMemory;
  std::string named() const;
  void account(const std::string& purpose, std::int64_t bytes);
  /// The first to come says why.
  void spend(const std::string& why);

  std::shared_ptr<const Driver> driver_;
  DeviceFacts facts_{};
  Device device_ = 0;
  Context context_ = nullptr;
  mutable std::mutex mutex_;
  std::atomic<bool> isSpent_{false};  // spent_ is written before, and then never again
  std::string spent_;
  std::atomic<bool> abandoned_{false};
  std::map<std::string, std::uint64_t> taken_;
};

/// Work in order. Does not wait for the default stream, nor it for this.
class OrderedStream {
 public:
  explicit OrderedStream(OpenDevice& device);
  ~OrderedStream();
  OrderedStream(const OrderedStream&) = delete;
  OrderedStream& operator=(const OrderedStream&) = delete;
  Stream handle() const { return stream_; }

  /// `host` is memory of a PinnedMemory, and stays as it is until the stream is past the copy.
  void copyIn(Address to, const void* host, std::size_t bytes);
  void copyOut(void* host, Address from, std::size_t bytes);
  void copyWithin(Address to, Address from, std::size_t bytes);
  void fill(Address to, std::uint8_t value, std::size_t bytes);

 private:
  OpenDevice& device_;
  Stream stream_ = nullptr;
};

/// A place in a stream.
class Mark {
 public:
  /// `timed`: the device also notes when it is reached, for secondsSince.
  explicit Mark(OpenDevice& device, bool timed = false);
  ~Mark();
  Mark(const Mark&) = delete;
  Mark& operator=(const Mark&) = delete;

  void record(const OrderedStream& stream);
  /// Whether all before the last record is done. Throws what went wrong there.
  bool isReached();
  /// Waits; false when `limit` passes before. Asks ever more seldom: at first at once, then about
  /// every 50 microseconds.
  bool wait(std::chrono::milliseconds limit);
  /// By the device's clock, from one mark to another; both are timed and reached.
  double secondsSince(const Mark& before);

 private:
  OpenDevice& device_;
  Event event_ = nullptr;
};

/// Host memory that the device reads and writes itself.
class PinnedMemory {
 public:
  /// Throws kNoMemory naming `what`.
  PinnedMemory(OpenDevice& device, std::size_t bytes, const std::string& what);
  ~PinnedMemory();
  PinnedMemory(const PinnedMemory&) = delete;
  PinnedMemory& operator=(const PinnedMemory&) = delete;
  std::uint8_t* bytes() const { return bytes_; }
  std::size_t size() const { return size_; }

 private:
  OpenDevice& device_;
  std::uint8_t* bytes_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace signalbox::cuda
