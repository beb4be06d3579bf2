// One thread that reads the devices, and those who wait for it no longer than they like.
#include "device/device_reader.h"

#include <utility>

namespace signalbox {

DeviceReader& DeviceReader::ofProcess() {
  static DeviceReader& reader = forLibrary("libnvidia-ml.so.1");
  return reader;
}

DeviceReader& DeviceReader::forLibrary(std::string library) {
  return *new DeviceReader(std::move(library));
}

std::uint64_t DeviceReader::begin() {
  std::lock_guard lock(mutex_);
  const std::uint64_t ended = latest_ ? latest_->number : 0;
  if (begun_ > ended) return begun_;
  if (!thread_.joinable()) thread_ = std::thread([this] { run(); });
  isWished_ = true;
  wished_.notify_one();
  return ++begun_;
}

std::optional<DeviceReader::Latest> DeviceReader::latest() {
  std::lock_guard lock(mutex_);
  return latest_;
}

void DeviceReader::run() {
  for (std::uint64_t number = 1;; ++number) {
    {
      std::unique_lock lock(mutex_);
      wished_.wait(lock, [this] { return isWished_; });
      isWished_ = false;
    }
    DevicesReading reading;
    try {
      reading = nvml_.read();
    } catch (const std::exception& reason) {
      reading.missing = std::string("the GPUs cannot be read: ") + reason.what();
    }
    std::lock_guard lock(mutex_);
    latest_ = Latest{number, std::chrono::steady_clock::now(), std::move(reading)};
  }
}

}  // namespace signalbox
