// Driver, device, memory and launches, on a machine with a CUDA device that is made up
// (fake_cuda.h): what is in order, and every way in which it can go wrong.
#include <cstring>
#include <functional>
#include <memory>
#include <thread>

#include "check.h"
#include "core/error.h"
#include "device/arena.h"
#include "device/kernels.h"
#include "device/upload.h"
#include "kernels_cuda/attention_params.h"
#include "kernels_cuda/product_plan.h"
#include "kernels_cuda/rope_append_params.h"
#include "kernels_cuda/rows_params.h"
#include "test/fake_cuda/machine_code.h"

namespace signalbox {
namespace {

using cuda::Address;
using cuda::DeviceMemory;
using cuda::Driver;
using cuda::Kernel;
using cuda::KernelLibrary;
using cuda::Mark;
using cuda::OpenDevice;
using cuda::OrderedStream;
using cuda::PinnedMemory;
using cuda::Places;
using std::chrono::milliseconds;
using test::checkNothingLeft;
using test::MachineCode;

/// The driver's device, of a machine that is as `prepare` leaves it.
std::unique_ptr<OpenDevice> openFake(
    const std::function<void(fake_cuda::Machine&)>& prepare = [](fake_cuda::Machine&) {},
    int index = 0) {
  fake_cuda::reset();
  prepare(fake_cuda::machine());
  return std::make_unique<OpenDevice>(std::make_shared<Driver>(), index);
}

Kernel<EmbedParams> embedding(KernelLibrary& library) {
  return library.find<EmbedParams>("rows", cuda::kernelSymbol("embedRows", "EmbedParams"),
                                   "embedRows");
}

TEST("a machine without a driver, a GPU or a new enough driver says which of them it lacks") {
  const auto refused = [](const char* part,
                          const std::function<void(fake_cuda::Machine&)>& prepare) {
    CHECK_THROWS(openFake(prepare), ErrorCode::kUnavailable, part);
  };
  CHECK_THROWS(Driver("libsignalbox-nowhere.so.1"), ErrorCode::kUnavailable,
               "no CUDA device: the NVIDIA driver's library cannot be opened: "
               "libsignalbox-nowhere.so.1");
  // A library that is none of NVIDIA's.
  CHECK_THROWS(Driver("libm.so.6"), ErrorCode::kUnavailable, "libm.so.6 has no cuInit");
  refused("sees no GPU", [](auto& machine) { machine.init = cuda::kNoDevice; });
  refused("sees no GPU", [](auto& machine) { machine.devices = 0; });
  refused("too old: it is of CUDA 12.4, and the engine needs CUDA 13.0",
          [](auto& machine) { machine.driverVersion = 12040; });
  refused("must be rebooted",
          [](auto& machine) { machine.init = cuda::kSystemDriverMismatch; });
  refused("does not start: unknown error (999, CUDA_ERROR_UNKNOWN)",
          [](auto& machine) { machine.init = cuda::kUnknown; });
  CHECK_THROWS(openFake([](auto& machine) { machine.devices = 2; }, 2), ErrorCode::kUnavailable,
               "there is no cuda:2, but cuda:0 to cuda:1");
  CHECK_THROWS(openFake({[](auto&) {}}, -1), ErrorCode::kUnavailable, "but cuda:0 (");
}

TEST("a device says what it is, and leaves nothing behind") {
  auto device = openFake();
  const cuda::DeviceFacts& facts = device->facts();
  CHECK(facts.name == "Fake H100" && facts.major == 9 && facts.multiprocessors == 132);
  CHECK_SAY(facts.uuid == "GPU-00010203-0405-0607-0809-0a0b0c0d0e00", facts.uuid);
  CHECK(device->memory().free == device->memory().total && device->memory().total == 1u << 30);
  CHECK(fake_cuda::counts().contexts == 1);
  device.reset();
  checkNothingLeft();
}

TEST("places are aligned, and memory is counted by purpose until it goes") {
  Places places;
  CHECK(places.take(3, 4) == 0 && places.take(1, 1) == 256 && places.take(257, 1) == 512);
  CHECK(places.bytes() == 769 && places.take(0, 8) == 1024 && places.take(2, 8) == 1024);
  CHECK_THROWS(places.take(std::size_t{1} << 62, 16), ErrorCode::kNoMemory, "counted");
  auto device = openFake();
  {
    const DeviceMemory weights(*device, "weights", 1000);
    CHECK(weights.address() % cuda::kPlaceBytes == 0 && weights.size() == 1000);
    const DeviceMemory cache(*device, "the cache", 500);
    const DeviceMemory more(*device, "the cache", 11);
    const DeviceMemory nothing(*device, "nothing", 0);
    CHECK(device->taken().at("weights") == 1000 && device->taken().at("the cache") == 511);
    CHECK(fake_cuda::counts().allocations == 3 && fake_cuda::counts().bytes == 1511);
  }
  CHECK(device->taken().at("weights") == 0 && device->taken().at("the cache") == 0);
  device.reset();
  checkNothingLeft();
}

TEST("memory that cannot be had is refused with what there is, and the device goes on") {
  auto device = openFake();
  const auto take = [&](std::uint64_t bytes) { DeviceMemory(*device, "the cache", bytes); };
  CHECK_THROWS(take(std::uint64_t{1} << 31), ErrorCode::kNoMemory,
               "memory for the cache (2147483648 bytes, where 1073741824 of 1073741824 are free) "
               "failed: out of memory (2, CUDA_ERROR_OUT_OF_MEMORY)");
  fake_cuda::faults().allocation = 2;
  take(100);
  CHECK_THROWS(take(100), ErrorCode::kNoMemory, "the cache (100 bytes");
  fake_cuda::faults().pinned = 1;
  CHECK_THROWS(PinnedMemory(*device, 64, "staging"), ErrorCode::kNoMemory, "staging, 64 bytes");
  take(100);
  CHECK(fake_cuda::counts().faults == 2 && device->spent().empty());
  device.reset();
  checkNothingLeft();
}

/// Bytes to the device, from there to other memory of it, and back.
TEST("copies happen in order, when the stream comes to them") {
  auto device = openFake();
  {
    OrderedStream stream(*device);
    Mark mark(*device);
    const DeviceMemory first(*device, "test", 1000);
    const DeviceMemory second(*device, "test", 1000);
    const PinnedMemory host(*device, 1000, "test");
    const PinnedMemory back(*device, 1000, "test");
    for (std::size_t i = 0; i < 1000; ++i) host.bytes()[i] = static_cast<std::uint8_t>(i);
    stream.copyIn(first.address(), host.bytes(), 1000);
    stream.copyWithin(second.address(), first.address(1), 999);
    stream.fill(second.address(999), 7, 1);
    stream.copyOut(back.bytes(), second.address(), 1000);
    mark.record(stream);
    CHECK(!mark.isReached() && back.bytes()[0] == 0xff);
    host.bytes()[999] = 99;  // Read when the copy is made.
    CHECK(mark.wait(milliseconds(20'000)));
    CHECK(mark.isReached() && back.bytes()[0] == 1 && back.bytes()[998] == 99);
    CHECK(back.bytes()[999] == 7);
  }
  device.reset();
  checkNothingLeft();
}

TEST("between timed marks time passes; others have none") {
  auto device = openFake();
  {
    OrderedStream stream(*device);
    const DeviceMemory memory(*device, "test", 1000);
    Mark from(*device, true);
    Mark to(*device, true);
    from.record(stream);
    stream.fill(memory.address(), 1, 1000);
    to.record(stream);
    CHECK(to.wait(milliseconds(20'000)) && from.isReached());
    CHECK(to.secondsSince(from) > 0 && to.secondsSince(from) < 20);
    CHECK_SAY(fake_cuda::violations().empty(), fake_cuda::violations().front());
    Mark untimed(*device);
    untimed.record(stream);
    CHECK(untimed.wait(milliseconds(20'000)));
    CHECK_THROWS(untimed.secondsSince(from), ErrorCode::kInternal, "cuEventElapsedTime");
    CHECK(fake_cuda::violations().size() == 1);
  }
}

TEST("an upload waits for the half that it fills again, and not for ever") {
  auto device = openFake();
  constexpr std::size_t kBytes = 700;
  {
    const DeviceMemory memory(*device, "test", kBytes);
    std::vector<std::uint8_t> bytes(kBytes);
    for (std::size_t i = 0; i < kBytes; ++i) bytes[i] = static_cast<std::uint8_t>(i * 7);
    cuda::Upload upload(*device, 64, milliseconds(20'000));
    for (std::size_t at = 0; at < 300; at += 50) {
      std::memcpy(upload.room(50), bytes.data() + at, 50);
      upload.put(memory.address(at));
    }
    upload.write(bytes.data() + 300, kBytes - 300, memory.address(300));
    upload.finish();
    OrderedStream stream(*device);
    Mark mark(*device);
    const PinnedMemory back(*device, kBytes, "test");
    stream.copyOut(back.bytes(), memory.address(), kBytes);
    mark.record(stream);
    CHECK(mark.wait(milliseconds(20'000)));
    CHECK(std::memcmp(back.bytes(), bytes.data(), kBytes) == 0);
    CHECK_THROWS(upload.room(65), ErrorCode::kInternal, "65");
  }
  device.reset();
  checkNothingLeft();
  device = openFake();
  const DeviceMemory memory(*device, "test", kBytes);
  cuda::Upload late(*device, 64, milliseconds(30));
  fake_cuda::faults().stillCopy = 2;
  const std::vector<std::uint8_t> bytes(kBytes);
  CHECK_THROWS(late.write(bytes.data(), kBytes, memory.address()), ErrorCode::kStalled,
               "a copy of weights took longer than 30 ms");
}

TEST("what a driver would not take, the fake device does not take either") {
  auto device = openFake();
  {
    OrderedStream stream(*device);
    const PinnedMemory host(*device, 64, "test");
    std::vector<std::uint8_t> pageable(64);
    Address gone = 0;
    {
      const DeviceMemory memory(*device, "test", 64);
      gone = memory.address();
      CHECK_THROWS(stream.copyIn(memory.address(1), host.bytes(), 64), ErrorCode::kInternal,
                   "a copy to the device of 64 bytes failed");
      CHECK_THROWS(stream.copyIn(memory.address(), pageable.data(), 64), ErrorCode::kInternal, "");
      CHECK_THROWS(stream.copyOut(host.bytes() + 1, memory.address(), 64), ErrorCode::kInternal,
                   "");
    }
    CHECK_THROWS(stream.fill(gone, 0, 1), ErrorCode::kInternal, "");
    CHECK(fake_cuda::violations().size() == 4);
    // A thread of its own has no current context until it says so.
    cuda::Result bare = cuda::kSuccess;
    cuda::Result told = cuda::kUnknown;
    std::thread([&] {
      std::size_t free = 0;
      std::size_t total = 0;
      bare = device->functions().memGetInfo(&free, &total);
      device->use();
      told = device->functions().memGetInfo(&free, &total);
    }).join();
    CHECK(bare == cuda::kInvalidContext && told == cuda::kSuccess);
    CHECK(device->spent().empty());
  }
  device.reset();
  CHECK(fake_cuda::violations().size() == 5 && fake_cuda::counts().contexts == 0);
}

TEST("memory freed while a copy is under way is waited for") {
  auto device = openFake();
  {
    OrderedStream stream(*device);
    const PinnedMemory host(*device, 64, "test");
    std::memset(host.bytes(), 5, 64);
    const PinnedMemory back(*device, 64, "test");
    {
      const DeviceMemory memory(*device, "test", 64);
      stream.copyIn(memory.address(), host.bytes(), 64);
      stream.copyOut(back.bytes(), memory.address(), 64);
    }
    CHECK(back.bytes()[63] == 5);
  }
  device.reset();
  checkNothingLeft();
}

TEST("machine code is refused that is for another GPU, missing, or of other sources") {
  const MachineCode code;
  auto device = openFake([](auto& machine) {
    machine.major = 8;
    machine.minor = 6;
  });
  const auto open = [&](const std::string& folder) { KernelLibrary(*device, folder); };
  CHECK_THROWS(open(code.folder.path()), ErrorCode::kUnavailable,
               "cuda:0 is a Fake H100 of compute capability 8.6");
  device.reset();
  device = openFake();
  CHECK_THROWS(open("/no/such"), ErrorCode::kUnavailable,
               "not in /no/such: `npm run build:cuda` makes it");
  const MachineCode stale("0123");
  CHECK_THROWS(open(stale.folder.path()), ErrorCode::kUnavailable, "of other sources");
  CHECK(std::string(cuda::kernelIdentity()).size() == 64);
  {
    KernelLibrary library(*device, code.folder.path());
    const auto find = [&](const char* file, const char* symbol, int shared = 0) {
      library.find<EmbedParams>(file, symbol, "embedRows", shared);
    };
    CHECK_THROWS(find("columns", "x"), ErrorCode::kUnavailable, "columns.cubin is not there");
    CHECK_THROWS(find("rows", "x"), ErrorCode::kUnavailable, "rows.cubin has no x");
    code.write("attention.cubin", "\x7f" "ELF, but of an older GPU");
    CHECK_THROWS(find("attention", "x"), ErrorCode::kUnavailable, "is not machine code for Fake");
    const std::string symbol = cuda::kernelSymbol("embedRows", "EmbedParams");
    CHECK_THROWS(find("rows", symbol.c_str(), 300'000), ErrorCode::kUnavailable,
                 "needs 300000 bytes of shared memory");
  }
  device.reset();
  checkNothingLeft();
}

TEST("every kernel is found by the name its compiler gives it") {
  auto device = openFake();
  const MachineCode code;
  {
    KernelLibrary library(*device, code.folder.path());
    embedding(library);
    library.find<ResidualNormParams>(
        "rows", cuda::kernelSymbol("residualNorm", "ResidualNormParams"), "residualNorm");
    library.find<RopeAppendLaunch>("rope_append",
                                   cuda::kernelSymbol("ropeAppendRuns", "RopeAppendLaunch"),
                                   "ropeAppendRuns");
    for (const char* rows : {"1", "2", "4", "8"}) {
      for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
        const std::string arguments = std::string("Li") + rows + "ELNS_11WeightDtypeE" +
                                      std::to_string(static_cast<int>(dtype)) + "E";
        library.find<WeightProductParams>(
            "product", cuda::kernelSymbol("weightProduct", arguments, "WeightProductParams"),
            "weightProduct");
      }
    }
    for (const char* dim : {"32", "64", "96", "128", "256"}) {
      for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
        const std::string arguments = std::string("Li") + dim + "ELNS_7KvDtypeE" +
                                      std::to_string(static_cast<int>(dtype)) + "E";
        library.find<PagedAttentionParams>(
            "attention",
            cuda::kernelSymbol("pagedAttention", arguments, "PagedAttentionParams"),
            "pagedAttention");
      }
    }
    CHECK(fake_cuda::counts().modules == 4);
  }
  device.reset();
  checkNothingLeft();
}

constexpr int kHidden = 64;

/// Two rows of a table of four, by the kernel.
struct Embedding {
  Places places;
  std::size_t table, tokens, x;
  DeviceMemory memory;
  PinnedMemory in, out;

  explicit Embedding(OpenDevice& device)
      : table(places.take(4 * kHidden, 2)),
        tokens(places.take(2, 4)),
        x(places.take(2 * kHidden, 4)),
        memory(device, "test", places.bytes()),
        in(device, x, "test"),
        out(device, 2 * kHidden * 4, "test") {
    std::memset(in.bytes(), 0, in.size());
    auto* const rows = reinterpret_cast<Bf16*>(in.bytes() + table);
    for (int i = 0; i < 4 * kHidden; ++i) rows[i] = floatToBf16(static_cast<float>(i));
    const TokenId wanted[] = {3, 1};
    std::memcpy(in.bytes() + tokens, wanted, sizeof wanted);
  }
  EmbedParams params() const {
    return {memory.at<Bf16>(table), memory.at<TokenId>(tokens), memory.at<float>(x), kHidden};
  }
  void enqueue(OrderedStream& stream, const Kernel<EmbedParams>& kernel) const {
    stream.copyIn(memory.address(), in.bytes(), in.size());
    kernel.launch(stream, {.x = 2, .y = 1, .threads = kRowThreads}, params());
    stream.copyOut(out.bytes(), memory.address(x), out.size());
  }
};

TEST("a launch computes what its parameters say, and launches that no device takes are refused") {
  auto device = openFake();
  const MachineCode code;
  {
    KernelLibrary library(*device, code.folder.path());
    const Kernel<EmbedParams> kernel = embedding(library);
    OrderedStream stream(*device);
    Mark mark(*device);
    const Embedding embed(*device);
    embed.enqueue(stream, kernel);
    kernel.launch(stream, {.x = 0, .y = 1, .threads = kRowThreads}, embed.params());
    mark.record(stream);
    CHECK(mark.wait(milliseconds(20'000)) && fake_cuda::counts().launches == 1);
    const auto* const x = reinterpret_cast<const float*>(embed.out.bytes());
    CHECK(x[0] == 192 && x[1] == 193 && x[kHidden] == 64 && x[2 * kHidden - 1] == 127);
    const auto refused = [&](const cuda::LaunchShape& shape) {
      CHECK_THROWS(kernel.launch(stream, shape, embed.params()), ErrorCode::kInternal,
                   "the kernel embedRows failed");
    };
    refused({.x = 1, .y = 1, .threads = 2048});
    refused({.x = 1, .y = 1, .threads = 2 * kRowThreads});
    refused({.x = 1, .y = 70'000, .threads = kRowThreads});
    refused({.x = 1, .y = 1, .threads = kRowThreads, .sharedBytes = 49 * 1024});
    CHECK(fake_cuda::violations().size() == 4);
    const Kernel<EmbedParams> roomy = library.find<EmbedParams>(
        "rows", cuda::kernelSymbol("embedRows", "EmbedParams"), "embedRows", 49 * 1024);
    roomy.launch(stream, {.x = 1, .y = 1, .threads = kRowThreads, .sharedBytes = 49 * 1024},
                 embed.params());
    fake_cuda::faults().refusedLaunch = 1;
    CHECK_THROWS(kernel.launch(stream, {.x = 1, .y = 1, .threads = kRowThreads}, embed.params()),
                 ErrorCode::kInternal, "the kernel embedRows failed");
    CHECK(fake_cuda::counts().faults == 1 && device->spent().empty());
  }
  device.reset();
}

/// The device after `break_`: each call throws the same sentence, and going away neither throws nor
/// asks the driver for anything but the context's end.
void checkSpent(const std::function<void(fake_cuda::Faults&)>& set, const char* part,
                bool standsStill) {
  auto device = openFake();
  const MachineCode code;
  {
    KernelLibrary library(*device, code.folder.path());
    const Kernel<EmbedParams> kernel = embedding(library);
    OrderedStream stream(*device);
    Mark mark(*device);
    const Embedding embed(*device);
    set(fake_cuda::faults());
    std::string sentence;
    try {
      embed.enqueue(stream, kernel);
      mark.record(stream);
      if (!mark.wait(milliseconds(30))) device->abandon("step 5 took longer than 30 ms");
      device->use();
    } catch (const EngineError& error) {
      CHECK(error.code() == ErrorCode::kUnavailable);
      sentence = error.what();
    }
    CHECK_SAY(sentence.find("cuda:0 (Fake H100, GPU-") == 0, sentence);
    CHECK_SAY(sentence.find(part) != std::string::npos, sentence);
    CHECK(fake_cuda::counts().faults == 1 && device->spent() == sentence);
    const auto again = [&](const std::function<void()>& call) {
      CHECK_THROWS(call(), ErrorCode::kUnavailable, sentence.c_str());
    };
    again([&] { device->use(); });
    again([&] { device->memory(); });
    again([&] { mark.isReached(); });
    again([&] { DeviceMemory(*device, "test", 1); });
    again([&] { embed.enqueue(stream, kernel); });
  }
  const int contexts = fake_cuda::counts().contexts;
  device.reset();
  // What stands still would hold up the end of the context as well: the process' end is its.
  CHECK(contexts == 1 && fake_cuda::counts().contexts == (standsStill ? 1 : 0));
  CHECK(fake_cuda::violations().empty());
  // With the context the error goes, and another engine may begin.
  auto next = openFake();
  CHECK(next->spent().empty() && next->memory().free > 0);
}

TEST("after a kernel's fault the device is spent, and everybody is told why") {
  checkSpent([](auto& faults) { faults.brokenLaunch = 1; },
             "what was to be computed failed: unspecified launch failure (719, "
             "CUDA_ERROR_LAUNCH_FAILED); this process cannot use the device any more",
             false);
}

TEST("a device that is lost in the middle is spent, whichever call finds it so") {
  for (int call = 1; call <= 5; ++call) {
    checkSpent([call](auto& faults) { faults.lostCall = call; },
               "unknown error (999, CUDA_ERROR_UNKNOWN)", false);
  }
}

TEST("a device that stands still is given up, and holds nobody up afterwards") {
  checkSpent([](auto& faults) { faults.stillLaunch = 1; }, "step 5 took longer than 30 ms", true);
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
