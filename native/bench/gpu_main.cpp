// One CUDA device against its own roofs: what `npm run bench -- gpu` starts, and what a machine
// without Node runs by hand. Requests line by line in, figures line by line out; the device's name
// is in every line. loadtest/gpu/README.md is the protocol.
//
//   gpu_main --kernels build/cuda [--device N] <plan.jsonl >figures.jsonl
//
// Ends 2 for options that it does not know, 3 without a device.
#include <cstdio>

#include "bench/gpu_agreement.h"
#include "bench/gpu_attention.h"
#include "bench/gpu_models.h"
#include "bench/gpu_probes.h"
#include "bench/protocol.h"

using namespace signalbox;
using namespace signalbox::bench;

namespace {

std::string readyOf(Gpu& gpu) {
  const cuda::DeviceFacts& facts = gpu.device.facts();
  return Answer()
      .flag("ready", true)
      .text("name", "signalbox gpu")
      .text("version", SIGNALBOX_VERSION)
      .text("isa", "cuda-sm90")
      .text("device", facts.name)
      .text("uuid", facts.uuid)
      .number("driver", gpu.driver->version())
      .number("multiprocessors", facts.multiprocessors)
      .number("memoryBytes", static_cast<double>(gpu.device.memory().total))
      .text("kernels", cuda::kernelIdentity())
      .body();
}

int indexOf(const std::string& text) {
  const bool isNumber = !text.empty() && text.size() < 4 &&
                        text.find_first_not_of("0123456789") == std::string::npos;
  if (isNumber) return std::stoi(text);
  throw EngineError(ErrorCode::kInvalidRequest,
                    "--device is " + text + ": a number, as CUDA counts");
}

void run(const std::map<std::string, std::string>& options) {
  const auto option = [&](const char* name, const char* absent) {
    const auto found = options.find(name);
    return found == options.end() ? std::string(absent) : found->second;
  };
  Gpu gpu(indexOf(option("--device", "0")), option("--kernels", "build/cuda"));
  GpuModels models(gpu);
  std::puts(readyOf(gpu).c_str());
  std::fflush(stdout);
  const auto with = [&](void (*test)(Gpu&, const Json&, Answer&)) -> Test {
    return [&gpu, test](const Json& request, Answer& answer) { test(gpu, request, answer); };
  };
  const auto of = [&](void (GpuModels::*test)(const Json&, Answer&)) -> Test {
    return [&models, test](const Json& request, Answer& answer) {
      (models.*test)(request, answer);
    };
  };
  serve({{"copy", with(probeCopy)},
         {"upload", with(probeUpload)},
         {"matrix", with(probeMatrix)},
         {"model", of(&GpuModels::load)},
         {"decode", of(&GpuModels::decode)},
         {"prefill", of(&GpuModels::prefill)},
         {"attention", with(measureAttention)},
         {"greedy", with(compareGreedy)},
         {"perplexity", with(measurePerplexity)}},
        gpu.name());
}

}  // namespace

int main(int argc, char** argv) {
  try {
    run(optionsOf(argc, argv, {"--device", "--kernels"}));
    return 0;
  } catch (const EngineError& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return error.code() == ErrorCode::kInvalidRequest ? 2 : 3;
  }
}
