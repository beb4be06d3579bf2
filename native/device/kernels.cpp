// Machine code read, checked and loaded.
#include "device/kernels.h"

#include <fstream>
#include <iterator>
#include <utility>

// Made while compiling, by kernel_identity.cmake.
#include <device/kernel_identity.h>

#include "core/error.h"

namespace signalbox::cuda {

namespace {

/// Machine code of sm_90a runs on this compute capability and on no other.
constexpr int kMajor = 9;
constexpr int kMinor = 0;

/// False where it cannot be read.
bool readFile(const std::string& path, std::string& bytes) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return false;
  bytes.assign(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  return !file.bad();
}

std::string counted(const std::string& name) { return std::to_string(name.size()) + name; }

}  // namespace

const char* kernelIdentity() { return SIGNALBOX_KERNEL_IDENTITY; }

std::string kernelSymbol(const std::string& name, const std::string& params) {
  return "_ZN9signalbox" + counted(name) + "ENS_" + counted(params) + "E";
}

std::string kernelSymbol(const std::string& name, const std::string& arguments,
                         const std::string& params) {
  return "_ZN9signalbox" + counted(name) + "I" + arguments + "EEvNS_" + counted(params) + "E";
}

KernelLibrary::KernelLibrary(OpenDevice& device, std::string folder)
    : device_(device), folder_(std::move(folder)) {
  const DeviceFacts& facts = device_.facts();
  if (facts.major != kMajor || facts.minor != kMinor) {
    refuseDevice("cuda:" + std::to_string(facts.index) + " is a " + facts.name +
                " of compute capability " + std::to_string(facts.major) + "." +
                std::to_string(facts.minor) +
                ", and the kernels' machine code is for 9.0 (H100, H200) alone");
  }
  std::string made;
  if (!readFile(folder_ + "/identity", made)) {
    refuseDevice("the kernels' machine code is not in " + folder_ +
                ": `npm run build:cuda` makes it");
  }
  if (made != kernelIdentity()) {
    refuseDevice("the kernels' machine code in " + folder_ +
                " was made of other sources than this engine: `npm run build:cuda` and `npm run "
                "build:native` make both anew");
  }
}

KernelLibrary::~KernelLibrary() {
  if (!device_.useToEnd()) return;
  for (const auto& [file, module] : modules_) device_.functions().moduleUnload(module);
}

Module KernelLibrary::moduleOf(const std::string& file) {
  if (const auto known = modules_.find(file); known != modules_.end()) return known->second;
  const std::string path = folder_ + "/" + file + ".cubin";
  std::string image;
  if (!readFile(path, image)) {
    refuseDevice(path + " is not there: `npm run build:cuda` makes it");
  }
  device_.use();
  Module module = nullptr;
  const Result loaded = device_.functions().moduleLoadData(&module, image.c_str());
  if (loaded == kInvalidImage || loaded == kNoBinaryForGpu) {
    refuseDevice(path + " is not machine code for " + device_.facts().name +
                ": `npm run build:cuda` makes it anew");
  }
  device_.check(loaded, "cuModuleLoadData of " + path);
  modules_.emplace(file, module);
  return module;
}

Function KernelLibrary::functionOf(const std::string& file, const std::string& symbol,
                                   const std::string& name, int sharedBytes) {
  Function function = nullptr;
  const Result found =
      device_.functions().moduleGetFunction(&function, moduleOf(file), symbol.c_str());
  if (found == kNotFound) {
    refuseDevice(folder_ + "/" + file + ".cubin has no " + symbol +
                ": `npm run build:cuda` makes it anew");
  }
  device_.check(found, "cuModuleGetFunction of " + name);
  if (sharedBytes > device_.facts().sharedBytesMax) {
    refuseDevice(name + " needs " + std::to_string(sharedBytes) + " bytes of shared memory, and " +
                device_.facts().name + " has " +
                std::to_string(device_.facts().sharedBytesMax));
  }
  if (sharedBytes > kSharedBytesUnasked) {
    device_.check(
        device_.functions().funcSetAttribute(function, kMaxDynamicSharedBytes, sharedBytes),
        "cuFuncSetAttribute of " + name);
  }
  return function;
}

}  // namespace signalbox::cuda
