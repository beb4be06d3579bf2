// The driver's API on host memory. One lock around everything: the fake is for what is called in
// which order, not for how fast.
#include "test/fake_cuda/fake_cuda.h"

#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <type_traits>
#include <utility>

#include "kernels_cuda/tensor_map.h"
#include "test/fake_cuda/handles.h"
#include "test/fake_cuda/kernel_table.h"

namespace signalbox::fake_cuda {

namespace {

using cuda::Result;

constexpr std::size_t kPage = 4096;
constexpr const char* kImage = "machine code of the fake CUDA device: ";

/// Device memory of one allocation: mapped so that the page behind its end is nobody's.
struct Allocation {
  std::uint8_t* mapped;
  std::size_t mappedBytes;
  std::size_t bytes;
};

struct State {
  std::mutex mutex;
  Machine machine;
  Faults faults;
  Counts counts;
  std::vector<std::string> violations;
  cuda::ContextOfDriver context;
  int retained = 0;
  Result kept = cuda::kSuccess;
  std::map<cuda::Address, Allocation> allocations;
  std::map<const std::uint8_t*, std::size_t> pinned;
  std::set<cuda::StreamOfDriver*> streams;
  std::set<cuda::EventOfDriver*> events;
  std::map<cuda::ModuleOfDriver*, std::vector<std::unique_ptr<cuda::FunctionOfDriver>>> modules;
};

State& state() {
  static State it;
  return it;
}

thread_local cuda::Context currentHere = nullptr;

Result violate(const std::string& sentence, Result result) {
  state().violations.push_back(sentence);
  return result;
}

/// Counts `left` down; true when this is the one.
bool isHit(int& left) {
  if (left == 0 || --left > 0) return false;
  ++state().counts.faults;
  return true;
}

/// Before every call that needs a context: what is kept, or what the caller forgot.
Result enter(const char* name) {
  State& s = state();
  if (s.kept != cuda::kSuccess) {
    ++s.counts.afterEnd;
    return s.kept;
  }
  if (isHit(s.faults.lostCall)) return s.kept = cuda::kUnknown;
  if (currentHere == nullptr || s.retained == 0) {
    return violate(std::string(name) + " in a thread without a current context",
                   cuda::kInvalidContext);
  }
  return cuda::kSuccess;
}

bool isOnDevice(cuda::Address at, std::size_t bytes) {
  State& s = state();
  auto after = s.allocations.upper_bound(at);
  if (after == s.allocations.begin()) return false;
  const auto& [begin, allocation] = *--after;
  return at - begin <= allocation.bytes && bytes <= allocation.bytes - (at - begin);
}

bool isPinned(const void* at, std::size_t bytes) {
  State& s = state();
  const auto* const byte = static_cast<const std::uint8_t*>(at);
  auto after = s.pinned.upper_bound(byte);
  if (after == s.pinned.begin()) return false;
  const auto& [begin, size] = *--after;
  const auto offset = static_cast<std::size_t>(byte - begin);
  return offset <= size && bytes <= size - offset;
}

void* memoryAt(cuda::Address at) {
  return reinterpret_cast<void*>(static_cast<std::uintptr_t>(at));
}

/// K2: for as long as it lives.
class Opened {
 public:
  Opened() { protect(PROT_READ | PROT_WRITE); }
  ~Opened() { protect(PROT_NONE); }

 private:
  static void protect(int how) {
    for (const auto& [begin, it] : state().allocations) {
      mprotect(it.mapped, it.mappedBytes, how);
    }
  }
};

void runAll(cuda::StreamOfDriver& stream) {
  const Opened opened;
  while (!stream.work.empty() && !stream.still && state().kept == cuda::kSuccess) {
    const std::function<void()> work = std::move(stream.work.front());
    stream.work.pop_front();
    work();
  }
}

/// What the driver does before it gives memory back.
Result waitForAll(const char* name) {
  for (cuda::StreamOfDriver* stream : state().streams) {
    runAll(*stream);
    if (stream->still) {
      return violate(std::string(name) + " waits for a stream that stands still", cuda::kUnknown);
    }
  }
  return state().kept;
}

Result enqueue(cuda::Stream stream, std::function<void()> work) {
  if (!state().streams.contains(stream)) {
    return violate("work for a stream that is not there", cuda::kInvalidHandle);
  }
  stream->work.push_back(std::move(work));
  return cuda::kSuccess;
}

/// A copy or a fill whose places are checked now, and again when it happens.
Result enqueueMove(const char* name, cuda::Stream stream, std::function<bool()> isThere,
                   std::function<void()> move) {
  if (const Result result = enter(name); result != cuda::kSuccess) return result;
  if (!isThere()) {
    return violate(std::string(name) + " of memory that is not there", cuda::kInvalidValue);
  }
  ++state().counts.copies;
  const bool stands = isHit(state().faults.stillCopy);
  return enqueue(stream, [=, isThere = std::move(isThere), move = std::move(move)] {
    if (stands) {
      stream->still = true;
      return;
    }
    if (isThere()) return move();
    state().kept = violate(std::string(name) + " of memory that is gone by now",
                           cuda::kIllegalAddress);
  });
}

void unmap(const Allocation& it) { munmap(it.mapped, it.mappedBytes + kPage); }

/// With it goes all that was made in it, and the error that it kept.
void endContext() {
  State& s = state();
  for (const auto& [begin, it] : s.allocations) unmap(it);
  for (const auto& [begin, size] : s.pinned) delete[] begin;
  for (cuda::StreamOfDriver* stream : s.streams) delete stream;
  for (cuda::EventOfDriver* event : s.events) delete event;
  for (const auto& [module, functions] : s.modules) delete module;
  s.allocations.clear();
  s.pinned.clear();
  s.streams.clear();
  s.events.clear();
  s.modules.clear();
  s.counts.bytes = 0;
  s.counts.pinnedBytes = 0;
  s.retained = 0;
  s.kept = cuda::kSuccess;
}

}  // namespace

void reset() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  endContext();
  s.machine = {};
  s.faults = {};
  s.counts = {};
  s.violations.clear();
}

Machine& machine() { return state().machine; }
Faults& faults() { return state().faults; }
Counts counts() {
  State& s = state();
  const std::lock_guard lock(s.mutex);
  Counts counts = s.counts;
  counts.streams = static_cast<int>(s.streams.size());
  counts.events = static_cast<int>(s.events.size());
  counts.modules = static_cast<int>(s.modules.size());
  counts.contexts = s.retained;
  return counts;
}
std::vector<std::string> violations() {
  const std::lock_guard lock(state().mutex);
  return state().violations;
}
std::string imageOf(const std::string& file) { return kImage + file; }
std::vector<std::string> imageFiles() {
  std::set<std::string> files;
  for (const TableKernel& kernel : kernelTable()) files.insert(kernel.file);
  return {files.begin(), files.end()};
}

}  // namespace signalbox::fake_cuda

using namespace signalbox;
using namespace signalbox::cuda;
using namespace signalbox::fake_cuda;

#define LOCKED const std::lock_guard lock(state().mutex)
#define ENTERED                                                              \
  LOCKED;                                                                    \
  if (const Result entered = enter(__func__); entered != kSuccess) return entered

#define EXPORTED [[gnu::visibility("default")]]

// NOLINTBEGIN: names and shapes are NVIDIA's.
extern "C" {

EXPORTED Result cuInit(unsigned) { return machine().init; }
EXPORTED Result cuDriverGetVersion(int* version) {
  *version = machine().driverVersion;
  return kSuccess;
}
EXPORTED Result cuGetErrorName(Result error, const char** name) {
  *name = error == kNoDevice       ? "CUDA_ERROR_NO_DEVICE"
          : error == kOutOfMemory  ? "CUDA_ERROR_OUT_OF_MEMORY"
          : error == kLaunchFailed ? "CUDA_ERROR_LAUNCH_FAILED"
          : error == kUnknown      ? "CUDA_ERROR_UNKNOWN"
                                   : nullptr;
  return *name == nullptr ? kInvalidValue : kSuccess;
}
EXPORTED Result cuGetErrorString(Result error, const char** text) {
  *text = error == kOutOfMemory    ? "out of memory"
          : error == kLaunchFailed ? "unspecified launch failure"
          : error == kUnknown      ? "unknown error"
                                   : nullptr;
  return *text == nullptr ? kInvalidValue : kSuccess;
}
EXPORTED Result cuDeviceGetCount(int* count) {
  *count = machine().devices;
  return kSuccess;
}
EXPORTED Result cuDeviceGet(Device* device, int index) {
  *device = index;
  return index < machine().devices ? kSuccess : 101;
}
EXPORTED Result cuDeviceGetName(char* name, int bytes, Device) {
  std::strncpy(name, "Fake H100", static_cast<std::size_t>(bytes));
  return kSuccess;
}
EXPORTED Result cuDeviceGetUuid_v2(Uuid* uuid, Device device) {
  for (std::size_t i = 0; i < sizeof uuid->bytes; ++i) uuid->bytes[i] = static_cast<char>(i);
  uuid->bytes[15] = static_cast<char>(device);
  return kSuccess;
}
EXPORTED Result cuDeviceGetAttribute(int* value, int attribute, Device) {
  *value = attribute == kComputeCapabilityMajor   ? machine().major
           : attribute == kComputeCapabilityMinor ? machine().minor
           : attribute == kMaxSharedMemoryOptin   ? 227 * 1024
           : attribute == kMultiprocessorCount    ? 132
                                                  : 0;
  return kSuccess;
}
EXPORTED Result cuDevicePrimaryCtxRetain(Context* context, Device) {
  LOCKED;
  if (state().kept != kSuccess) return state().kept;
  ++state().retained;
  *context = &state().context;
  return kSuccess;
}
EXPORTED Result cuDevicePrimaryCtxRelease_v2(Device) {
  LOCKED;
  State& s = state();
  if (s.retained == 0) return violate("a context released that nobody holds", kInvalidContext);
  if (s.kept == kSuccess) {
    if (const Result waited = waitForAll(__func__); waited != kSuccess) return waited;
  }
  if (--s.retained > 0) return kSuccess;
  const bool clean = s.allocations.empty() && s.pinned.empty() && s.streams.empty() &&
                     s.events.empty() && s.modules.empty();
  if (s.kept == kSuccess && !clean) violate("a context ended with something in it", kSuccess);
  endContext();
  return kSuccess;
}
EXPORTED Result cuCtxSetCurrent(Context context) {
  LOCKED;
  currentHere = context;
  return enter(__func__);
}

EXPORTED Result cuModuleLoadData(Module* module, const void* image) {
  ENTERED;
  const std::string text = static_cast<const char*>(image);
  for (const std::string& file : imageFiles()) {
    if (text != imageOf(file)) continue;
    auto* const made = new ModuleOfDriver{file};
    state().modules[made];
    *module = made;
    return kSuccess;
  }
  return kInvalidImage;
}
EXPORTED Result cuModuleUnload(Module module) {
  ENTERED;
  if (state().modules.erase(module) == 0) {
    return violate("a module unloaded that is not there", kInvalidHandle);
  }
  delete module;
  return kSuccess;
}
EXPORTED Result cuModuleGetFunction(Function* function, Module module, const char* name) {
  ENTERED;
  for (const TableKernel& kernel : kernelTable()) {
    if (kernel.file != module->file || kernel.symbol != name) continue;
    auto& functions = state().modules.at(module);
    functions.push_back(std::make_unique<FunctionOfDriver>(FunctionOfDriver{&kernel}));
    *function = functions.back().get();
    return kSuccess;
  }
  return kNotFound;
}
EXPORTED Result cuFuncSetAttribute(Function function, int attribute, int value) {
  ENTERED;
  if (attribute != kMaxDynamicSharedBytes || value > 227 * 1024) return kInvalidValue;
  function->sharedBytes = value;
  return kSuccess;
}

EXPORTED Result cuMemGetInfo_v2(std::size_t* free, std::size_t* total) {
  ENTERED;
  *total = machine().memoryBytes;
  *free = *total - state().counts.bytes;
  return kSuccess;
}
EXPORTED Result cuMemAlloc_v2(Address* address, std::size_t bytes) {
  ENTERED;
  State& s = state();
  if (bytes == 0) return kInvalidValue;
  if (isHit(s.faults.allocation)) return kOutOfMemory;
  if (bytes > s.machine.memoryBytes - s.counts.bytes) return kOutOfMemory;
  ++s.counts.allocations;
  s.counts.bytes += bytes;
  // Ends at a page that is nobody's, but begins as the driver's allocations do: at 256 bytes.
  const std::size_t rounded = (bytes + 255) / 256 * 256;
  const std::size_t mapped = (rounded + kPage - 1) / kPage * kPage;
  void* const at = mmap(nullptr, mapped + kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return kOutOfMemory;
  auto* const begin = static_cast<std::uint8_t*>(at);
  mprotect(begin, mapped, PROT_READ | PROT_WRITE);
  std::memset(begin, 0xff, mapped);
  mprotect(begin, mapped, PROT_NONE);
  *address = reinterpret_cast<std::uintptr_t>(begin) + mapped - rounded;
  s.allocations[*address] = {begin, mapped, bytes};
  return kSuccess;
}
EXPORTED Result cuMemFree_v2(Address address) {
  ENTERED;
  State& s = state();
  const auto it = s.allocations.find(address);
  if (it == s.allocations.end()) {
    return violate("memory freed that is not there", kInvalidValue);
  }
  if (const Result waited = waitForAll(__func__); waited != kSuccess) return waited;
  s.counts.bytes -= it->second.bytes;
  unmap(it->second);
  s.allocations.erase(it);
  return kSuccess;
}
EXPORTED Result cuMemHostAlloc(void** host, std::size_t bytes, unsigned) {
  ENTERED;
  State& s = state();
  if (bytes == 0) return kInvalidValue;
  if (isHit(s.faults.pinned)) return kOutOfMemory;
  ++s.counts.pinnedAllocations;
  s.counts.pinnedBytes += bytes;
  auto* const at = new std::uint8_t[bytes];
  std::memset(at, 0xff, bytes);
  s.pinned[at] = bytes;
  *host = at;
  return kSuccess;
}
EXPORTED Result cuMemFreeHost(void* host) {
  ENTERED;
  State& s = state();
  const auto it = s.pinned.find(static_cast<std::uint8_t*>(host));
  if (it == s.pinned.end()) {
    return violate("pinned memory freed that is not there", kInvalidValue);
  }
  if (const Result waited = waitForAll(__func__); waited != kSuccess) return waited;
  s.counts.pinnedBytes -= it->second;
  delete[] it->first;
  s.pinned.erase(it);
  return kSuccess;
}

EXPORTED Result cuMemcpyHtoDAsync_v2(Address to, const void* from, std::size_t bytes,
                                     Stream stream) {
  LOCKED;
  return enqueueMove(
      __func__, stream, [=] { return isOnDevice(to, bytes) && isPinned(from, bytes); },
      [=] { std::memcpy(memoryAt(to), from, bytes); });
}
EXPORTED Result cuMemcpyDtoHAsync_v2(void* to, Address from, std::size_t bytes, Stream stream) {
  LOCKED;
  return enqueueMove(
      __func__, stream, [=] { return isOnDevice(from, bytes) && isPinned(to, bytes); },
      [=] { std::memcpy(to, memoryAt(from), bytes); });
}
EXPORTED Result cuMemcpyDtoDAsync_v2(Address to, Address from, std::size_t bytes, Stream stream) {
  LOCKED;
  return enqueueMove(
      __func__, stream, [=] { return isOnDevice(to, bytes) && isOnDevice(from, bytes); },
      [=] { std::memmove(memoryAt(to), memoryAt(from), bytes); });
}
EXPORTED Result cuMemsetD8Async(Address to, unsigned char value, std::size_t bytes,
                                Stream stream) {
  LOCKED;
  return enqueueMove(
      __func__, stream, [=] { return isOnDevice(to, bytes); },
      [=] { std::memset(memoryAt(to), value, bytes); });
}

EXPORTED Result cuStreamCreate(Stream* stream, unsigned) {
  ENTERED;
  *stream = new StreamOfDriver;
  state().streams.insert(*stream);
  return kSuccess;
}
EXPORTED Result cuStreamDestroy_v2(Stream stream) {
  ENTERED;
  if (!state().streams.contains(stream)) {
    return violate("a stream destroyed that is not there", kInvalidHandle);
  }
  if (const Result waited = waitForAll(__func__); waited != kSuccess) return waited;
  state().streams.erase(stream);
  delete stream;
  return kSuccess;
}
EXPORTED Result cuEventCreate(Event* event, unsigned flags) {
  ENTERED;
  *event = new EventOfDriver;
  (*event)->timed = (flags & kEventDisableTiming) == 0;
  state().events.insert(*event);
  return kSuccess;
}
EXPORTED Result cuEventDestroy_v2(Event event) {
  ENTERED;
  if (state().events.erase(event) == 0) {
    return violate("an event destroyed that is not there", kInvalidHandle);
  }
  delete event;
  return kSuccess;
}
EXPORTED Result cuEventRecord(Event event, Stream stream) {
  ENTERED;
  event->stream = stream;
  event->reached = false;
  event->asked = 0;
  return enqueue(stream, [event] {
    if (!state().events.contains(event)) return;
    event->reached = true;
    event->at = std::chrono::steady_clock::now();
  });
}
EXPORTED Result cuEventElapsedTime_v2(float* milliseconds, Event from, Event to) {
  ENTERED;
  if (!state().events.contains(from) || !state().events.contains(to) || !from->timed ||
      !to->timed || from->stream == nullptr || to->stream == nullptr) {
    return violate("time between events that note none", kInvalidHandle);
  }
  if (!from->reached || !to->reached) return kNotReady;
  *milliseconds = std::chrono::duration<float, std::milli>(to->at - from->at).count();
  return kSuccess;
}
EXPORTED Result cuEventQuery(Event event) {
  ENTERED;
  // At first nothing has happened, so that nobody takes it for granted.
  if (!event->reached && event->asked++ > 0) runAll(*event->stream);
  if (state().kept != kSuccess) return state().kept;
  return event->reached ? kSuccess : kNotReady;
}

EXPORTED Result cuTensorMapEncodeTiled(void* map, int element, unsigned rank, void* address,
                                       const std::uint64_t* sizes, const std::uint64_t* strides,
                                       const unsigned* box, const unsigned* elementStrides,
                                       int interleave, int swizzle, int promotion, int fill) {
  ENTERED;
  if (rank < 2 || rank > kTensorRankMax || interleave != 0 || promotion != kTensorPromotion ||
      fill != 0 || reinterpret_cast<std::uintptr_t>(map) % 64 != 0) {
    return violate("a tensor map that no device takes", kInvalidValue);
  }
  TensorMapArguments arguments{};
  arguments.element = static_cast<TensorElement>(element);
  arguments.swizzle = static_cast<TensorSwizzle>(swizzle);
  arguments.rank = static_cast<int>(rank);
  arguments.address = address;
  for (unsigned d = 0; d < rank; ++d) {
    if (elementStrides[d] != 1) return violate("a tensor map with gaps", kInvalidValue);
    arguments.sizes[d] = sizes[d];
    arguments.box[d] = box[d];
    if (d > 0) arguments.strides[d - 1] = strides[d - 1];
  }
  if (const char* const why = whyNoTensorMap(arguments)) return violate(why, kInvalidValue);
  std::memset(map, 0, sizeof(TensorMap));
  std::memcpy(map, &arguments, sizeof arguments);
  return kSuccess;
}

EXPORTED Result cuLaunchKernel(Function function, unsigned gridX, unsigned gridY, unsigned gridZ,
                               unsigned blockX, unsigned blockY, unsigned blockZ,
                               unsigned sharedBytes, Stream stream, void** parameters,
                               void** extra) {
  ENTERED;
  State& s = state();
  const TableKernel& kernel = *function->kernel;
  if (gridX < 1 || gridY < 1 || gridY > 65535 || gridZ != 1 || blockY != 1 || blockZ != 1 ||
      blockX < 1 || blockX > 1024 || extra != nullptr) {
    return violate("a launch of a shape that no device takes", kInvalidValue);
  }
  if (static_cast<int>(blockX) > kernel.threadsMax) {
    return violate("more threads than the kernel was compiled for", kLaunchOutOfResources);
  }
  if (static_cast<int>(sharedBytes) > function->sharedBytes) {
    return violate("more shared memory than the kernel was told of", kInvalidValue);
  }
  if (isHit(s.faults.refusedLaunch)) return kLaunchOutOfResources;
  const bool breaks = isHit(s.faults.brokenLaunch);
  const bool stands = isHit(s.faults.stillLaunch);
  ++s.counts.launches;
  const emulation::Launch how{
      .grid = {static_cast<int>(gridX), static_cast<int>(gridY)},
      .threads = static_cast<int>(blockX),
      .sharedBytes = sharedBytes,
      .seed = static_cast<std::uint64_t>(s.counts.launches)};
  const auto* const begin = static_cast<const std::uint8_t*>(parameters[0]);
  std::vector<std::uint8_t> params(begin, begin + kernel.paramsBytes);
  return enqueue(stream, [=, &kernel] {
    if (stands) {
      stream->still = true;
      return;
    }
    if (breaks) {
      state().kept = kLaunchFailed;
      return;
    }
    try {
      kernel.run(how, params.data());
    } catch (const emulation::KernelError& error) {
      state().kept = violate(kernel.symbol + ": " + error.what(), kLaunchFailed);
    }
  });
}

}  // extern "C"
// NOLINTEND

// The engine calls these through pointers of the types in driver.h.
#define SAME_SHAPE(member, symbol, arguments) \
  static_assert(std::is_same_v<decltype(&symbol), decltype(Functions::member)>);
SIGNALBOX_CUDA_FUNCTIONS(SAME_SHAPE)
