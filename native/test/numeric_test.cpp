// The number formats against definitions that share no code with them: every value of a format as a
// sum of powers of two, rounding as a search among those values.
#include "core/numeric.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "check.h"
#if defined(__SSE2__)
#include <xmmintrin.h>
#endif

using namespace signalbox;
using namespace signalbox::test;

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

std::uint32_t bitsOf(float value) { return std::bit_cast<std::uint32_t>(value); }

/// The magnitude of `code` in a format of these widths, by its definition; exact in double.
double magnitudeOf(int code, int exponentBits, int mantissaBits) {
  const int bias = (1 << (exponentBits - 1)) - 1;
  const int exponent = code >> mantissaBits;
  const int mantissa = code & ((1 << mantissaBits) - 1);
  const double fraction = std::ldexp(mantissa, -mantissaBits);
  return exponent == 0 ? std::ldexp(fraction, 1 - bias)
                       : std::ldexp(1 + fraction, exponent - bias);
}

/// The finite magnitudes of a format in order; a code is its place.
std::vector<double> magnitudes(int count, int exponentBits, int mantissaBits) {
  std::vector<double> values;
  for (int code = 0; code < count; ++code) {
    values.push_back(magnitudeOf(code, exponentBits, mantissaBits));
  }
  return values;
}

const std::vector<double>& fp8Magnitudes() {
  static const std::vector<double> values = magnitudes(0x7f, 4, 3);
  return values;
}

const std::vector<double>& fp16Magnitudes() {
  static const std::vector<double> values = magnitudes(0x7c00, 5, 10);
  return values;
}

/// The place nearest to `value` (finite, not negative), of two the even one; the last place for
/// whatever lies beyond.
int nearest(const std::vector<double>& values, double value) {
  const auto above = std::lower_bound(values.begin(), values.end(), value);
  if (above == values.end()) return static_cast<int>(values.size()) - 1;
  const int high = static_cast<int>(above - values.begin());
  if (*above == value || high == 0) return high;
  const double up = *above - value;
  const double down = value - values[static_cast<std::size_t>(high) - 1];
  if (up == down) return high % 2 == 0 ? high : high - 1;
  return up < down ? high : high - 1;
}

/// Each value halfway between two of a format, with the floats right beside it, and the values.
std::vector<float> awkward(const std::vector<double>& values) {
  std::vector<float> all;
  for (std::size_t i = 0; i + 1 < values.size(); ++i) {
    const auto middle = static_cast<float>((values[i] + values[i + 1]) / 2);
    for (const float value : {static_cast<float>(values[i]), middle}) {
      for (const float near : {std::nextafter(value, 0.0f), value, std::nextafter(value, 1e30f)}) {
        all.push_back(near);
        all.push_back(-near);
      }
    }
  }
  return all;
}

std::vector<float> randomFloats(int count) {
  Random random(testSeed());
  std::vector<float> all;
  while (static_cast<int>(all.size()) < count) {
    const float value = std::bit_cast<float>(static_cast<std::uint32_t>(random.next()));
    if (std::isfinite(value)) all.push_back(value);
    // Bits drawn evenly rarely hit the range of the small formats.
    all.push_back(random.normal() * std::ldexp(1.0f, random.between(-26, 17)));
  }
  return all;
}

void checkFp8(float value) {
  const int code = nearest(fp8Magnitudes(), std::fabs(static_cast<double>(value)));
  const int expected = code | (std::signbit(value) ? 0x80 : 0);
  CHECK_SAY(floatToFp8(value) == expected,
            value << ": " << int{floatToFp8(value)} << " against " << expected);
}

void checkFp16(float value) {
  const double magnitude = std::fabs(static_cast<double>(value));
  // Halfway to the power of two above the largest rounds up, to infinity.
  const int code = magnitude >= 65520 ? 0x7c00 : nearest(fp16Magnitudes(), magnitude);
  const int expected = code | (std::signbit(value) ? 0x8000 : 0);
  CHECK_SAY(floatToFp16(value) == expected,
            value << ": " << int{floatToFp16(value)} << " against " << expected);
}

void checkBf16(float value) {
  const std::uint32_t bits = bitsOf(value);
  const std::uint32_t low = bits & 0xffff0000u;
  std::uint32_t expected = low;
  if (std::fabs(value) < std::numeric_limits<float>::min()) {
    expected = bits & 0x80000000u;
  } else {
    // Both neighbours and the distance to them in double; the one above may be infinity, which
    // counts as 2^128.
    const auto asDouble = [](std::uint32_t b) {
      const auto f = std::bit_cast<float>(b & 0x7fffffffu);
      return std::isinf(f) ? 0x1p128 : static_cast<double>(f);
    };
    const double magnitude = asDouble(bits);
    const double down = magnitude - asDouble(low);
    const double up = asDouble(low + 0x10000u) - magnitude;
    const bool odd = ((low >> 16) & 1u) != 0;
    if (up < down || (up == down && odd)) expected = low + 0x10000u;
  }
  CHECK_SAY(floatToBf16(value) == expected >> 16,
            value << ": " << floatToBf16(value) << " against " << (expected >> 16));
}

}  // namespace

TEST("every fp8 code is the value of its definition, in float and in bf16") {
  for (int code = 0; code < 256; ++code) {
    const auto byte = static_cast<Fp8>(code);
    const float value = fp8ToFloat(byte);
    if ((code & 0x7f) == 0x7f) {
      CHECK(std::isnan(value) && std::isnan(bf16ToFloat(fp8ToBf16(byte))));
      continue;
    }
    CHECK(std::fabs(value) == fp8Magnitudes()[static_cast<std::size_t>(code & 0x7f)]);
    CHECK(std::signbit(value) == (code >= 0x80));
    CHECK(bitsOf(bf16ToFloat(fp8ToBf16(byte))) == bitsOf(value));
    CHECK(floatToFp8(value) == code);
  }
  CHECK(fp8ToFloat(0x7e) == 448 && kFp8Max == 448 && fp8ToFloat(0x01) == 0x1p-9f);
}

TEST("fp8 rounds to nearest even and saturates: every bf16, every midpoint, random floats") {
  for (std::uint32_t bits = 0; bits < 0x10000u; ++bits) {
    const float value = bf16ToFloat(static_cast<Bf16>(bits));
    if (std::isfinite(value)) checkFp8(value);
  }
  for (const float value : awkward(fp8Magnitudes())) checkFp8(value);
  for (const float value : randomFloats(300'000)) checkFp8(value);
  for (const float value : {448.0f, 463.99f, 464.0f, 480.0f, 1e30f, kInfinity}) {
    CHECK(floatToFp8(value) == 0x7e && floatToFp8(-value) == 0xfe);
  }
  for (const std::uint32_t nan : {0x7fc00000u, 0x7f800001u, 0xffc00000u, 0xff800001u}) {
    CHECK((floatToFp8(std::bit_cast<float>(nan)) & 0x7f) == 0x7f);
  }
}

TEST("every fp16 is the value of its definition and comes back") {
  for (int code = 0; code < 0x10000; ++code) {
    const auto half = static_cast<Fp16>(code);
    const int magnitude = code & 0x7fff;
    const float value = fp16ToFloat(half);
    if (magnitude > 0x7c00) {
      CHECK(std::isnan(value));
      const Fp16 back = floatToFp16(value);
      CHECK((back & 0x7fff) > 0x7c00);
      continue;
    }
    const double expected = magnitude == 0x7c00
                                ? static_cast<double>(kInfinity)
                                : fp16Magnitudes()[static_cast<std::size_t>(magnitude)];
    CHECK(std::fabs(value) == expected && std::signbit(value) == (code >= 0x8000));
    CHECK(floatToFp16(value) == code);
  }
}

TEST("fp16 rounds to nearest even, beyond 65504 to infinity") {
  for (const float value : awkward(fp16Magnitudes())) checkFp16(value);
  for (const float value : randomFloats(300'000)) checkFp16(value);
  for (const float value : {65504.0f, 65519.996f, 65520.0f, 65536.0f, 1e38f}) {
    checkFp16(value);
    checkFp16(-value);
  }
  CHECK(floatToFp16(65519.996f) == 0x7bff && floatToFp16(65520.0f) == 0x7c00);
  CHECK(floatToFp16(kInfinity) == 0x7c00 && floatToFp16(-kInfinity) == 0xfc00);
}

TEST("bf16 rounds to nearest even, flushes subnormals and keeps NaN a quiet NaN") {
  for (std::uint32_t upper = 0; upper < 0x10000u; ++upper) {
    for (const std::uint32_t lower : {0x0000u, 0x0001u, 0x7fffu, 0x8000u, 0x8001u, 0xffffu}) {
      const auto value = std::bit_cast<float>((upper << 16) | lower);
      if (std::isnan(value)) {
        const Bf16 quiet = floatToBf16(value);
        CHECK(std::isnan(bf16ToFloat(quiet)) && (quiet & 0x0040u) != 0);
        CHECK((quiet >> 15) == (upper >> 15));
      } else if (std::isinf(value)) {
        CHECK(floatToBf16(value) == upper);
      } else {
        checkBf16(value);
      }
    }
  }
  for (const float value : randomFloats(300'000)) checkBf16(value);
  CHECK(floatToBf16(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(floatToBf16(std::bit_cast<float>(0x807fffffu)) == 0x8000);
}

TEST("threads that flush subnormals convert to the same bits") {
#if defined(__SSE2__)
  std::vector<std::uint32_t> plain;
  const auto all = [&](const auto& each) {
    for (int code = 0; code < 0x10000; ++code) each(bitsOf(fp16ToFloat(static_cast<Fp16>(code))));
    for (int code = 0; code < 256; ++code) each(bitsOf(fp8ToFloat(static_cast<Fp8>(code))));
    for (std::uint32_t bits = 0; bits < 0xffffff00u; bits += 0x00a1b7u) {
      const auto value = std::bit_cast<float>(bits);
      each(floatToFp8(value));
      each(floatToFp16(value));
      each(floatToBf16(value));
    }
  };
  all([&](std::uint32_t bits) { plain.push_back(bits); });
  const unsigned before = _mm_getcsr();
  _mm_setcsr(before | 0x8040u);  // flush to zero, denormals are zero
  std::size_t next = 0;
  std::size_t wrong = 0;
  all([&](std::uint32_t bits) { wrong += plain[next++] == bits ? 0u : 1u; });
  _mm_setcsr(before);
  CHECK(next == plain.size() && wrong == 0);
#else
  throw Skipped("needs an x86 control register");
#endif
}

TEST_MAIN
