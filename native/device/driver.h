// NVIDIA's driver, found when the engine runs: the functions of its API that the engine calls, with
// the shapes that cuda.h of CUDA 13 gives them. `npm run build:cuda` compares them where that
// header is; nothing is linked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "device/shared_library.h"

namespace signalbox::cuda {

/// CUresult.
using Result = int;
inline constexpr Result kSuccess = 0;
inline constexpr Result kInvalidValue = 1;
inline constexpr Result kOutOfMemory = 2;
inline constexpr Result kNotInitialized = 3;
inline constexpr Result kNoDevice = 100;
inline constexpr Result kInvalidImage = 200;
inline constexpr Result kInvalidContext = 201;
inline constexpr Result kNoBinaryForGpu = 209;
inline constexpr Result kInvalidHandle = 400;
inline constexpr Result kNotFound = 500;
inline constexpr Result kNotReady = 600;
inline constexpr Result kIllegalAddress = 700;
inline constexpr Result kLaunchOutOfResources = 701;
inline constexpr Result kLaunchFailed = 719;
inline constexpr Result kSystemDriverMismatch = 803;
inline constexpr Result kCompatNotSupported = 804;
inline constexpr Result kUnknown = 999;

/// CUdevice_attribute and CUfunction_attribute.
inline constexpr int kMultiprocessorCount = 16;
inline constexpr int kComputeCapabilityMajor = 75;
inline constexpr int kComputeCapabilityMinor = 76;
inline constexpr int kMaxSharedMemoryOptin = 97;
inline constexpr int kMaxDynamicSharedBytes = 8;

inline constexpr unsigned kStreamNonBlocking = 1;
inline constexpr unsigned kEventDisableTiming = 2;

using Device = int;
/// CUdeviceptr.
using Address = unsigned long long;
using Context = struct ContextOfDriver*;
using Module = struct ModuleOfDriver*;
using Function = struct FunctionOfDriver*;
using Stream = struct StreamOfDriver*;
using Event = struct EventOfDriver*;
struct Uuid {
  char bytes[16];
};

/// Dynamic shared memory that a kernel may have without being told of it first.
inline constexpr int kSharedBytesUnasked = 48 * 1024;

/// X(member, symbol, arguments): symbols by the version whose shape this is.
#define SIGNALBOX_CUDA_FUNCTIONS(X)                                                              \
  X(init, cuInit, (unsigned flags))                                                              \
  X(driverGetVersion, cuDriverGetVersion, (int* version))                                        \
  X(getErrorName, cuGetErrorName, (Result error, const char** name))                             \
  X(getErrorString, cuGetErrorString, (Result error, const char** text))                         \
  X(deviceGetCount, cuDeviceGetCount, (int* count))                                              \
  X(deviceGet, cuDeviceGet, (Device * device, int index))                                        \
  X(deviceGetName, cuDeviceGetName, (char* name, int bytes, Device device))                      \
  X(deviceGetUuid, cuDeviceGetUuid_v2, (Uuid * uuid, Device device))                             \
  X(deviceGetAttribute, cuDeviceGetAttribute, (int* value, int attribute, Device device))        \
  X(primaryCtxRetain, cuDevicePrimaryCtxRetain, (Context * context, Device device))              \
  X(primaryCtxRelease, cuDevicePrimaryCtxRelease_v2, (Device device))                            \
  X(ctxSetCurrent, cuCtxSetCurrent, (Context context))                                           \
  X(moduleLoadData, cuModuleLoadData, (Module * module, const void* image))                      \
  X(moduleUnload, cuModuleUnload, (Module module))                                               \
  X(moduleGetFunction, cuModuleGetFunction,                                                      \
    (Function * function, Module module, const char* name))                                      \
  X(funcSetAttribute, cuFuncSetAttribute, (Function function, int attribute, int value))         \
  X(memGetInfo, cuMemGetInfo_v2, (std::size_t * free, std::size_t * total))                      \
  X(memAlloc, cuMemAlloc_v2, (Address * address, std::size_t bytes))                             \
  X(memFree, cuMemFree_v2, (Address address))                                                    \
  X(memHostAlloc, cuMemHostAlloc, (void** host, std::size_t bytes, unsigned flags))              \
  X(memFreeHost, cuMemFreeHost, (void* host))                                                    \
  X(memcpyHtoDAsync, cuMemcpyHtoDAsync_v2,                                                       \
    (Address to, const void* from, std::size_t bytes, Stream stream))                            \
  X(memcpyDtoHAsync, cuMemcpyDtoHAsync_v2,                                                       \
    (void* to, Address from, std::size_t bytes, Stream stream))                                  \
  X(memcpyDtoDAsync, cuMemcpyDtoDAsync_v2,                                                       \
    (Address to, Address from, std::size_t bytes, Stream stream))                                \
  X(memsetD8Async, cuMemsetD8Async,                                                              \
    (Address to, unsigned char value, std::size_t bytes, Stream stream))                         \
  X(streamCreate, cuStreamCreate, (Stream * stream, unsigned flags))                             \
  X(streamDestroy, cuStreamDestroy_v2, (Stream stream))                                          \
  X(eventCreate, cuEventCreate, (Event * event, unsigned flags))                                 \
  X(eventDestroy, cuEventDestroy_v2, (Event event))                                              \
  X(eventRecord, cuEventRecord, (Event event, Stream stream))                                    \
  X(eventQuery, cuEventQuery, (Event event))                                                     \
  X(eventElapsedTime, cuEventElapsedTime_v2, (float* milliseconds, Event from, Event to))        \
  X(tensorMapEncodeTiled, cuTensorMapEncodeTiled,                                                \
    (void* map, int element, unsigned rank, void* address, const std::uint64_t* sizes,           \
     const std::uint64_t* strides, const unsigned* box, const unsigned* elementStrides,          \
     int interleave, int swizzle, int promotion, int fill))                                      \
  X(launchKernel, cuLaunchKernel,                                                                \
    (Function function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX,         \
     unsigned blockY, unsigned blockZ, unsigned sharedBytes, Stream stream, void** parameters,   \
     void** extra))

/// The functions, once the library is open and cuInit has succeeded.
struct Functions {
#define SIGNALBOX_CUDA_MEMBER(member, symbol, arguments) Result(*member) arguments = nullptr;
  SIGNALBOX_CUDA_FUNCTIONS(SIGNALBOX_CUDA_MEMBER)
#undef SIGNALBOX_CUDA_MEMBER
};

/// Throws kUnavailable: "no CUDA device: " and why.
[[noreturn]] void refuseDevice(const std::string& why);

/// What the installation of a driver offers. Never unloaded: its threads outlive a dlclose.
class Driver {
 public:
  /// `library` is a path or a name that the system's loader searches. Throws kUnavailable, "no CUDA
  /// device: " and why: no library, a function that is missing, no device, a driver too old.
  explicit Driver(const std::string& library = "libcuda.so.1");

  const Functions& call() const { return functions_; }
  /// 13000 is CUDA 13.0.
  int version() const { return version_; }
  int deviceCount() const { return count_; }
  /// "an illegal memory access was encountered (700, CUDA_ERROR_ILLEGAL_ADDRESS)".
  std::string describe(Result error) const;

 private:
  Functions functions_;
  int version_ = 0;
  int count_ = 0;
};

}  // namespace signalbox::cuda
