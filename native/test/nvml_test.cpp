// GPUs as NVML tells of them, by a library of our own that is built beside this test.
#include "device/nvml.h"

#include <unistd.h>

#include <fstream>

#include "check.h"
#include "device/device_reader.h"
#include "temp_folder.h"

using namespace signalbox;

namespace {

constexpr char kTwo[] =
    "driver 580.95.05\n"
    "gpu GPU-aaaa-1 00000000:3B:00.0 1024 NVIDIA H100 80GB HBM3\n"
    "gpu GPU-bbbb-2 00000000:86:00.0 4096 NVIDIA H200\n";

/// The fake's machine.
class Machine {
 public:
  Machine() { setenv("FAKE_NVML", path().c_str(), 1); }
  ~Machine() { unsetenv("FAKE_NVML"); }
  std::string file(const char* name) const { return folder_.of(name); }
  /// Whole at once: whoever reads it meanwhile sees the one before.
  void is(const std::string& text) const {
    std::ofstream(file("next")) << text;
    std::rename(file("next").c_str(), path().c_str());
  }

 private:
  std::string path() const { return file("machine"); }
  test::TempFolder folder_;
};

}  // namespace

TEST("without a library the reading says which one is missing, and looks again the next time") {
  Nvml nvml("libsignalbox-nowhere.so.1");
  for (int i = 0; i < 2; ++i) {
    const DevicesReading reading = nvml.read();
    CHECK(reading.missing.find("no NVIDIA driver: libsignalbox-nowhere.so.1") == 0);
    CHECK(reading.devices.empty());
  }
}

TEST("a library without a driver is not there either, until the driver is loaded") {
  const Machine machine;
  machine.is("init 9\n");
  Nvml nvml(FAKE_NVML_LIBRARY);
  CHECK_SAY(nvml.read().missing == "the NVIDIA driver does not answer: Driver Not Loaded",
            nvml.read().missing);
  machine.is(kTwo);
  CHECK(nvml.read().missing.empty());
}

TEST("a driver without a GPU is a reading of none") {
  const Machine machine;
  machine.is("driver 580.95.05\n");
  const DevicesReading reading = Nvml(FAKE_NVML_LIBRARY).read();
  CHECK(reading.missing.empty());
  CHECK(reading.driver == "580.95.05");
  CHECK(reading.devices.empty());
}

TEST("every figure arrives from its own place") {
  const Machine machine;
  machine.is(std::string(kTwo) + "mig 1 MIG-cccc\n");
  const DevicesReading reading = Nvml(FAKE_NVML_LIBRARY).read();
  CHECK(reading.devices.size() == 2);
  const DeviceReading& first = reading.devices[0];
  CHECK(first.index == 0);
  CHECK(first.uuid == "GPU-aaaa-1");
  CHECK(first.name == "NVIDIA H100 80GB HBM3");
  CHECK(first.busId == "00000000:3B:00.0");
  CHECK(first.memoryTotal == 80ull << 30);
  CHECK(first.memoryUsed == 1024u);
  CHECK(first.utilisation == 37u);
  CHECK(first.temperature == 41u);
  CHECK(first.watts == 312.5);
  CHECK(first.eccUncorrected == 3u);
  CHECK(first.xids.empty() && first.migs.empty() && !first.isLost && first.refused.empty());
  CHECK(reading.devices[1].memoryUsed == 4096u);
  CHECK(reading.devices[1].migs == std::vector<std::string>{"MIG-cccc"});
}

TEST("what a device does not support is absent, and not 0") {
  const Machine machine;
  machine.is(std::string(kTwo) + "bare 0\n");
  const DevicesReading reading = Nvml(FAKE_NVML_LIBRARY).read();
  const DeviceReading& bare = reading.devices[0];
  CHECK(bare.uuid == "GPU-aaaa-1");
  CHECK(!bare.memoryTotal && !bare.memoryUsed && !bare.utilisation && !bare.temperature);
  CHECK(!bare.watts && !bare.eccUncorrected && bare.migs.empty() && !bare.isLost);
  CHECK(reading.devices[1].memoryUsed == 4096u);
}

TEST("a lost device is named, and the others are read as before; a forbidden one says so") {
  const Machine machine;
  machine.is(kTwo);
  Nvml nvml(FAKE_NVML_LIBRARY);
  nvml.read();
  for (const char* line : {"lost 0\n", "falling 0\n"}) {
    machine.is(kTwo + std::string(line));
    const DevicesReading reading = nvml.read();
    CHECK(reading.missing.empty());
    CHECK(reading.devices[0].isLost);
    CHECK(reading.devices[0].uuid == "GPU-aaaa-1");
    CHECK(!reading.devices[0].memoryUsed);
    CHECK(!reading.devices[1].isLost && reading.devices[1].memoryUsed == 4096u);
  }
  machine.is(std::string(kTwo) + "forbidden 1\n");
  const DevicesReading reading = nvml.read();
  CHECK(!reading.devices[0].isLost);
  CHECK(!reading.devices[1].isLost);
  CHECK(reading.devices[1].refused == "Insufficient Permissions");
}

TEST("Xids are counted by device and code, each once, and outlive the loss of the device") {
  const Machine machine;
  machine.is(kTwo);
  Nvml nvml(FAKE_NVML_LIBRARY);
  nvml.read();
  const std::string some = std::string(kTwo) + "xid 1 79\nxid 1 45\nxid 1 45\n";
  machine.is(some);
  CHECK(nvml.read().devices[1].xids.size() == 2);
  machine.is(some + "lost 1\nxid 0 13\n");
  const DevicesReading reading = nvml.read();
  const std::vector<XidReport>& xids = reading.devices[1].xids;
  CHECK(xids.size() == 2);
  CHECK(xids[0].code == 79 && xids[0].count == 1);
  CHECK(xids[1].code == 45 && xids[1].count == 2);
  CHECK(xids[0].at <= xids[1].at);
  CHECK(reading.devices[0].xids.size() == 1 && reading.devices[0].xids[0].code == 13);
}

TEST("what is remembered is of the device, not of its number") {
  const Machine machine;
  const std::string one = "gpu GPU-aaaa-1 00000000:3B:00.0 1024 H100\nxid 0 79\n";
  machine.is(one);
  Nvml nvml(FAKE_NVML_LIBRARY);
  CHECK(nvml.read().devices[0].xids.size() == 1);
  machine.is("gpu GPU-bbbb-2 00000000:86:00.0 4096 H200\nxid 0 79\n");
  const DeviceReading other = nvml.read().devices[0];
  CHECK(other.uuid == "GPU-bbbb-2" && other.name == "H200");
  CHECK(other.xids.empty());
}

TEST("while the driver stands still the last reading is there at once, and no second one begins") {
  const Machine machine;
  machine.is(kTwo);
  DeviceReader& reader = DeviceReader::forLibrary(FAKE_NVML_LIBRARY);
  CHECK(!reader.latest());
  const auto wait = [&](auto&& until) {
    for (int i = 0; i < 30'000 && !until(); ++i) usleep(1000);
    CHECK(until());
  };
  CHECK(reader.begin() == 1);
  wait([&] { return reader.latest().has_value(); });
  const std::string asked = machine.file("asked");
  const auto askedTimes = [&] { return std::ifstream(asked, std::ios::ate).tellg(); };
  machine.is(std::string(kTwo) + "hang\nasked " + asked + "\n");
  CHECK(reader.begin() == 2);
  wait([&] { return askedTimes() == 1; });
  for (int i = 0; i < 3; ++i) CHECK(reader.begin() == 2);
  CHECK(reader.latest()->number == 1);
  CHECK(reader.latest()->reading.devices.size() == 2);
  machine.is(std::string(kTwo) + "asked " + asked + "\n");
  wait([&] { return reader.latest()->number == 2; });
  // Two devices, one reading: the wishes in between began none.
  CHECK(askedTimes() == 2);
  CHECK(reader.begin() == 3);
  wait([&] { return reader.latest()->number == 3; });
}

TEST_MAIN
