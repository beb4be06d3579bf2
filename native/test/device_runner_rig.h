// Committed models loaded on the fake CUDA device.
#pragma once

#include "model/cuda_runner.h"
#include "test/decoding.h"
#include "test/fake_cuda/machine_code.h"

namespace signalbox::test {

inline CudaOptions deviceOptions(const std::filesystem::path& folder, const MachineCode& code) {
  CudaOptions options;
  options.runner.folder = folder.string();
  options.runner.threads = 2;
  options.runner.pin = false;
  options.runner.rowsMax = 64;
  options.runner.blocks = 12;
  options.runner.stallMillis = 60'000;  // a loaded machine is no reason to fail here
  options.kernels = code.folder.path();
  return options;
}

inline std::unique_ptr<ModelRunner> loadOnFake(const CudaOptions& options,
                                        const OnRunnerProgress& onProgress = nullptr) {
  return loadCudaRunner(openCudaDevice(options.device, options.kernels), options, onProgress);
}

inline std::filesystem::path randomModel(const char* name) {
  return test::modelsFolder() / "random" / name;
}

}  // namespace signalbox::test
