// A folder as npm run build:cuda leaves it, for the fake device's driver.
#pragma once

#include <string>

#include "device/kernels.h"
#include "test/check.h"
#include "test/fake_cuda/fake_cuda.h"
#include "test/temp_folder.h"

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
