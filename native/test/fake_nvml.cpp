// A libnvidia-ml.so.1 for tests. Its machine is the file that FAKE_NVML names, read at every call,
// so that a test may change it at any moment; without the variable it has no GPU. A line each:
//
//   driver VERSION
//   init CODE                   nvmlInit_v2 answers so
//   gpu UUID BUS USED NAME      one more GPU of 80 GiB, with USED bytes of them in use
//   bare INDEX                  it answers NOT_SUPPORTED to all that may be missing
//   lost INDEX | forbidden INDEX
//   falling INDEX               it can be had still, and is lost for whoever asks it something
//   mig INDEX UUID              one more part of it, behind a hole in the numbers
//   xid INDEX CODE              one more event: each line is delivered once
//   hang                        whoever asks for memory waits until the line is gone
//   asked FILE                  a byte is appended to FILE for each time that memory was asked for
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

enum Return {
  kOk = 0,
  kNotSupported = 3,
  kForbidden = 4,
  kNotFound = 6,
  kTimeout = 10,
  kLost = 15
};

struct Gpu {
  std::string uuid, bus, name;
  unsigned long long used = 0;
  bool isBare = false, isLost = false, isFalling = false, isForbidden = false;
  std::vector<std::string> migs;
};

struct Xid {
  unsigned gpu;
  unsigned long long code;
};

struct Machine {
  std::string driver = "580.00";
  int init = kOk;
  bool hangs = false;
  std::string asked;
  std::vector<Gpu> gpus;
  std::vector<Xid> xids;
};

Machine machineNow() {
  Machine machine;
  const char* path = std::getenv("FAKE_NVML");
  std::ifstream file(path != nullptr ? path : "/dev/null");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string word;
    words >> word;
    if (word == "driver") words >> machine.driver;
    if (word == "init") words >> machine.init;
    if (word == "hang") machine.hangs = true;
    if (word == "asked") words >> machine.asked;
    if (word == "gpu") {
      Gpu gpu;
      words >> gpu.uuid >> gpu.bus >> gpu.used >> std::ws;
      std::getline(words, gpu.name);
      machine.gpus.push_back(gpu);
    }
    std::size_t index = 0;
    if (word == "xid") {
      Xid xid{};
      words >> xid.gpu >> xid.code;
      machine.xids.push_back(xid);
    } else if (!(words >> index) || index >= machine.gpus.size()) {
      continue;
    }
    if (word == "bare") machine.gpus[index].isBare = true;
    if (word == "lost") machine.gpus[index].isLost = true;
    if (word == "falling") machine.gpus[index].isFalling = true;
    if (word == "forbidden") machine.gpus[index].isForbidden = true;
    if (word == "mig") {
      std::string uuid;
      words >> uuid;
      machine.gpus[index].migs.push_back(uuid);
    }
  }
  return machine;
}

// Handles: the device's index + 1, and for a part of it 1000 times the part's place beside that.
using Device = void*;
Device handleOf(std::size_t gpu, std::size_t mig) {
  return reinterpret_cast<Device>(gpu + 1 + 1000 * mig);
}
std::size_t gpuOf(Device device) { return reinterpret_cast<std::size_t>(device) % 1000 - 1; }
std::size_t migOf(Device device) { return reinterpret_cast<std::size_t>(device) / 1000; }

/// Ok and the GPU, or what a call for it answers. `basic`: a bare one has it too.
int gpuAt(Device device, bool basic, Gpu& gpu) {
  gpu = machineNow().gpus.at(gpuOf(device));
  if (gpu.isLost || gpu.isFalling) return kLost;
  return gpu.isBare && !basic ? kNotSupported : kOk;
}

int give(const std::string& text, char* to, unsigned bytes) {
  std::snprintf(to, bytes, "%s", text.c_str());
  return kOk;
}

std::size_t delivered = 0;
bool isRegistered[16] = {};

}  // namespace

#define NVML extern "C" __attribute__((visibility("default")))

struct PciInfo {
  char legacy[16];
  unsigned numbers[5];
  char busId[32];
};
struct Event {
  Device device;
  unsigned long long type, data;
  unsigned instances[2];
};

NVML int nvmlInit_v2() { return machineNow().init; }
NVML int nvmlShutdown() { return kOk; }
NVML const char* nvmlErrorString(int code) {
  return code == 9 ? "Driver Not Loaded" : code == kForbidden ? "Insufficient Permissions" : "?";
}
NVML int nvmlSystemGetDriverVersion(char* text, unsigned bytes) {
  return give(machineNow().driver, text, bytes);
}
NVML int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(machineNow().gpus.size());
  return kOk;
}
NVML int nvmlDeviceGetHandleByIndex_v2(unsigned index, Device* device) {
  const Gpu gpu = machineNow().gpus.at(index);
  if (gpu.isForbidden) return kForbidden;
  if (gpu.isLost) return kLost;
  *device = handleOf(index, 0);
  return kOk;
}
NVML int nvmlDeviceGetName(Device device, char* text, unsigned bytes) {
  Gpu gpu;
  const int answer = gpuAt(device, true, gpu);
  return answer == kOk ? give(gpu.name, text, bytes) : answer;
}
NVML int nvmlDeviceGetUUID(Device device, char* text, unsigned bytes) {
  Gpu gpu;
  const int answer = gpuAt(device, true, gpu);
  if (answer != kOk) return answer;
  return give(migOf(device) == 0 ? gpu.uuid : gpu.migs.at(migOf(device) - 1), text, bytes);
}
NVML int nvmlDeviceGetPciInfo_v3(Device device, PciInfo* pci) {
  Gpu gpu;
  const int answer = gpuAt(device, true, gpu);
  return answer == kOk ? give(gpu.bus, pci->busId, sizeof pci->busId) : answer;
}
NVML int nvmlDeviceGetMemoryInfo(Device device, unsigned long long* memory) {
  if (const std::string asked = machineNow().asked; !asked.empty()) {
    std::ofstream(asked, std::ios::app) << '.';
  }
  while (machineNow().hangs) usleep(2000);
  Gpu gpu;
  const int answer = gpuAt(device, false, gpu);
  memory[0] = 80ull << 30;
  memory[1] = memory[0] - gpu.used;
  memory[2] = gpu.used;
  return answer;
}
NVML int nvmlDeviceGetUtilizationRates(Device device, unsigned* rates) {
  Gpu gpu;
  rates[0] = 37;
  rates[1] = 12;
  return gpuAt(device, false, gpu);
}
NVML int nvmlDeviceGetTemperature(Device device, unsigned sensor, unsigned* celsius) {
  Gpu gpu;
  *celsius = sensor == 0 ? 41 : 0;
  return gpuAt(device, false, gpu);
}
NVML int nvmlDeviceGetPowerUsage(Device device, unsigned* milliwatts) {
  Gpu gpu;
  *milliwatts = 312'500;
  return gpuAt(device, false, gpu);
}
NVML int nvmlDeviceGetTotalEccErrors(Device device, int kind, int since,
                                     unsigned long long* count) {
  Gpu gpu;
  *count = kind == 1 && since == 0 ? 3 : 0;
  return gpuAt(device, false, gpu);
}
NVML int nvmlDeviceGetMaxMigDeviceCount(Device device, unsigned* count) {
  Gpu gpu;
  *count = 7;
  return gpuAt(device, false, gpu);
}
NVML int nvmlDeviceGetMigDeviceHandleByIndex(Device device, unsigned at, Device* mig) {
  Gpu gpu;
  const int answer = gpuAt(device, false, gpu);
  if (answer != kOk) return answer;
  if (at == 0 || at > gpu.migs.size()) return kNotFound;
  *mig = handleOf(gpuOf(device), at);
  return kOk;
}
NVML int nvmlEventSetCreate(void** set) {
  *set = &delivered;
  return kOk;
}
NVML int nvmlEventSetFree(void*) { return kOk; }
NVML int nvmlDeviceRegisterEvents(Device device, unsigned long long types, void* set) {
  if (types != 8 || set != &delivered) return 2;
  isRegistered[gpuOf(device)] = true;
  return kOk;
}
NVML int nvmlEventSetWait_v2(void*, Event* event, unsigned) {
  const Machine machine = machineNow();
  for (; delivered < machine.xids.size(); ++delivered) {
    const Xid& xid = machine.xids[delivered];
    if (!isRegistered[xid.gpu]) continue;
    *event = {handleOf(xid.gpu, 0), 8, xid.code, {0, 0}};
    delivered += 1;
    return kOk;
  }
  return kTimeout;
}
