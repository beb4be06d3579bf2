// The kernels by the files that npm run build:cuda makes of them, and by their compiler's names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernels_cuda/emulation.h"

namespace signalbox::fake_cuda {

struct TableKernel {
  std::string file;
  std::string symbol;
  std::size_t paramsBytes;
  int threadsMax;
  void (*run)(const emulation::Launch& how, const void* params);
};

const std::vector<TableKernel>& kernelTable();

}  // namespace signalbox::fake_cuda
