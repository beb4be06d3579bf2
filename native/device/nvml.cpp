// NVML's functions by dlopen, one session, and what is remembered of devices between readings.
#include "device/nvml.h"

#include <algorithm>
#include <utility>

#include "device/shared_library.h"

namespace signalbox {

/// nvml.h, by hand. It has a name because members of Nvml are of its types.
namespace nvidia {

using Return = int;
constexpr Return kSuccess = 0;
constexpr Return kGpuIsLost = 15;
struct OpaqueDevice;
struct OpaqueEventSet;
using Device = OpaqueDevice*;
using EventSet = OpaqueEventSet*;
using Count = unsigned long long;

struct PciInfo {
  char busIdLegacy[16];
  unsigned domain;
  unsigned bus;
  unsigned device;
  unsigned pciDeviceId;
  unsigned pciSubSystemId;
  char busId[32];
};
static_assert(sizeof(PciInfo) == 68);

struct Memory {
  Count total;
  Count free;
  Count used;
};

struct Utilisation {
  unsigned gpu;
  unsigned memory;
};

struct EventData {
  Device device;
  Count eventType;
  Count eventData;
  unsigned gpuInstanceId;
  unsigned computeInstanceId;
};
static_assert(sizeof(EventData) == 32);

/// NVML's functions. What a driver lacks stays null, and its field absent.
struct Functions {
  Return (*init)() = nullptr;
  Return (*shutdown)() = nullptr;
  const char* (*errorString)(Return) = nullptr;
  Return (*driverVersion)(char*, unsigned) = nullptr;
  Return (*count)(unsigned*) = nullptr;
  Return (*handle)(unsigned, Device*) = nullptr;
  Return (*name)(Device, char*, unsigned) = nullptr;
  Return (*uuid)(Device, char*, unsigned) = nullptr;
  Return (*pciInfo)(Device, PciInfo*) = nullptr;
  Return (*memory)(Device, Memory*) = nullptr;
  Return (*utilisation)(Device, Utilisation*) = nullptr;
  Return (*temperature)(Device, unsigned, unsigned*) = nullptr;
  Return (*milliwatts)(Device, unsigned*) = nullptr;
  Return (*eccErrors)(Device, int, int, Count*) = nullptr;
  Return (*migsMax)(Device, unsigned*) = nullptr;
  Return (*mig)(Device, unsigned, Device*) = nullptr;
  Return (*eventSetCreate)(EventSet*) = nullptr;
  Return (*eventSetFree)(EventSet) = nullptr;
  Return (*registerEvents)(Device, Count, EventSet) = nullptr;
  Return (*eventSetWait)(EventSet, EventData*, unsigned) = nullptr;
};

}  // namespace nvidia

namespace {

using namespace nvidia;

constexpr Count kXidCriticalError = 0x8;
constexpr unsigned kTemperatureOfGpu = 0;
constexpr int kUncorrected = 1;
constexpr int kVolatile = 0;
/// NVML_DEVICE_NAME_V2_BUFFER_SIZE and NVML_DEVICE_UUID_V2_BUFFER_SIZE are 96.
constexpr unsigned kTextBytes = 96;
/// A machine has 16 at most today.
constexpr unsigned kDevicesMax = 256;
/// Of an A100 or H100 there are 7.
constexpr unsigned kMigsMax = 64;
/// Taken at one reading; the rest waits for the next.
constexpr int kEventsMax = 256;
/// Codes that are told apart for one device; NVIDIA has defined 172.
constexpr std::size_t kXidsMax = 256;

/// False, and library.why() names it, where one is missing that nothing can be read without.
bool findFunctions(SharedLibrary& library, Functions& found) {
  library.find("nvmlShutdown", found.shutdown);
  library.find("nvmlErrorString", found.errorString);
  library.find("nvmlSystemGetDriverVersion", found.driverVersion);
  library.find("nvmlDeviceGetName", found.name);
  library.find("nvmlDeviceGetUUID", found.uuid);
  library.find("nvmlDeviceGetPciInfo_v3", found.pciInfo);
  library.find("nvmlDeviceGetMemoryInfo", found.memory);
  library.find("nvmlDeviceGetUtilizationRates", found.utilisation);
  library.find("nvmlDeviceGetTemperature", found.temperature);
  library.find("nvmlDeviceGetPowerUsage", found.milliwatts);
  library.find("nvmlDeviceGetTotalEccErrors", found.eccErrors);
  library.find("nvmlDeviceGetMaxMigDeviceCount", found.migsMax);
  library.find("nvmlDeviceGetMigDeviceHandleByIndex", found.mig);
  library.find("nvmlEventSetCreate", found.eventSetCreate);
  library.find("nvmlEventSetFree", found.eventSetFree);
  library.find("nvmlDeviceRegisterEvents", found.registerEvents);
  library.find("nvmlEventSetWait_v2", found.eventSetWait);
  return library.find("nvmlInit_v2", found.init) &&
         library.find("nvmlDeviceGetCount_v2", found.count) &&
         library.find("nvmlDeviceGetHandleByIndex_v2", found.handle);
}

/// A library's text of at most `bytes`, ended or not.
std::string textOf(const char* text, std::size_t bytes) {
  return std::string(text, std::find(text, text + bytes, '\0'));
}

/// Asks one device; an answer that it is lost is remembered, every other failure is an absence.
class Asking {
 public:
  explicit Asking(Device device) : device_(device) {}

  template <class Function, class... Arguments>
  bool ask(Function* function, Arguments... arguments) {
    if (function == nullptr || isLost_) return false;
    const Return answer = function(device_, arguments...);
    isLost_ = answer == kGpuIsLost;
    return answer == kSuccess;
  }

  std::string text(Return (*function)(Device, char*, unsigned)) {
    char text[kTextBytes] = {};
    return ask(function, text, kTextBytes) ? textOf(text, kTextBytes) : "";
  }

  bool isLost() const { return isLost_; }

 private:
  Device device_;
  bool isLost_ = false;
};

}  // namespace

/// From nvmlInit to nvmlShutdown.
struct Nvml::Session {
  explicit Session(const std::string& name) : library({name}) {}
  ~Session() {
    if (!isInitialised) return;
    if (events != nullptr && nvml.eventSetFree != nullptr) nvml.eventSetFree(events);
    if (nvml.shutdown != nullptr) nvml.shutdown();
  }

  std::string words(Return answer) const {
    const char* said = nvml.errorString == nullptr ? nullptr : nvml.errorString(answer);
    return said != nullptr ? said : "NVML error " + std::to_string(answer);
  }

  /// Empty when NVML answers, else why not.
  std::string open() {
    if (!library.isOpen()) return "no NVIDIA driver: " + library.why();
    if (!findFunctions(library, nvml)) return "no usable NVIDIA driver: " + library.why();
    const Return answer = nvml.init();
    if (answer != kSuccess) return "the NVIDIA driver does not answer: " + words(answer);
    isInitialised = true;
    const bool canWatch = nvml.registerEvents != nullptr && nvml.eventSetWait != nullptr;
    if (!canWatch || nvml.eventSetCreate == nullptr || nvml.eventSetCreate(&events) != kSuccess) {
      events = nullptr;
    }
    return "";
  }

  SharedLibrary library;
  Functions nvml;
  bool isInitialised = false;
  /// Null: this driver tells nobody of Xids.
  EventSet events = nullptr;
};

/// What is remembered of a device from one reading to the next.
struct Nvml::Known {
  /// Of the present session; null until it has been had.
  Device handle = nullptr;
  std::string uuid;
  std::string name;
  std::string busId;
  std::vector<XidReport> xids;
};

namespace {

void readFigures(const Functions& nvml, Asking& device, DeviceReading& reading) {
  Memory memory{};
  if (device.ask(nvml.memory, &memory)) {
    reading.memoryTotal = memory.total;
    reading.memoryUsed = memory.used;
  }
  Utilisation utilisation{};
  if (device.ask(nvml.utilisation, &utilisation)) reading.utilisation = utilisation.gpu;
  unsigned value = 0;
  if (device.ask(nvml.temperature, kTemperatureOfGpu, &value)) reading.temperature = value;
  if (device.ask(nvml.milliwatts, &value)) reading.watts = value / 1000.0;
  Count errors = 0;
  if (device.ask(nvml.eccErrors, kUncorrected, kVolatile, &errors)) {
    reading.eccUncorrected = errors;
  }
}

std::vector<std::string> readMigs(const Functions& nvml, Asking& device) {
  std::vector<std::string> found;
  unsigned count = 0;
  if (!device.ask(nvml.migsMax, &count)) return found;
  for (unsigned at = 0; at < std::min(count, kMigsMax); ++at) {
    Device mig = nullptr;
    // The numbers have holes where a part is not made.
    if (!device.ask(nvml.mig, at, &mig)) continue;
    std::string uuid = Asking(mig).text(nvml.uuid);
    if (!uuid.empty()) found.push_back(std::move(uuid));
  }
  return found;
}

void noteXid(std::vector<XidReport>& xids, Count code) {
  const auto now = std::chrono::steady_clock::now();
  for (XidReport& it : xids) {
    if (it.code != code) continue;
    it.count += 1;
    it.at = now;
    return;
  }
  if (xids.size() < kXidsMax) xids.push_back({code, 1, now});
}

}  // namespace

Nvml::Nvml(std::string library) : library_(std::move(library)) {}
Nvml::~Nvml() = default;

DevicesReading Nvml::read() {
  DevicesReading reading;
  if (session_ == nullptr) {
    auto session = std::make_unique<Session>(library_);
    reading.missing = session->open();
    if (!reading.missing.empty()) return reading;
    session_ = std::move(session);
    for (Known& it : known_) it.handle = nullptr;
  }
  const Functions& nvml = session_->nvml;
  unsigned count = 0;
  if (const Return answer = nvml.count(&count); answer != kSuccess) {
    reading.missing = "the NVIDIA driver does not count GPUs: " + session_->words(answer);
    session_.reset();
    return reading;
  }
  char driver[kTextBytes] = {};
  if (nvml.driverVersion != nullptr && nvml.driverVersion(driver, kTextBytes) == kSuccess) {
    reading.driver = textOf(driver, kTextBytes);
  }
  count = std::min(count, kDevicesMax);
  known_.resize(std::max<std::size_t>(known_.size(), count));
  std::vector<Return> answers(count);
  for (unsigned index = 0; index < count; ++index) {
    Known& known = known_[index];
    Device handle = nullptr;
    answers[index] = nvml.handle(index, &handle);
    if (answers[index] != kSuccess || handle == known.handle) continue;
    known.handle = handle;
    // One that has no such events refuses, and reports none.
    if (session_->events != nullptr) {
      nvml.registerEvents(handle, kXidCriticalError, session_->events);
    }
  }
  EventData event{};
  for (int taken = 0; session_->events != nullptr && taken < kEventsMax; ++taken) {
    if (nvml.eventSetWait(session_->events, &event, 0) != kSuccess) break;
    if (event.eventType != kXidCriticalError) continue;
    for (Known& it : known_) {
      if (it.handle == event.device) noteXid(it.xids, event.eventData);
    }
  }
  for (unsigned index = 0; index < count; ++index) {
    Known& known = known_[index];
    DeviceReading device;
    device.index = static_cast<int>(index);
    if (answers[index] == kSuccess) {
      Asking asking(known.handle);
      if (std::string uuid = asking.text(nvml.uuid); !uuid.empty()) {
        // After a reset of the driver the number may be another device's.
        if (!known.uuid.empty() && known.uuid != uuid) known = Known{known.handle, {}, {}, {}, {}};
        known.uuid = std::move(uuid);
      }
      if (std::string name = asking.text(nvml.name); !name.empty()) known.name = std::move(name);
      PciInfo pci{};
      if (asking.ask(nvml.pciInfo, &pci)) known.busId = textOf(pci.busId, sizeof pci.busId);
      readFigures(nvml, asking, device);
      device.migs = readMigs(nvml, asking);
      device.isLost = asking.isLost();
    } else {
      device.isLost = answers[index] == kGpuIsLost;
      if (!device.isLost) device.refused = session_->words(answers[index]);
    }
    device.uuid = known.uuid;
    device.name = known.name;
    device.busId = known.busId;
    device.xids = known.xids;
    reading.devices.push_back(std::move(device));
  }
  return reading;
}

}  // namespace signalbox
