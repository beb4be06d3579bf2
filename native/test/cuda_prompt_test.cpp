// The product of prompts: its descriptors, maps and ring by themselves, and the kernel on the
// emulated device, where boxes arrive at moments drawn from a seed and products end when they are
// waited for: the bits of the product for few rows, and the CPU's where every order of a sum gives
// the same.
#include <set>

#include "kernels_cuda/product_wgmma.cuh"
#include "test/product_rig.h"

namespace signalbox {
namespace {

using test::at;
using test::DeviceMatrix;
using test::Exact;
using test::GemmCase;
using test::GemmInputs;
using test::Random;

TEST("128-byte swizzle turns pieces of 16 bytes inside 1024, and eight rows meet all banks") {
  std::set<std::uint32_t> places;
  for (std::uint32_t address = 0; address < 4096; ++address) {
    const std::uint32_t to = swizzled128(address);
    CHECK(swizzled128(to) == address && to / 128 == address / 128 && to % 16 == address % 16);
    // The manual's figure: piece j of row i is at j xor i.
    CHECK(to / 16 % 8 == (address / 16 % 8 ^ address / 128 % 8));
    places.insert(to);
  }
  CHECK(places.size() == 4096);
  for (std::uint32_t piece = 0; piece < 8; ++piece) {
    std::set<std::uint32_t> banks;
    for (std::uint32_t row = 0; row < 8; ++row) {
      for (std::uint32_t word = 0; word < 4; ++word) {
        banks.insert(swizzled128(128 * row + 16 * piece + 4 * word) / 4 % 32);
      }
    }
    CHECK(banks.size() == 32);
  }
}

TEST("a descriptor has each field in its bits, and a step moves its address by 32 bytes") {
  for (const std::uint32_t address : {0u, 1024u, 3 * 32768u, 222u * 1024u}) {
    for (std::uint32_t step = 0; step < 4; ++step) {
      const std::uint64_t bits = rowsDescriptor(address) + step * kDescriptorStep;
      CHECK((bits & 0x3fff) == (address + 32 * step) / 16);
      CHECK((bits >> 16 & 0x3fff) == 1 && (bits >> 32 & 0x3fff) == 1024 / 16);
      CHECK((bits >> 49 & 7) == 0 && bits >> 62 == 1);
      CHECK((bits & 0x3ff1'c000'c000'c000u) == 0);  // reserved
    }
  }
}

TEST("a ring's slots come round in order, and a lap turns the phase") {
  for (int stages = 1; stages < 9; ++stages) {
    RingAt ring;
    for (int i = 0; i < 5 * stages; ++i, ring = nextOf(ring, stages)) {
      CHECK(ring.slot == i % stages && ring.phase == static_cast<std::uint32_t>(i / stages % 2));
    }
  }
}

void waitTwice(bool arriveAgain) {
  auto* const barrier = reinterpret_cast<std::uint64_t*>(device::sharedMemory());
  if (device::threadIndex() == 0) device::initBarrier(barrier, 32);
  device::syncBlock();
  device::waitPhase(barrier, 1);  // The phase before the first has ended.
  device::arriveAt(barrier);
  device::waitPhase(barrier, 0);
  if (arriveAgain) device::arriveAt(barrier);
  device::waitPhase(barrier, 1);
}
void arriveTooOften() {
  auto* const barrier = reinterpret_cast<std::uint64_t*>(device::sharedMemory());
  if (device::threadIndex() != 0) return;
  device::initBarrier(barrier, 2);
  device::arriveExpecting(barrier, 16);
  device::arriveAt(barrier);
  device::arriveAt(barrier);
}
void multiplyAtOnce() {
  float c[64] = {};
  const std::uint32_t a[4] = {};
  device::multiplyGroup(c, a, rowsDescriptor(0));
}

template <class Kernel, class... Arguments>
std::string refusalOf(Kernel kernel, Arguments... arguments) {
  try {
    emulation::launch({.grid = {}, .threads = 32, .sharedBytes = 1024}, kernel, arguments...);
  } catch (const emulation::KernelError& error) {
    return error.what();
  }
  return "none";
}

TEST("a phase ends when all have arrived; what no device allows is an error") {
  CHECK_SAY(refusalOf(waitTwice, true) == "none", refusalOf(waitTwice, true));
  CHECK(refusalOf(waitTwice, false).find("deadlock") == 0);
  CHECK(refusalOf(arriveTooOften).find("more arrivals") == 0);
  CHECK(refusalOf(multiplyAtOnce).find("registers of a product") == 0);
}

TEST("shared memory holds whole aligned stages, what segments leave, and barriers") {
  for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
    const PromptShared shared = promptShared(dtype);
    CHECK(shared.stages >= 4 && shared.stageBytes % 1024 == 0);
    CHECK(shared.parkedAt == shared.stages * shared.stageBytes);
    CHECK(shared.fullAt - shared.parkedAt == kPromptConsumers * kPromptSums * 4);
    CHECK(shared.emptyAt == shared.fullAt + 8 * shared.stages && shared.fullAt % 8 == 0);
    CHECK(shared.bytes == shared.emptyAt + 8 * shared.stages && shared.bytes <= 227 * 1024);
    const TensorMapArguments weights = promptWeightMap(nullptr, 3, 96, dtype);
    const TensorMapArguments rows = promptActivationMap(nullptr, 5, 88);
    CHECK(boxBytes(rows) == shared.activationBytes);
    CHECK(boxBytes(weights) == shared.stageBytes - shared.activationBytes);
  }
  CHECK(128 * kPromptFetchRegisters + kPromptConsumers * kPromptMultiplyRegisters <= 65536);
}

TEST("tensor maps meet what the driver demands, and say what does not") {
  const std::uint8_t* const aligned = std::bit_cast<const std::uint8_t*>(std::uintptr_t{4096});
  for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
    for (const int k : {32, 96, 4096, 14336}) {
      CHECK(whyNoTensorMap(promptWeightMap(aligned, 7, k, dtype)) == nullptr);
      const TensorMapArguments map = promptWeightMap(aligned, 7, k, dtype);
      // The last element of the last panel is the last of its bytes.
      CHECK(map.sizes[2] * map.strides[1] == 7 * test::oracle().panelBytes(k, dtype));
      CHECK(map.strides[0] == static_cast<std::uint64_t>(tileBytes(dtype)));
    }
  }
  const auto* const rows = reinterpret_cast<const Bf16*>(aligned);
  CHECK(whyNoTensorMap(promptActivationMap(rows, 1, 8)) == nullptr);
  const auto refused = [](TensorMapArguments map) { return whyNoTensorMap(map) != nullptr; };
  CHECK(refused(promptActivationMap(rows + 1, 1, 8)));
  CHECK(refused(promptActivationMap(rows, 1, 12)));
  CHECK(refused(promptActivationMap(rows, 0, 8)));
  TensorMapArguments map = promptActivationMap(rows, 1, 8);
  map.box[0] = 128;
  CHECK(refused(map));
  map = promptActivationMap(rows, 1, 8);
  map.box[1] = 257;
  CHECK(refused(map));
  map.box[1] = 128;
  map.box[0] = 60;
  CHECK(refused(map));
}

/// Of a case [rows][outputs], for kSiluMul as floats with half as many. Activation rows have
/// `stride` inputs.
std::vector<float> multiplyPrompt(const GemmCase& c, const GemmInputs& in, int stride,
                                  Random& random) {
  DeviceMatrix matrix(in.weights, c.panels * kPanel, c.k, c.dtype);
  std::vector<Bf16> rows;
  for (int row = 0; row < c.rows; ++row) {
    const auto begin = in.activations.begin() + row * c.k;
    rows.insert(rows.end(), begin, begin + stride);
  }
  Exact<Bf16> activations(rows);
  Exact<float> bias(in.bias);
  const int outputs = c.panels * kPanel;
  const bool silu = c.epilogue == Epilogue::kSiluMul;
  Exact<float> out(silu ? 0 : at(c.rows * outputs));
  Exact<Bf16> gated(silu ? at(c.rows * outputs / 2) : 0);
  const PromptProductParams params{
      .weights = device::tensorMapOf(
          promptWeightMap(matrix.weights.get(), c.panels, c.k, c.dtype)),
      .activations =
          device::tensorMapOf(promptActivationMap(activations.get(), c.rows, stride)),
      .scales = c.dtype == WeightDtype::kFp8 ? matrix.scales.get() : nullptr,
      .bias = c.biased ? bias.get() : nullptr,
      .panels = c.panels,
      .k = c.k,
      .segments = c.segments,
      .rows = c.rows,
      .out = silu ? nullptr : out.get(),
      .outStride = outputs,
      .outputs = outputs,
      .gated = silu ? gated.get() : nullptr};
  const PromptLaunch launch = promptLaunch(c.rows, c.panels, c.dtype);
  const emulation::Launch how{.grid = {launch.gridX, launch.gridY},
                              .threads = kPromptThreads,
                              .sharedBytes = at(launch.sharedBytes),
                              .seed = random.next()};
  if (c.dtype == WeightDtype::kFp8) {
    emulation::launch(how, promptProduct<WeightDtype::kFp8>, params);
  } else {
    emulation::launch(how, promptProduct<WeightDtype::kBf16>, params);
  }
  if (!silu) return out.copy();
  std::vector<float> wide;
  for (const Bf16 value : gated.copy()) wide.push_back(bf16ToFloat(value));
  return wide;
}

TEST("a prompt's product has the bits of the product for few rows, in every form and shape") {
  Random random(test::testSeed());
  for (const auto& [rows, panels, tiles, segments] :
       {std::array{1, 1, 1, 1}, {130, 2, 3, 1}, {40, 10, 5, 2}, {129, 9, 2, 4}, {64, 8, 21, 1}}) {
    for (const WeightDtype dtype : {WeightDtype::kBf16, WeightDtype::kFp8}) {
      const bool silu = panels % 2 == 0 && dtype == WeightDtype::kFp8;
      const GemmCase c{.rows = rows,
                       .panels = panels,
                       .k = tiles * segments * kTileK,
                       .segments = segments,
                       .dtype = dtype,
                       .epilogue = silu ? Epilogue::kSiluMul : Epilogue::kStore,
                       .biased = random.below(2) == 0};
      const GemmInputs in = test::makeInputs(random, c);
      test::checkSameBits(multiplyPrompt(c, in, c.k, random),
                          test::multiplyOnDevice(c, in, random), c);
    }
  }
}

TEST("whole numbers give the CPU's bits, whenever boxes arrive and products end") {
  Random random(test::testSeed() + 1);
  // Many laps of the ring, so that a slot given back too early by one warp of eight shows.
  for (const bool silu : {false, true}) {
    GemmCase c{.rows = 20,
               .panels = 4,
               .k = 130 * kTileK,
               .segments = 1 << random.below(2),
               .dtype = silu ? WeightDtype::kFp8 : WeightDtype::kBf16,
               .epilogue = silu ? Epilogue::kSiluMul : Epilogue::kStore,
               .biased = true};
    GemmInputs in = test::wholeInputs(c, random);
    // The last inputs are beyond a row's end.
    const int stride = c.k - 24;
    for (int row = 0; row < c.rows; ++row) {
      for (int k = stride; k < c.k; ++k) in.activations[at(row * c.k + k)] = 0;
    }
    test::checkSameBits(multiplyPrompt(c, in, stride, random),
                        test::multiply(test::oracle(), c, in, 2), c);
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
