// A machine with a CUDA device, for tests: a libcuda.so.1 whose kernels run in the emulation of
// kernels_cuda. The engine's code is what it would be on a GPU; what it may not do there is an
// error here too, and is written down in `violations`.
//
//   K1. Streams are lazy: what is enqueued happens when somebody asks whether it has. Host memory
//       is read and written then, and not before.
//   K2. Device memory can be touched by copies and kernels alone: for the host, and behind its end,
//       there is nothing.
//   K3. An error that a driver keeps ends the context: all that follows returns it, until the
//       context is released as often as it was retained. With the context goes what is in it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "device/driver.h"

namespace signalbox::fake_cuda {

/// What the machine is like. Read when the engine asks.
struct Machine {
  cuda::Result init = cuda::kSuccess;
  int driverVersion = 13000;
  int devices = 1;
  int major = 9;
  int minor = 0;
  std::uint64_t memoryBytes = std::uint64_t{1} << 30;
};

/// What goes wrong, counted from when it is set: 1 is the next one. 0: never.
struct Faults {
  int allocation = 0;  // cuMemAlloc has no memory
  int pinned = 0;      // nor has cuMemHostAlloc
  int refusedLaunch = 0;  // cuLaunchKernel returns 701 and launches nothing
  int brokenLaunch = 0;   // the kernel faults while it runs: 719, which is kept
  int stillLaunch = 0;    // this launch and all behind it never end
  int stillCopy = 0;      // the same of a copy or a fill
  int lostCall = 0;       // from this call on the device answers 999
};

struct Counts {
  int allocations = 0;
  int pinnedAllocations = 0;
  int launches = 0;
  int copies = 0;
  int faults = 0;         // of `Faults`, that were hit
  int afterEnd = 0;       // calls after an error that is kept, but for releasing the context
  std::uint64_t bytes = 0;  // of device memory that is taken
  std::uint64_t pinnedBytes = 0;
  int streams = 0;  // that are there, as are events, modules and retained contexts
  int events = 0;
  int modules = 0;
  int contexts = 0;
};

/// Forgets everything and everybody; nothing of the engine's may be alive.
[[gnu::visibility("default")]] void reset();
[[gnu::visibility("default")]] Machine& machine();
[[gnu::visibility("default")]] Faults& faults();
[[gnu::visibility("default")]] Counts counts();
/// Each as a sentence.
[[gnu::visibility("default")]] std::vector<std::string> violations();
/// What stands in FILE.cubin for this machine's driver.
[[gnu::visibility("default")]] std::string imageOf(const std::string& file);
/// The files that there are.
[[gnu::visibility("default")]] std::vector<std::string> imageFiles();

}  // namespace signalbox::fake_cuda
