// What the opaque handles of driver.h point to, in the fake driver.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <string>

#include "test/fake_cuda/fake_cuda.h"
#include "test/fake_cuda/kernel_table.h"

namespace signalbox::cuda {
struct ContextOfDriver {};
struct ModuleOfDriver {
  std::string file;
};
struct FunctionOfDriver {
  const fake_cuda::TableKernel* kernel;
  int sharedBytes = kSharedBytesUnasked;
};
struct StreamOfDriver {
  std::deque<std::function<void()>> work;
  bool still = false;  // what is left never ends
};
struct EventOfDriver {
  bool timed = true;
  std::chrono::steady_clock::time_point at;  // when it was reached
  bool reached = true;
  int asked = 0;
  StreamOfDriver* stream = nullptr;
};
}  // namespace signalbox::cuda
