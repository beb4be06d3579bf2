// Waiting, timing and filling.
#include "bench/gpu_device.h"

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/numeric.h"

namespace signalbox::bench {

namespace {

/// Nothing that is measured here takes more than a second or two.
constexpr std::chrono::milliseconds kWaitMax{20'000};

}  // namespace

Gpu::Gpu(int index, std::string kernels)
    : driver(std::make_shared<cuda::Driver>()),
      device(driver, index),
      folder(kernels),
      library(device, std::move(kernels)) {}

ModelConfig configOf(const Json& request) {
  const Json* config = request.find("config");
  if (config == nullptr) {
    throw EngineError(ErrorCode::kInvalidRequest, "the request has no config");
  }
  return parseModelConfig(config->asString(), "");
}

KvDtype cacheOf(const Json& request) {
  const Json* cache = request.find("cache");
  if (cache == nullptr || cache->asString() == "bf16") return KvDtype::kBf16;
  if (cache->asString() == "fp8") return KvDtype::kFp8;
  throw EngineError(ErrorCode::kInvalidRequest, "no cache is called " + cache->asString());
}

void waitFor(Gpu& gpu, cuda::Mark& mark) {
  if (mark.wait(kWaitMax)) return;
  gpu.device.abandon("what was measured took longer than " + std::to_string(kWaitMax.count()) +
                     " ms");
  throw EngineError(ErrorCode::kStalled, gpu.device.spent());
}

std::vector<double> timesOf(Gpu& gpu, cuda::OrderedStream& stream, int steps,
                            FunctionRef<void()> enqueue) {
  cuda::Mark from(gpu.device, true);
  cuda::Mark to(gpu.device, true);
  std::vector<double> seconds;
  for (int step = 0; step <= steps; ++step) {
    from.record(stream);
    enqueue();
    to.record(stream);
    waitFor(gpu, to);
    if (step > 0) seconds.push_back(to.secondsSince(from));
  }
  return seconds;
}

std::vector<Bf16> randomBf16(std::size_t count, float scale, std::uint64_t seed) {
  std::vector<Bf16> values(count);
  for (Bf16& value : values) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    const auto drawn = static_cast<float>(seed >> 40) * 0x1p-23f - 1;  // 24 bits: [-1, 1)
    value = floatToBf16(scale * drawn);
  }
  return values;
}

void fillWith(Gpu& gpu, cuda::OrderedStream& stream, cuda::Address to, std::size_t bytes,
              const void* block, std::size_t blockBytes) {
  const cuda::PinnedMemory pinned(gpu.device, blockBytes, "what is random");
  std::memcpy(pinned.bytes(), block, blockBytes);
  for (std::size_t done = 0; done < bytes; done += blockBytes) {
    stream.copyIn(to + done, pinned.bytes(), std::min(blockBytes, bytes - done));
  }
  cuda::Mark end(gpu.device);
  end.record(stream);
  waitFor(gpu, end);
}

}  // namespace signalbox::bench
