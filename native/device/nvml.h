// What NVIDIA's management library (NVML) says of this machine's GPUs. The library comes with the
// driver and is found when it is asked: without one every reading says so.
//
//   N1. What a device does not tell (MIG, virtual machines, no permission) is absent, never 0.
//   N2. A device that has fallen off the bus is one lost device: the others are read as before.
//   N3. Any call may stand still for as long as the driver does: one thread calls, and nobody
//       waits for it without a bound (device_reader.h).
//
// Names, numbers and layouts are those of nvml.h since driver 450: NVIDIA keeps them for ever.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace signalbox {

/// An Xid that a device reported while it was read; Xids before that are in the kernel's log alone.
struct XidReport {
  std::uint64_t code = 0;
  std::uint64_t count = 0;
  /// Of the last one: when it was taken, at most one reading after it happened.
  std::chrono::steady_clock::time_point at;
};

struct DeviceReading {
  /// As nvidia-smi counts: by PCI bus, which need not be CUDA's order.
  int index = 0;
  /// Empty where it does not say.
  std::string uuid;
  std::string name;
  std::string busId;
  /// UUIDs of the MIG devices that it is cut into.
  std::vector<std::string> migs;
  /// Bytes; what the driver keeps for itself counts as used.
  std::optional<std::uint64_t> memoryTotal;
  std::optional<std::uint64_t> memoryUsed;
  /// Percent of the last sample period in which a kernel ran.
  std::optional<unsigned> utilisation;
  /// Celsius.
  std::optional<unsigned> temperature;
  std::optional<double> watts;
  /// Uncorrected memory errors since the driver was loaded.
  std::optional<std::uint64_t> eccUncorrected;
  /// By code, in the order in which they first came.
  std::vector<XidReport> xids;
  /// It has fallen off the bus; names and Xids are those of before.
  bool isLost = false;
  /// Why nothing is known of it; empty: something is.
  std::string refused;
};

struct DevicesReading {
  /// Why there is nothing to read, as a sentence; empty: NVML answers.
  std::string missing;
  std::string driver;
  std::vector<DeviceReading> devices;
};

class Nvml {
 public:
  /// Nothing is opened before the first reading. `library`: as dlopen(3) finds it.
  explicit Nvml(std::string library = "libnvidia-ml.so.1");
  ~Nvml();

  /// Every device as it is now. A library that was not there, or stopped answering, is opened anew.
  DevicesReading read();

 private:
  struct Session;
  struct Known;

  std::string library_;
  std::unique_ptr<Session> session_;
  /// By index; it outlives sessions, for a lost device tells nobody who it was.
  std::vector<Known> known_;
};

}  // namespace signalbox
