// The smallest test runner that says what it saw: TEST("a sentence") { CHECK(a == b); }
//
// A file's tests are one executable. `NAME FILTER` runs those whose sentence contains FILTER.
// Random tests draw from testSeed(), which is printed and taken from SIGNALBOX_SEED when that is
// set.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <exception>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace signalbox::test {

/// Built with a sanitizer: everything takes several times as long.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool kWatched = true;
#else
inline constexpr bool kWatched = false;
#endif

struct Case {
  const char* name;
  void (*body)();
};

inline std::vector<Case>& cases() {
  static std::vector<Case> all;
  return all;
}

struct Registration {
  Registration(const char* name, void (*body)()) { cases().push_back({name, body}); }
};

class CheckFailed : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A case that cannot run here says which hardware is missing; the summary names it.
class Skipped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

inline std::uint64_t testSeed() {
  static const std::uint64_t seed = [] {
    const char* given = std::getenv("SIGNALBOX_SEED");
    const std::uint64_t value = given != nullptr ? std::strtoull(given, nullptr, 10)
                                                 : static_cast<std::uint64_t>(std::time(nullptr));
    std::printf("seed %llu\n", static_cast<unsigned long long>(value));
    return value;
  }();
  return seed;
}

/// SplitMix64: small, good, the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    std::uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// In [0, bound).
  int below(int bound) { return static_cast<int>(next() % static_cast<std::uint64_t>(bound)); }
  /// In [low, high].
  int between(int low, int high) { return low + below(high - low + 1); }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1p-53; }
  /// Roughly normal, mean 0, variance 1.
  float normal() {
    double sum = 0;
    for (int i = 0; i < 12; ++i) sum += uniform();
    return static_cast<float>(sum - 6);
  }

 private:
  std::uint64_t state_;
};

[[noreturn]] inline void failCase(const char* file, int line, const std::string& text) {
  throw CheckFailed(std::string(file) + ":" + std::to_string(line) + ": " + text);
}

inline int runAll(int argc, char** argv) {
  const char* filter = argc > 1 ? argv[1] : "";
  int failed = 0;
  int ran = 0;
  int skipped = 0;
  for (const Case& test : cases()) {
    if (std::strstr(test.name, filter) == nullptr) continue;
    ++ran;
    try {
      test.body();
      std::printf("ok    %s\n", test.name);
    } catch (const Skipped& reason) {
      ++skipped;
      std::printf("skip  %s: %s\n", test.name, reason.what());
    } catch (const std::exception& reason) {
      ++failed;
      std::printf("FAIL  %s\n      %s\n", test.name, reason.what());
    }
    std::fflush(stdout);
  }
  std::printf("%d cases, %d failed, %d skipped\n", ran, failed, skipped);
  return failed != 0 || ran == 0 ? 1 : 0;
}

}  // namespace signalbox::test

#define SIGNALBOX_TEST_JOIN2(a, b) a##b
#define SIGNALBOX_TEST_JOIN(a, b) SIGNALBOX_TEST_JOIN2(a, b)
#define TEST(name) SIGNALBOX_TEST_CASE(name, SIGNALBOX_TEST_JOIN(testCase, __LINE__))
#define SIGNALBOX_TEST_CASE(name, function)                                               \
  static void function();                                                                 \
  static const ::signalbox::test::Registration SIGNALBOX_TEST_JOIN(function, Registered)( \
      name, function);                                                                    \
  static void function()

#define CHECK(expression)                                                                   \
  do {                                                                                      \
    if (!(expression)) ::signalbox::test::failCase(__FILE__, __LINE__, "not so: " #expression); \
  } while (false)

/// `values` is a stream expression: CHECK_SAY(a == b, a << " against " << b).
#define CHECK_SAY(expression, values)                                             \
  do {                                                                            \
    if (!(expression)) {                                                          \
      std::ostringstream said;                                                    \
      said << "not so: " #expression << ": " << values;                           \
      ::signalbox::test::failCase(__FILE__, __LINE__, said.str());                \
    }                                                                             \
  } while (false)

/// The statement throws EngineError with this code, and its text contains `part`.
#define CHECK_THROWS(statement, expectedCode, part)                                             \
  do {                                                                                          \
    bool thrown = false;                                                                        \
    try {                                                                                       \
      statement;                                                                                \
    } catch (const ::signalbox::EngineError& error) {                                           \
      thrown = true;                                                                            \
      CHECK_SAY(error.code() == (expectedCode), nameOf(error.code()) << ": " << error.what());  \
      CHECK_SAY(std::string(error.what()).find(part) != std::string::npos, error.what());       \
    }                                                                                           \
    CHECK_SAY(thrown, "nothing thrown by " #statement);                                         \
  } while (false)

#define TEST_MAIN \
  int main(int argc, char** argv) { return ::signalbox::test::runAll(argc, argv); }
