// Rotation and append on the emulated device: every byte of queries and cache is the CPU's.
#include <limits>

#include "kernels_cuda/rope_append.cuh"
#include "test/device_rig.h"

namespace signalbox {
namespace {

using test::AttentionRig;
using test::Exact;
using test::HeadShape;
using test::oracle;
using test::Random;
using test::Tokens;

/// Appends to the rig's cache as `rig.append` does, on the device. Returns the queries.
std::vector<std::uint8_t> appendOnDevice(AttentionRig& rig, const Tokens& tokens, int first,
                                         int count, std::uint64_t seed) {
  const HeadShape& shape = tokens.shape;
  const auto row = static_cast<std::size_t>(first);
  const auto rows = static_cast<std::size_t>(count);
  const auto width = static_cast<std::size_t>(shape.width());
  const auto half = static_cast<std::size_t>(shape.headDim / 2);
  const auto part = [](const std::vector<float>& all, std::size_t from, std::size_t size) {
    return Exact<float>(std::vector<float>(all.data() + from, all.data() + from + size));
  };
  Exact<float> qkv = part(tokens.qkv, row * width, rows * width);
  Exact<float> cosines = part(tokens.cosines, row * half, rows * half);
  Exact<float> sines = part(tokens.sines, row * half, rows * half);
  Exact<float> queryNorm(tokens.queryNorm);
  Exact<float> keyNorm(tokens.keyNorm);
  Exact<std::uint8_t> queries(oracle().queryBytes(count, shape.heads, shape.padded()));
  std::vector<RowRun> runs;
  for (int done = 0; done < count; done += runs.back().count) {
    const int position = first + done;
    runs.push_back({done, std::min(kBlockTokens - position % kBlockTokens, count - done), position,
                    rig.table()[static_cast<std::size_t>(position / kBlockTokens)]});
  }
  Exact<RowRun> onDevice(runs);
  RopeAppendParams params{};
  params.qkv = qkv.get();
  params.stride = width;
  params.heads = shape.heads;
  params.kvHeads = shape.kvHeads;
  params.headDim = shape.headDim;
  params.headDimPadded = shape.padded();
  params.cosines = cosines.get();
  params.sines = sines.get();
  params.queryNorm = shape.headNorms ? queryNorm.get() : nullptr;
  params.keyNorm = shape.headNorms ? keyNorm.get() : nullptr;
  params.normEps = 1e-6f;
  params.queries = queries.get();
  params.cache = rig.cache();
  params.layer = AttentionRig::kLayer;
  emulation::launch({.grid = {static_cast<int>(runs.size()), shape.kvHeads},
                     .threads = kAppendThreads,
                     .sharedBytes = sizeof(AppendShared),
                     .seed = seed},
                    ropeAppendRuns, RopeAppendLaunch{params, onDevice.get()});
  return queries.copy();
}

/// Both append the same chunks; both caches are compared whole.
void compareAppend(const Tokens& tokens, const std::vector<int>& chunks, Random& random) {
  const HeadShape& shape = tokens.shape;
  const std::uint64_t order = random.next();
  Random forDevice(order);
  Random forCpu(order);
  AttentionRig device(oracle(), shape, tokens.count, forDevice, 0xee);
  AttentionRig cpu(oracle(), shape, tokens.count, forCpu, 0xee);
  int first = 0;
  for (const int count : chunks) {
    const std::vector<std::uint8_t> queries =
        appendOnDevice(device, tokens, first, count, random.next());
    cpu.append(tokens, first, count);
    CHECK_SAY(queries == cpu.queries().copy(), "queries from " << first << ", " << shape.text());
    const std::vector<std::uint8_t> got = device.pool();
    const std::vector<std::uint8_t> expected = cpu.pool();
    const auto wrong = std::mismatch(got.begin(), got.end(), expected.begin());
    CHECK_SAY(wrong.first == got.end(),
              "byte " << wrong.first - got.begin() << " of the cache after position "
                      << first + count - 1 << ", " << shape.text());
    first += count;
  }
}

TEST("queries and cache get the CPU's bytes, for every head dim, group, cache and chunking") {
  Random random(test::testSeed());
  constexpr std::array kHeadDims = {20, 32, 64, 80, 96, 128, 256, 2};
  for (int round = 0; round < test::rounds(32); ++round) {
    HeadShape shape;
    shape.kvHeads = random.between(1, 3);
    shape.heads = shape.kvHeads * random.between(1, 5);
    shape.headDim = kHeadDims[static_cast<std::size_t>(round) % kHeadDims.size()];
    shape.dtype = round / 8 % 2 == 0 ? KvDtype::kFp8 : KvDtype::kBf16;
    shape.headNorms = round / 16 % 2 == 0;
    const int count = random.between(1, emulation::kRealThreads ? 9 : 70);
    const Tokens tokens = test::randomTokens(shape, count, random, round % 3 == 0 ? 300 : 1);
    compareAppend(tokens, test::randomChunks(count, 40, random), random);
  }
}

TEST("a key or value that is not finite becomes what the CPU makes of it") {
  Random random(test::testSeed() + 1);
  for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
    for (const float value : {std::numeric_limits<float>::infinity(), 3.4e38f, -3.4e38f, 0.0f}) {
      HeadShape shape;
      shape.headDim = 80;
      shape.dtype = dtype;
      Tokens tokens = test::randomTokens(shape, 5, random);
      const auto width = static_cast<std::size_t>(shape.width());
      tokens.qkv[width + 80 + 3] = value;
      tokens.qkv[3 * width + 160 + 3] = value;
      compareAppend(tokens, {3, 2}, random);
    }
  }
}

TEST("an even token appended again leaves its partner zero, as on the CPU") {
  Random random(test::testSeed() + 2);
  for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
    HeadShape shape;
    shape.dtype = dtype;
    const Tokens tokens = test::randomTokens(shape, 12, random);
    AttentionRig rig(oracle(), shape, 12, random);
    appendOnDevice(rig, tokens, 0, 12, 1);
    appendOnDevice(rig, tokens, 4, 1, 2);
    test::CacheReader cache(rig, shape);
    for (int d = 0; d < shape.headDim; ++d) {
      CHECK(cache.element(5, 0, d, true) == 0);
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
