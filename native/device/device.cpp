// Errors told apart, and what the driver hands out taken back.
#include "device/device.h"

#include <cstdio>
#include <thread>

#include "core/error.h"

namespace signalbox::cuda {

namespace {

/// After these the context goes on. All others are taken to be kept by it, as CUDA's manual says of
/// each fault of a kernel: to go on would be to compute with broken memory.
bool isPassing(Result result) {
  for (const Result passing :
       {kInvalidValue, kOutOfMemory, kInvalidImage, kInvalidContext, kNoBinaryForGpu,
        kInvalidHandle, kNotFound, kNotReady, kLaunchOutOfResources}) {
    if (result == passing) return true;
  }
  return false;
}

std::string uuidText(const Uuid& uuid) {
  std::string text = "GPU-";
  for (std::size_t i = 0; i < sizeof uuid.bytes; ++i) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned char>(uuid.bytes[i]));
    if (i == 4 || i == 6 || i == 8 || i == 10) text += "-";
    text += two;
  }
  return text;
}

}  // namespace

OpenDevice::OpenDevice(std::shared_ptr<const Driver> driver, int index)
    : driver_(std::move(driver)) {
  facts_.index = index;
  if (index < 0 || index >= driver_->deviceCount()) {
    const std::string last = std::to_string(driver_->deviceCount() - 1);
    refuseDevice("there is no cuda:" + std::to_string(index) + ", but cuda:0" +
                 (last == "0" ? "" : " to cuda:" + last) +
                 " (CUDA_VISIBLE_DEVICES decides which GPUs count)");
  }
  const Functions& call = functions();
  check(call.deviceGet(&device_, index), "cuDeviceGet");
  char name[256] = {};
  check(call.deviceGetName(name, sizeof name - 1, device_), "cuDeviceGetName");
  facts_.name = name;
  Uuid uuid{};
  check(call.deviceGetUuid(&uuid, device_), "cuDeviceGetUuid");
  facts_.uuid = uuidText(uuid);
  const auto attribute = [&](int which) {
    int value = 0;
    check(call.deviceGetAttribute(&value, which, device_), "cuDeviceGetAttribute");
    return value;
  };
  facts_.major = attribute(kComputeCapabilityMajor);
  facts_.minor = attribute(kComputeCapabilityMinor);
  facts_.multiprocessors = attribute(kMultiprocessorCount);
  facts_.sharedBytesMax = attribute(kMaxSharedMemoryOptin);
  check(call.primaryCtxRetain(&context_, device_), "cuDevicePrimaryCtxRetain");
  use();
}

OpenDevice::~OpenDevice() {
  if (context_ != nullptr && !abandoned_.load()) functions().primaryCtxRelease(device_);
}

std::string OpenDevice::named() const {
  return "cuda:" + std::to_string(facts_.index) +
         (facts_.name.empty() ? "" : " (" + facts_.name + ", " + facts_.uuid + ")");
}

const std::string& OpenDevice::spent() const {
  static const std::string kNone;
  return isSpent_.load(std::memory_order_acquire) ? spent_ : kNone;
}

void OpenDevice::use() { check(functions().ctxSetCurrent(context_), "cuCtxSetCurrent"); }

bool OpenDevice::useToEnd() noexcept {
  return !isSpent_.load() && functions().ctxSetCurrent(context_) == kSuccess;
}

void OpenDevice::check(Result result, const std::string& what) {
  if (!spent().empty()) throw EngineError(ErrorCode::kUnavailable, spent());
  if (result == kSuccess) return;
  const std::string sentence = named() + ": " + what + " failed: " + driver_->describe(result);
  if (result == kOutOfMemory) throw EngineError(ErrorCode::kNoMemory, sentence);
  if (isPassing(result)) throw EngineError(ErrorCode::kInternal, sentence);
  spend(sentence + "; this process cannot use the device any more: start it again");
  throw EngineError(ErrorCode::kUnavailable, spent());
}

void OpenDevice::spend(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (isSpent_.load()) return;
  spent_ = why;
  isSpent_.store(true, std::memory_order_release);
}

void OpenDevice::abandon(const std::string& why) {
  abandoned_.store(true);
  spend(named() + ": " + why);
}

void OpenDevice::account(const std::string& purpose, std::int64_t bytes) {
  const std::lock_guard lock(mutex_);
  taken_[purpose] += static_cast<std::uint64_t>(bytes);
}

std::map<std::string, std::uint64_t> OpenDevice::taken() const {
  const std::lock_guard lock(mutex_);
  return taken_;
}

OpenDevice::Memory OpenDevice::memory() {
  use();
  std::size_t free = 0;
  std::size_t total = 0;
  check(functions().memGetInfo(&free, &total), "cuMemGetInfo");
  return {free, total};
}

namespace {

std::string bytesOf(const char* what, std::size_t bytes) {
  return std::string(what) + " of " + std::to_string(bytes) + " bytes";
}

}  // namespace

OrderedStream::OrderedStream(OpenDevice& device) : device_(device) {
  device_.use();
  device_.check(device_.functions().streamCreate(&stream_, kStreamNonBlocking), "cuStreamCreate");
}
OrderedStream::~OrderedStream() {
  if (device_.useToEnd()) device_.functions().streamDestroy(stream_);
}

void OrderedStream::copyIn(Address to, const void* host, std::size_t bytes) {
  device_.check(device_.functions().memcpyHtoDAsync(to, host, bytes, stream_),
                bytesOf("a copy to the device", bytes));
}
void OrderedStream::copyOut(void* host, Address from, std::size_t bytes) {
  device_.check(device_.functions().memcpyDtoHAsync(host, from, bytes, stream_),
                bytesOf("a copy from the device", bytes));
}
void OrderedStream::copyWithin(Address to, Address from, std::size_t bytes) {
  device_.check(device_.functions().memcpyDtoDAsync(to, from, bytes, stream_),
                bytesOf("a copy on the device", bytes));
}
void OrderedStream::fill(Address to, std::uint8_t value, std::size_t bytes) {
  device_.check(device_.functions().memsetD8Async(to, value, bytes, stream_),
                bytesOf("cuMemsetD8Async", bytes));
}

Mark::Mark(OpenDevice& device, bool timed) : device_(device) {
  device_.use();
  device_.check(device_.functions().eventCreate(&event_, timed ? 0 : kEventDisableTiming),
                "cuEventCreate");
}
Mark::~Mark() {
  if (device_.useToEnd()) device_.functions().eventDestroy(event_);
}

void Mark::record(const OrderedStream& stream) {
  device_.check(device_.functions().eventRecord(event_, stream.handle()), "cuEventRecord");
}

bool Mark::isReached() {
  const Result result = device_.functions().eventQuery(event_);
  if (result == kNotReady && device_.spent().empty()) return false;
  device_.check(result, "what was to be computed");
  return true;
}

bool Mark::wait(std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  // A step of a small model takes some hundred microseconds: worth a core until then.
  constexpr std::chrono::microseconds kSpin{200};
  constexpr std::chrono::microseconds kPause{50};
  const Clock::time_point began = Clock::now();
  for (;;) {
    if (isReached()) return true;
    const Clock::duration waited = Clock::now() - began;
    if (waited >= limit) return isReached();
    if (waited > kSpin) std::this_thread::sleep_for(kPause);
  }
}

double Mark::secondsSince(const Mark& before) {
  float milliseconds = 0;
  device_.check(
      device_.functions().eventElapsedTime(&milliseconds, before.event_, event_),
      "cuEventElapsedTime");
  return static_cast<double>(milliseconds) / 1e3;
}

PinnedMemory::PinnedMemory(OpenDevice& device, std::size_t bytes, const std::string& what)
    : device_(device), size_(bytes) {
  device_.use();
  void* at = nullptr;
  // Empty memory is no error here, and one to the driver.
  if (bytes == 0) return;
  device_.check(device_.functions().memHostAlloc(&at, bytes, 0),
                "pinned memory of the host for " + what + ", " + std::to_string(bytes) + " bytes,");
  bytes_ = static_cast<std::uint8_t*>(at);
}
PinnedMemory::~PinnedMemory() {
  if (bytes_ != nullptr && device_.useToEnd()) device_.functions().memFreeHost(bytes_);
}

}  // namespace signalbox::cuda
