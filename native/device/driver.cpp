// The library opened, its functions found, and what is wrong said in words.
#include "device/driver.h"

#include "core/error.h"

namespace signalbox::cuda {

namespace {

/// The kernels are machine code of CUDA 13.0's compiler, which drivers of CUDA 13 load.
constexpr int kVersionMin = 13000;

std::string versionText(int version) {
  return "CUDA " + std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

template <class Function>
void findOrRefuse(SharedLibrary& library, const char* name, Function*& function) {
  if (library.find(name, function)) return;
  refuseDevice("the NVIDIA driver is too old: " + library.why() + "; the engine needs one for " +
              versionText(kVersionMin) + " or newer (branch 580)");
}

}  // namespace

void refuseDevice(const std::string& why) {
  throw EngineError(ErrorCode::kUnavailable, "no CUDA device: " + why);
}

Driver::Driver(const std::string& library) {
  SharedLibrary opened({library});
  if (!opened.isOpen()) {
    refuseDevice("the NVIDIA driver's library cannot be opened: " + opened.why());
  }
  opened.keepOpen();
#define SIGNALBOX_CUDA_FIND(member, symbol, arguments) \
  findOrRefuse(opened, #symbol, functions_.member);
  SIGNALBOX_CUDA_FUNCTIONS(SIGNALBOX_CUDA_FIND)
#undef SIGNALBOX_CUDA_FIND
  if (functions_.driverGetVersion(&version_) != kSuccess) version_ = 0;
  if (version_ < kVersionMin) {
    refuseDevice("the NVIDIA driver is too old: it is of " + versionText(version_) +
                ", and the engine needs " + versionText(kVersionMin) + " or newer (branch 580)");
  }
  const Result begun = functions_.init(0);
  if (begun == kNoDevice) refuseDevice("the NVIDIA driver is here and sees no GPU");
  if (begun == kSystemDriverMismatch || begun == kCompatNotSupported) {
    refuseDevice("the driver's library and its kernel module are of different versions (" +
                describe(begun) + "): after an update of the driver the machine must be rebooted");
  }
  if (begun != kSuccess) refuseDevice("the NVIDIA driver does not start: " + describe(begun));
  const Result counted = functions_.deviceGetCount(&count_);
  if (counted != kSuccess) refuseDevice("the NVIDIA driver counts no GPUs: " + describe(counted));
  if (count_ == 0) refuseDevice("the NVIDIA driver is here and sees no GPU");
}

std::string Driver::describe(Result error) const {
  const char* name = nullptr;
  const char* text = nullptr;
  if (functions_.getErrorName(error, &name) != kSuccess || name == nullptr) name = "unknown";
  if (functions_.getErrorString(error, &text) != kSuccess || text == nullptr) text = "no text";
  return std::string(text) + " (" + std::to_string(error) + ", " + name + ")";
}

}  // namespace signalbox::cuda
