// Norms, sums of ranks, rotation and append on every instruction path: the same bits, the right
// numbers, the documented bytes.
#include <array>
#include <limits>

#include "test/attention_rig.h"

namespace signalbox {
namespace {

using test::AttentionRig;
using test::CacheReader;
using test::ExactBytes;
using test::HeadShape;
using test::Random;
using test::Tokens;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> normals(std::size_t count, Random& random, float scale = 1) {
  std::vector<float> values;
  for (std::size_t i = 0; i < count; ++i) values.push_back(random.normal() * scale);
  return values;
}

TEST("norms have the same bits on every portable path, and are float64's rounded to bf16") {
  Random random(test::testSeed());
  const std::vector<const Kernels*> paths = test::pathsHere(false);
  for (const int hidden : {1, 7, 16, 20, 32, 33, 60, 64, 100, 576, 2048}) {
    const int padded = padTo(hidden, kTileK);
    const int inRows = 5;
    const int rows = random.between(1, 40);
    // Rows lie apart by an odd stride, and what is between them is no number. Nothing follows the
    // last.
    const std::size_t stride = static_cast<std::size_t>(hidden) + 3;
    std::vector<float> x((inRows - 1) * stride + static_cast<std::size_t>(hidden), kNan);
    for (int row = 0; row < inRows; ++row) {
      for (int k = 0; k < hidden; ++k) {
        x[static_cast<std::size_t>(row) * stride + static_cast<std::size_t>(k)] =
            random.normal() * 3;
      }
    }
    std::vector<float> weight = normals(static_cast<std::size_t>(hidden), random);
    weight.resize(static_cast<std::size_t>(padded), 0.0f);
    const ExactBytes exactX(x);
    const ExactBytes exactWeight(weight);
    std::vector<std::uint8_t> first;
    for (const Kernels* path : paths) {
      const ExactBytes out(path->activationBytes(rows, padded), 0xee);
      RmsNormParams params{exactX.as<float>(), stride,    exactWeight.as<float>(), hidden,
                           1e-5f,              out.get(), rows};
      path->enter();
      const int outRow = rows - 1;
      path->rmsNorm(params, 3, outRow);
      if (rows > 1) path->rmsNorm(params, 4, 0);
      path->leave();
      double square = 0;
      const float* const row = x.data() + 3 * stride;
      for (int k = 0; k < hidden; ++k) {
        square += static_cast<double>(row[k]) * static_cast<double>(row[k]);
      }
      const double factor = 1 / std::sqrt(square / hidden + 1e-5);
      const auto* const got = out.as<const Bf16>();
      for (int k = 0; k < padded; ++k) {
        const Bf16 bits = got[activationOffset(outRow, k, padded, rows)];
        if (k >= hidden) {
          CHECK_SAY((bits & 0x7fff) == 0, path->name << " padding " << k << " of " << hidden);
          continue;
        }
        const double exact = static_cast<double>(row[k]) * factor *
                             static_cast<double>(weight[static_cast<std::size_t>(k)]);
        CHECK_SAY(std::abs(static_cast<double>(bf16ToFloat(bits)) - exact) <=
                      0x1.02p-9 * 2 * std::abs(exact),
                  path->name << " k " << k << " of " << hidden << ": " << bf16ToFloat(bits)
                             << " against " << exact);
      }
      // Rows that were not asked for stay as they were.
      if (rows > 2) CHECK(got[activationOffset(1, 0, padded, rows)] == 0xeeee);
      if (path->numerics != Numerics::kPortable) continue;
      if (first.empty()) first = out.copy();
      CHECK_SAY(out.copy() == first,
                path->name << " against " << paths[0]->name << ", hidden " << hidden);
    }
  }
}

TEST("a row's norm does not depend on how many rows there are") {
  Random random(test::testSeed() + 1);
  for (const Kernels* path : test::pathsHere(false)) {
    const ExactBytes x(normals(96, random));
    const ExactBytes weight(normals(96, random));
    std::vector<Bf16> first;
    for (const int rows : {1, 2, 15, 16, 17, 40}) {
      const ExactBytes out(path->activationBytes(rows, 96));
      RmsNormParams params{x.as<float>(), 96, weight.as<float>(), 96, 1e-6f, out.get(), rows};
      path->rmsNorm(params, 0, rows - 1);
      std::vector<Bf16> row;
      for (int k = 0; k < 96; ++k) {
        row.push_back(out.as<Bf16>()[activationOffset(rows - 1, k, 96, rows)]);
      }
      if (first.empty()) first = row;
      CHECK_SAY(row == first, path->name << " with " << rows << " rows");
    }
  }
}

TEST("partial sums of ranks are added as the pairwise tree, then the bias, then to the residual") {
  Random random(test::testSeed() + 2);
  for (const Kernels* path : test::pathsHere(false)) {
    path->enter();
    for (const int ranks : {1, 2, 4}) {
      for (const bool biased : {false, true}) {
        const int count = 16 * random.between(1, 9);
        const auto size = static_cast<std::size_t>(count);
        std::vector<std::vector<float>> parts;
        std::vector<ExactBytes> exactParts;
        std::vector<const float*> partials;
        for (int r = 0; r < ranks; ++r) {
          parts.push_back(normals(size, random));
          partials.push_back(exactParts.emplace_back(parts.back()).as<float>());
        }
        const std::vector<float> bias = normals(size, random);
        const std::vector<float> before = normals(size, random);
        const ExactBytes exactBias(bias);
        const ExactBytes exactX(before);
        const float* const x = exactX.as<float>();
        path->addPartials(exactX.as<float>(), ExactBytes(partials).as<const float*>(), ranks,
                          biased ? exactBias.as<float>() : nullptr, count);
        for (std::size_t i = 0; i < size; ++i) {
          float sum = parts[0][i];
          if (ranks == 2) sum = parts[0][i] + parts[1][i];
          if (ranks == 4) sum = (parts[0][i] + parts[1][i]) + (parts[2][i] + parts[3][i]);
          if (biased) sum = sum + bias[i];
          CHECK_SAY(x[i] == before[i] + sum, path->name << " ranks " << ranks << " at " << i);
        }
      }
    }
    path->leave();
  }
}

/// What a head should become, in double.
std::vector<double> rotated(const Tokens& tokens, int row, int head, const float* norm) {
  const HeadShape& shape = tokens.shape;
  const int half = shape.headDim / 2;
  const float* const x = tokens.qkv.data() + row * shape.width() + head * shape.headDim;
  double square = 0;
  for (int i = 0; i < shape.headDim; ++i) {
    square += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  }
  const double factor = 1 / std::sqrt(square / shape.headDim + 1e-6);
  const auto at = [&](int i) {
    return static_cast<double>(x[i]) *
           (shape.headNorms ? factor * static_cast<double>(norm[i]) : 1.0);
  };
  std::vector<double> out(static_cast<std::size_t>(shape.headDim));
  for (int i = 0; i < half; ++i) {
    const double cosine =
        static_cast<double>(tokens.cosines[static_cast<std::size_t>(row * half + i)]);
    const double sine = static_cast<double>(tokens.sines[static_cast<std::size_t>(row * half + i)]);
    out[static_cast<std::size_t>(i)] = at(i) * cosine - at(i + half) * sine;
    out[static_cast<std::size_t>(i + half)] = at(i + half) * cosine + at(i) * sine;
  }
  return out;
}

TEST("queries, keys and values are stored rotated, in the documented places, on every path alike") {
  Random random(test::testSeed() + 3);
  const std::vector<const Kernels*> paths = test::pathsHere(false);
  for (int round = 0; round < 24; ++round) {
    HeadShape shape;
    shape.kvHeads = random.between(1, 3);
    shape.heads = shape.kvHeads * random.between(1, 5);
    shape.headDim =
        std::array{2, 20, 32, 64, 80, 96, 128, 256}[static_cast<std::size_t>(round % 8)];
    shape.dtype = round % 2 == 0 ? KvDtype::kBf16 : KvDtype::kFp8;
    shape.headNorms = random.below(2) == 0;
    const int count = random.between(1, 70);
    const Tokens tokens = test::randomTokens(shape, count, random);
    const std::uint64_t order = random.next();
    std::vector<std::uint8_t> firstPool;
    std::vector<std::uint8_t> firstQueries;
    for (const Kernels* path : paths) {
      Random same(order);
      AttentionRig rig(*path, shape, count, same, 0xee);
      rig.append(tokens, 0, count);
      if (path->numerics == Numerics::kPortable) {
        if (firstPool.empty()) {
          firstPool = rig.pool();
          firstQueries = rig.queries().copy();
        }
        CHECK_SAY(rig.pool() == firstPool, path->name << " cache, " << shape.text());
        CHECK_SAY(rig.queries().copy() == firstQueries,
                  path->name << " queries, " << shape.text());
      }
      CacheReader cache(rig, shape);
      const auto* const queries = rig.queries().as<const Bf16>();
      // Relative to the larger of a rotated pair: the difference may cancel.
      const double step = shape.dtype == KvDtype::kFp8 ? 0x1p-4 : 0x1p-8;
      for (int row = 0; row < count; row += 7) {
        const int head = random.below(shape.heads);
        const std::vector<double> query = rotated(tokens, row, head, tokens.queryNorm.data());
        for (int d = 0; d < shape.padded(); ++d) {
          const double got = static_cast<double>(
              bf16ToFloat(queries[(row * shape.heads + head) * shape.padded() + d]));
          const double exact = d < shape.headDim ? query[static_cast<std::size_t>(d)] : 0;
          CHECK_SAY(std::abs(got - exact) <= 0x1p-8 * std::abs(exact) + 1e-5,
                    path->name << " query " << d << ": " << got << " against " << exact);
        }
        const int kvHead = random.below(shape.kvHeads);
        const std::vector<double> key =
            rotated(tokens, row, shape.heads + kvHead, tokens.keyNorm.data());
        const float* const values =
            tokens.qkv.data() + row * shape.width() +
            (shape.heads + shape.kvHeads + kvHead) * shape.headDim;
        const auto check = [&](int d, bool ofValue, double exact) {
          const double scale = static_cast<double>(cache.scale(row, kvHead, ofValue));
          const double got = static_cast<double>(cache.element(row, kvHead, d, ofValue)) * scale;
          // Subnormal codes are 2^-9 apart.
          const double bound =
              step * std::abs(exact) + (shape.dtype == KvDtype::kFp8 ? scale * 0x1p-10 : 0) + 1e-5;
          CHECK_SAY(std::abs(got - exact) <= bound,
                    path->name << (ofValue ? " value " : " key ") << d << " of row " << row << ": "
                               << got << " against " << exact << ", " << shape.text());
        };
        for (int d = 0; d < shape.padded(); ++d) {
          check(d, false, d < shape.headDim ? key[static_cast<std::size_t>(d)] : 0);
          check(d, true, d < shape.headDim ? static_cast<double>(values[d]) : 0);
        }
      }
    }
  }
}

TEST(
    "a block is zeroed for its new owner, one head at a time, and the rest of the pool is not "
    "touched") {
  Random random(test::testSeed() + 4);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
      HeadShape shape;
      shape.heads = 4;
      shape.kvHeads = 2;
      shape.headDim = 80;
      shape.dtype = dtype;
      const Tokens tokens = test::randomTokens(shape, 35, random);
      AttentionRig rig(*path, shape, 35, random, 0xee);
      rig.append(tokens, 0, 35);
      const std::size_t bytes = path->kvHeadBytes(shape.headDim, dtype);
      // Tokens 0 to 2 of the second block are there, all others zero, the partner of 2 among them.
      CacheReader cache(rig, shape);
      for (int h = 0; h < 2; ++h) {
        for (int p = 32; p < 64; ++p) {
          double sum = 0;
          for (int d = 0; d < shape.padded(); ++d) {
            sum += static_cast<double>(std::abs(cache.element(p, h, d, true)));
            sum += static_cast<double>(std::abs(cache.element(p, h, d, false)));
          }
          CHECK_SAY((sum != 0) == (p < 35), path->name << " position " << p << " head " << h);
          if (dtype == KvDtype::kFp8) CHECK((cache.scale(p, h, true) != 0) == (p < 35));
          if (dtype == KvDtype::kFp8) CHECK((cache.scale(p, h, false) != 0) == (p < 35));
        }
      }
      std::size_t written = 0;
      for (const std::uint8_t byte : rig.pool()) written += byte != 0xee ? 1 : 0;
      // Two blocks of two heads of one of two layers, where a byte of data may be 0xee.
      CHECK_SAY(written <= 4 * bytes, path->name << " wrote " << written);
      CHECK_SAY(written >= 4 * bytes * 95 / 100, path->name << " wrote " << written);
    }
  }
}

TEST("an even token appended again leaves its partner zero") {
  Random random(test::testSeed() + 5);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
      HeadShape shape;
      shape.dtype = dtype;
      const Tokens tokens = test::randomTokens(shape, 12, random);
      AttentionRig rig(*path, shape, 12, random);
      rig.append(tokens, 0, 12);
      rig.append(tokens, 4, 1);
      CacheReader cache(rig, shape);
      for (int d = 0; d < shape.headDim; ++d) {
        CHECK_SAY(cache.element(5, 0, d, true) == 0, path->name << " d " << d);
      }
    }
  }
}

/// The smallest fp16 not below amax / 448, at most 65504, found among all of them.
float expectedScale(float amax) {
  const float least = amax / 448.0f;
  if (!(least >= std::numeric_limits<float>::min())) return 1;
  for (int bits = 1; bits < 0x7c00; ++bits) {
    if (fp16ToFloat(static_cast<Fp16>(bits)) >= least) return fp16ToFloat(static_cast<Fp16>(bits));
  }
  return 65504;
}

/// Values of one token and one head of 256 through the path's append: scale and codes.
void encode(const Kernels& path, const std::vector<float>& values, float& scale,
            std::vector<Fp8>& codes) {
  HeadShape shape;
  shape.headDim = 256;
  shape.dtype = KvDtype::kFp8;
  Random fixed(1);
  AttentionRig rig(path, shape, 1, fixed);
  Tokens tokens = test::randomTokens(shape, 1, fixed);
  std::copy(values.begin(), values.end(), tokens.qkv.begin() + 2 * 256);
  rig.append(tokens, 0, 1);
  const std::uint8_t* const head = rig.head(0, 0) + 256 * kBlockTokens;
  codes.clear();
  for (int d = 0; d < 256; ++d) codes.push_back(head[2 * d]);
  scale = CacheReader(rig, shape).scale(0, 0, true);
}

TEST("every finite bf16 value gets the code of the scalar conversion, at every scale") {
  for (const Kernels* path : test::pathsHere(false)) {
    int checked = 0;
    int saturated = 0;
    for (const bool anchored : {false, true}) {
      for (int start = 0; start < 65536; start += 255) {
        // 255 neighbours; anchored, 448 joins them and makes the scale 1.
        std::vector<float> values;
        float amax = 0;
        for (int i = start; i < start + 255 && i < 65536; ++i) {
          const float value = bf16ToFloat(static_cast<Bf16>(i));
          const bool finite = std::abs(value) < kInfinity;
          values.push_back(finite && !(anchored && std::abs(value) > 448) ? value : 0.0f);
        }
        values.resize(256, anchored ? 448.0f : 0.0f);
        for (const float value : values) amax = std::max(amax, std::abs(value));
        float scale;
        std::vector<Fp8> codes;
        encode(*path, values, scale, codes);
        CHECK_SAY(scale == expectedScale(amax),
                  path->name << " amax " << amax << " has scale " << scale);
        if (anchored) CHECK(scale == 1);
        for (std::size_t d = 0; d < 256; ++d) {
          // Where subnormals are zero, so is the quotient of one.
          float quotient = values[d] / scale;
          if (std::abs(values[d]) < std::numeric_limits<float>::min() ||
              std::abs(quotient) < std::numeric_limits<float>::min()) {
            quotient = std::copysign(0.0f, values[d]);
          }
          CHECK_SAY(codes[d] == floatToFp8(quotient),
                    path->name << " " << values[d] << " / " << scale << " has code "
                               << int{codes[d]} << ", not " << int{floatToFp8(quotient)});
          ++checked;
          saturated += (codes[d] & 0x7f) == 0x7e && std::abs(quotient) > 448 ? 1 : 0;
        }
      }
    }
    CHECK(checked >= 2 * 65536);
    CHECK(saturated > 100);  // beyond 448 * 65504
  }
}

TEST("scales at the edges: zero, tiny, huge") {
  for (const Kernels* path : test::pathsHere(false)) {
    const auto scaleOf = [&](float amax) {
      std::vector<float> values(256, 0.0f);
      values[100] = -amax;
      float scale;
      std::vector<Fp8> codes;
      encode(*path, values, scale, codes);
      for (std::size_t d = 0; d < 256; ++d) {
        if (d != 100) CHECK(codes[d] == 0);
        CHECK((codes[d] & 0x7f) != 0x7f);
      }
      return scale;
    };
    CHECK(scaleOf(0.0f) == 1);
    CHECK(scaleOf(1e-40f) == 1);  // a subnormal is zero
    CHECK(scaleOf(1e-37f) == 1);  // and so is 1e-37 / 448
    CHECK(scaleOf(1e-35f) == 0x1p-24f);
    CHECK(scaleOf(448 * 0x1p-24f) == 0x1p-24f);
    CHECK(scaleOf(449 * 0x1p-24f) == 0x1p-23f);
    CHECK(scaleOf(448.0f) == 1);
    CHECK(scaleOf(448.25f) == 1 + 0x1p-10f);
    CHECK(scaleOf(448.0f * 65504) == 65504);
    CHECK(scaleOf(3e38f) == 65504);
  }
}

TEST("what is no finite number becomes a NaN key and zero values, and nothing else is touched") {
  for (const Kernels* path : test::pathsHere(false)) {
    for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
      // 3.4e38 is a finite float that rounds to the infinity of bf16.
      for (const float bad : {kNan, -kNan, kInfinity, -kInfinity, 3.4e38f}) {
        for (const bool inKey : {false, true}) {
          HeadShape shape;
          shape.headDim = 20;
          shape.dtype = dtype;
          Random random(7);
          Tokens tokens = test::randomTokens(shape, 3, random);
          tokens.qkv[static_cast<std::size_t>(shape.width() + (inKey ? 20 : 40) + 19)] = bad;
          AttentionRig rig(*path, shape, 3, random);
          rig.append(tokens, 0, 3);
          CacheReader cache(rig, shape);
          // fp8 scales what bf16 cannot hold.
          const bool kept = dtype == KvDtype::kFp8 && bad == 3.4e38f;
          for (int p = 0; p < 3; ++p) {
            for (int d = 0; d < shape.padded(); ++d) {
              const bool isNan = cache.key(p, 0, d) != cache.key(p, 0, d);
              CHECK_SAY(isNan == (p == 1 && !kept),
                        path->name << " " << nameOf(dtype) << " " << bad << " key " << d
                                   << " of position " << p);
              CHECK(std::abs(cache.value(p, 0, d)) < kInfinity);
              if (p == 1 && !kept) CHECK(cache.value(p, 0, d) == 0);
              if (d >= 20 && (p != 1 || kept)) CHECK(cache.key(p, 0, d) == 0);
              if (d >= 20) CHECK(cache.value(p, 0, d) == 0);
            }
            CHECK(cache.scale(p, 0, true) > 0 && cache.scale(p, 0, false) > 0);
          }
        }
      }
    }
  }
}

TEST("a token's bytes depend on that token alone, not on the run it came in") {
  Random random(test::testSeed() + 6);
  for (const Kernels* path : test::pathsHere(false)) {
    for (const KvDtype dtype : {KvDtype::kBf16, KvDtype::kFp8}) {
      HeadShape shape;
      shape.heads = 6;
      shape.kvHeads = 2;
      shape.headDim = 96;
      shape.dtype = dtype;
      shape.headNorms = true;
      const Tokens tokens = test::randomTokens(shape, 64, random);
      const std::uint64_t order = random.next();
      Random first(order);
      AttentionRig whole(*path, shape, 64, first, 0xff);
      whole.append(tokens, 0, 64);
      Random second(order);
      AttentionRig cut(*path, shape, 64, second, 0xff);
      int at = 0;
      for (const int count : test::randomChunks(64, 9, random)) {
        cut.append(tokens, at, count);
        at += count;
      }
      CHECK_SAY(whole.pool() == cut.pool(), path->name << " " << nameOf(dtype));
    }
  }
}

TEST("fp8 takes at most 52 % of bf16's bytes from head dim 64 on") {
  for (const Kernels* path : test::pathsHere(false)) {
    for (int headDim = 64; headDim <= 256; headDim += 2) {
      const std::size_t narrow = path->kvHeadBytes(headDim, KvDtype::kFp8);
      const std::size_t wide = path->kvHeadBytes(headDim, KvDtype::kBf16);
      CHECK_SAY(narrow * 100 <= wide * 52, headDim << ": " << narrow << " of " << wide);
      CHECK(wide == static_cast<std::size_t>(padTo(headDim, kTileK)) * kBlockTokens * 4);
    }
  }
}

}  // namespace
}  // namespace signalbox

TEST_MAIN
