// The kernels' machine code (`npm run build:cuda`), loaded as data, and launches of it.
//
// A kernel is found by the name that the compiler gives it and takes one struct of parameters by
// value, so the symbol holds both names; its launch is typed by the struct.
#pragma once

#include <map>
#include <string>

#include "device/device.h"

namespace signalbox::cuda {

struct LaunchShape {
  int x;  // blocks; none: nothing is launched
  int y;
  int threads;  // of a block
  int sharedBytes = 0;
};

/// The Itanium C++ ABI's name of `void signalbox::name(params)`, a name with its length before it.
std::string kernelSymbol(const std::string& name, const std::string& params);
/// Of `signalbox::name<arguments>(params)`; `arguments` as the ABI writes them: "Li32E".
std::string kernelSymbol(const std::string& name, const std::string& arguments,
                         const std::string& params);

template <class Params>
class Kernel {
 public:
  Kernel() = default;
  Kernel(OpenDevice& device, Function function, std::string name)
      : device_(&device), function_(function), name_(std::move(name)) {}

  /// Enqueues it. `params` is copied.
  void launch(const OrderedStream& stream, const LaunchShape& shape, const Params& params) const {
    if (shape.x == 0) return;
    void* arguments[] = {const_cast<Params*>(&params)};
    device_->check(device_->functions().launchKernel(
                       function_, static_cast<unsigned>(shape.x), static_cast<unsigned>(shape.y),
                       1, static_cast<unsigned>(shape.threads), 1, 1,
                       static_cast<unsigned>(shape.sharedBytes), stream.handle(), arguments,
                       nullptr),
                   name_);
  }

 private:
  OpenDevice* device_ = nullptr;
  Function function_ = nullptr;
  std::string name_;
};

class KernelLibrary {
 public:
  /// `folder` holds NAME.cubin and `identity`. Throws kUnavailable: the machine code is for another
  /// GPU, is not there, or was made of other sources than this engine.
  KernelLibrary(OpenDevice& device, std::string folder);
  ~KernelLibrary();
  KernelLibrary(const KernelLibrary&) = delete;
  KernelLibrary& operator=(const KernelLibrary&) = delete;

  /// Of FILE.cubin. `sharedBytes`: what its launches ask for at most.
  template <class Params>
  Kernel<Params> find(const std::string& file, const std::string& symbol,
                      const std::string& name, int sharedBytes = 0) {
    return {device_, functionOf(file, symbol, name, sharedBytes), "the kernel " + name};
  }

 private:
  Module moduleOf(const std::string& file);
  Function functionOf(const std::string& file, const std::string& symbol,
                      const std::string& name, int sharedBytes);

  OpenDevice& device_;
  const std::string folder_;
  std::map<std::string, Module> modules_;
};

/// The SHA-256 that `npm run build:cuda` writes beside the machine code, of the sources that this
/// engine was compiled with.
const char* kernelIdentity();

}  // namespace signalbox::cuda
