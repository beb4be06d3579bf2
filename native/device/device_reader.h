// Reads the GPUs on a thread of its own. A driver may stand still for minutes, or for good, when a
// GPU falls off the bus: whoever asks gets the last reading and its age, at once.
//
//   R1. One reading at a time in a process; asking again while one is under way begins none.
//   R2. The thread is never waited for, also not at the end of the process: a call that hangs in
//       the driver would hang the exit. So a reader is never destroyed.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "device/nvml.h"

namespace signalbox {

class DeviceReader {
 public:
  struct Latest {
    /// Counts readings, from 1.
    std::uint64_t number = 0;
    std::chrono::steady_clock::time_point at;
    DevicesReading reading;
  };

  /// The one of this process.
  static DeviceReader& ofProcess();
  /// One of its own, which stays for ever.
  static DeviceReader& forLibrary(std::string library);

  /// Begins a reading unless one is under way; returns the number it has or will have.
  std::uint64_t begin();
  /// The last that has ended; none before the first.
  std::optional<Latest> latest();

 private:
  explicit DeviceReader(std::string library) : nvml_(std::move(library)) {}
  void run();

  std::mutex mutex_;
  std::condition_variable wished_;
  bool isWished_ = false;
  std::uint64_t begun_ = 0;
  std::optional<Latest> latest_;
  /// The thread's alone.
  Nvml nvml_;
  std::thread thread_;
};

}  // namespace signalbox
