// A folder as npm run build:cuda leaves it, for the fake device's driver. With SIGNALBOX_REAL_CUDA
// it is the real one (SIGNALBOX_KERNELS, or build/cuda), for the driver of this machine.
#pragma once

#include <cstdlib>
#include <string>

#include "device/kernels.h"
#include "test/check.h"
#include "test/fake_cuda/fake_cuda.h"
#include "test/temp_folder.h"

#ifdef SIGNALBOX_REAL_CUDA

namespace signalbox::fake_cuda {
/// Before a test: a real driver has forgotten the one before.
inline void forget() {}
}  // namespace signalbox::fake_cuda

namespace signalbox::test {

struct MachineCode {
  struct Folder {
    std::string path() const {
      const char* const given = std::getenv("SIGNALBOX_KERNELS");
      return given != nullptr ? given : "build/cuda";
    }
  };
  Folder folder;
};

/// What a driver is owed at the end, a real one does not tell.
inline void checkNothingLeft() {}

}  // namespace signalbox::test

#else

namespace signalbox::fake_cuda {
/// Before a test.
inline void forget() { reset(); }
}  // namespace signalbox::fake_cuda

namespace signalbox::test {

struct MachineCode {
  TempFolder folder;

  explicit MachineCode(const std::string& identity = cuda::kernelIdentity()) {
    write("identity", identity);
    for (const std::string& file : fake_cuda::imageFiles()) {
      write(file + ".cubin", fake_cuda::imageOf(file));
    }
  }
  void write(const std::string& name, const std::string& text) const { folder.write(name, text); }
};

/// Nothing of the engine's is left, and it did nothing that a driver refuses.
inline void checkNothingLeft() {
  const fake_cuda::Counts counts = fake_cuda::counts();
  CHECK_SAY(counts.bytes == 0 && counts.pinnedBytes == 0,
            counts.bytes << " and " << counts.pinnedBytes << " bytes are left");
  CHECK(counts.streams == 0 && counts.events == 0 && counts.modules == 0);
  CHECK(counts.contexts == 0 && counts.afterEnd == 0);
  const std::vector<std::string> violations = fake_cuda::violations();
  CHECK_SAY(violations.empty(), violations.front());
}

}  // namespace signalbox::test

#endif
