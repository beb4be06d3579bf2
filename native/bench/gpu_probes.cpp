// Copies and products of random numbers, each timed alone.
#include "bench/gpu_probes.h"

#include <algorithm>
#include <cstring>

#include "kernels_cuda/product_wgmma_plan.h"

namespace signalbox::bench {

namespace {

constexpr int kSteps = 10;
/// Of random bytes that are repeated: more than L2 remembers of them would not matter, for what is
/// timed are copies of all.
constexpr std::size_t kBlockElements = std::size_t{1} << 20;

void fillRandom(Gpu& gpu, cuda::OrderedStream& stream, const cuda::DeviceMemory& memory) {
  const std::vector<Bf16> block = randomBf16(kBlockElements, 1, 1);
  fillWith(gpu, stream, memory.address(), memory.size(), block.data(),
           block.size() * sizeof(Bf16));
}

/// In place: GCC 12 leaves a TensorMap that a function returns unaligned, which drivers refuse.
void encode(Gpu& gpu, const TensorMapArguments& map, TensorMap& to) {
  constexpr unsigned kGapless[kTensorRankMax] = {1, 1, 1};
  gpu.device.check(gpu.device.functions().tensorMapEncodeTiled(
                       &to, static_cast<int>(map.element), static_cast<unsigned>(map.rank),
                       const_cast<void*>(map.address), map.sizes, map.strides, map.box, kGapless,
                       0, static_cast<int>(map.swizzle), kTensorPromotion, 0),
                   "cuTensorMapEncodeTiled");
}

/// Operands and result of a square product of bf16.
struct Square {
  Square(Gpu& gpu, cuda::OrderedStream& stream, int rows)
      : size(rows),
        elements(static_cast<std::size_t>(rows) * static_cast<std::size_t>(rows)),
        weights(gpu.device, "a probe", elements * sizeof(Bf16)),
        activations(gpu.device, "a probe", elements * sizeof(Bf16)),
        out(gpu.device, "a probe", elements * sizeof(float)) {
    fillRandom(gpu, stream, weights);
    fillRandom(gpu, stream, activations);
  }
  const int size;
  const std::size_t elements;
  const cuda::DeviceMemory weights;
  const cuda::DeviceMemory activations;
  const cuda::DeviceMemory out;
};

/// Of mma.sync, as decoding and so far prompts are multiplied.
std::vector<double> timeWeightProduct(Gpu& gpu, cuda::OrderedStream& stream, const Square& square) {
  WeightProductParams params{};
  params.weights = square.weights.at<std::uint8_t>(0);
  params.panels = square.size / kPanel;
  params.k = square.size;
  params.segments = 1;
  params.activations = square.activations.at<Bf16>(0);
  params.stride = square.size;
  params.rows = square.size;
  params.out = square.out.at<float>(0);
  params.outStride = square.size;
  params.outputs = square.size;
  const ProductLaunch how = productLaunch(params.rows, params.panels, WeightDtype::kBf16);
  const auto product = gpu.library.find<WeightProductParams>(
      "product",
      cuda::kernelSymbol("weightProduct",
                         "Li" + std::to_string(how.rowTiles) + "ELNS_11WeightDtypeE0E",
                         "WeightProductParams"),
      "weightProduct", how.sharedBytes);
  const cuda::LaunchShape shape{
      .x = how.gridX, .y = how.gridY, .threads = kProductThreads, .sharedBytes = how.sharedBytes};
  return timesOf(gpu, stream, kSteps, [&] { product.launch(stream, shape, params); });
}

/// Of wgmma and TMA.
std::vector<double> timePromptProduct(Gpu& gpu, cuda::OrderedStream& stream, const Square& square) {
  constexpr WeightDtype kDtype = WeightDtype::kBf16;
  PromptProductParams params{};
  params.panels = square.size / kPanel;
  params.k = square.size;
  params.segments = 1;
  params.rows = square.size;
  encode(gpu,
         promptWeightMap(square.weights.at<std::uint8_t>(0), params.panels, params.k, kDtype),
         params.weights);
  encode(gpu, promptActivationMap(square.activations.at<Bf16>(0), square.size, square.size),
         params.activations);
  params.out = square.out.at<float>(0);
  params.outStride = square.size;
  params.outputs = square.size;
  const PromptLaunch how = promptLaunch(params.rows, params.panels, kDtype);
  const auto product = gpu.library.find<PromptProductParams>(
      "product_wgmma",
      cuda::kernelSymbol("promptProduct", "LNS_11WeightDtypeE0E", "PromptProductParams"),
      "promptProduct", how.sharedBytes);
  const cuda::LaunchShape shape{
      .x = how.gridX, .y = how.gridY, .threads = kPromptThreads, .sharedBytes = how.sharedBytes};
  return timesOf(gpu, stream, kSteps, [&] { product.launch(stream, shape, params); });
}

}  // namespace

void probeCopy(Gpu& gpu, const Json& request, Answer& answer) {
  const auto bytes = static_cast<std::size_t>(numberOf(request, "bytes", 4e9));
  cuda::OrderedStream stream(gpu.device);
  const cuda::DeviceMemory from(gpu.device, "a probe", bytes);
  const cuda::DeviceMemory to(gpu.device, "a probe", bytes);
  fillRandom(gpu, stream, from);
  const std::vector<double> seconds = timesOf(gpu, stream, kSteps, [&] {
    stream.copyWithin(to.address(), from.address(), bytes);
  });
  answer.number("bytes", static_cast<double>(bytes))
      .times(seconds, "gbPerSecond", 2 * static_cast<double>(bytes) / 1e9);
}

void probeUpload(Gpu& gpu, const Json& request, Answer& answer) {
  const auto bytes = static_cast<std::size_t>(numberOf(request, "bytes", 1e9));
  cuda::OrderedStream stream(gpu.device);
  const cuda::DeviceMemory to(gpu.device, "a probe", bytes);
  const cuda::PinnedMemory from(gpu.device, bytes, "a probe");
  const std::vector<Bf16> block = randomBf16(kBlockElements, 1, 1);
  for (std::size_t at = 0; at < bytes; at += block.size() * sizeof(Bf16)) {
    std::memcpy(from.bytes() + at, block.data(),
                std::min(bytes - at, block.size() * sizeof(Bf16)));
  }
  const std::vector<double> seconds =
      timesOf(gpu, stream, kSteps, [&] { stream.copyIn(to.address(), from.bytes(), bytes); });
  answer.number("bytes", static_cast<double>(bytes))
      .times(seconds, "gbPerSecond", static_cast<double>(bytes) / 1e9);
}

void probeMatrix(Gpu& gpu, const Json& request, Answer& answer) {
  const std::map<std::string, std::vector<double> (*)(Gpu&, cuda::OrderedStream&, const Square&)>
      kernels{{"weightProduct", timeWeightProduct}, {"promptProduct", timePromptProduct}};
  const int size = countOf(request, "size", 8192, 64);
  const std::string name = textOf(request, "kernel", "weightProduct");
  const auto kernel = kernels.find(name);
  if (kernel == kernels.end()) {
    throw EngineError(ErrorCode::kInvalidRequest, "no kernel here is called " + name);
  }
  if (size % 64 != 0) throw EngineError(ErrorCode::kInvalidRequest, "size is no multiple of 64");
  cuda::OrderedStream stream(gpu.device);
  const Square square(gpu, stream, size);
  answer.text("kernel", name)
      .number("size", size)
      .times(kernel->second(gpu, stream, square), "tflops",
             2e-12 * size * static_cast<double>(square.elements));
}

}  // namespace signalbox::bench
