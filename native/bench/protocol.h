// The drivers' side of the benchmark's protocol: one JSON object a line in, one out, in order.
// loadtest/engine/README.md says what the lines mean.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/json.h"

namespace signalbox::bench {

inline double secondsNow() {
  using namespace std::chrono;
  return duration<double>(steady_clock::now().time_since_epoch()).count();
}

inline double medianOf(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t half = values.size() / 2;
  return values.size() % 2 != 0 ? values[half] : (values[half - 1] + values[half]) / 2;
}

inline std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out + '"';
}

/// One answer under construction: fields in the order in which they are added.
class Answer {
 public:
  Answer& text(const char* key, const std::string& value) { return raw(key, quoted(value)); }
  Answer& flag(const char* key, bool value) { return raw(key, value ? "true" : "false"); }
  Answer& number(const char* key, double value) {
    char buffer[40];
    std::snprintf(buffer, sizeof buffer, "%.9g", value);
    return raw(key, buffer);
  }
  /// Every measured time, its median, and what one step produced by that median under `rateKey`.
  Answer& times(const std::vector<double>& seconds, const char* rateKey, double perStep) {
    std::string list;
    for (const double value : seconds) {
      char buffer[40];
      std::snprintf(buffer, sizeof buffer, "%s%.7f", list.empty() ? "" : ",", value);
      list += buffer;
    }
    const double median = medianOf(seconds);
    return raw("seconds", "[" + list + "]").number("stepSeconds", median).number(rateKey,
                                                                                 perStep / median);
  }
  /// `value` is JSON already.
  Answer& raw(const char* key, const std::string& value) {
    // Appended piece by piece: GCC 12 warns of `"literal" + string`, wrongly.
    body_.append(body_.empty() ? "{" : ",").append(quoted(key)).append(":").append(value);
    return *this;
  }
  std::string body() const { return body_ + "}"; }
  void print() const {
    std::printf("%s}\n", body_.c_str());
    std::fflush(stdout);
  }

 private:
  std::string body_;
};

/// A member of a request as a whole number from `least` up, or `absent` where it is not there.
inline int countOf(const Json& request, const char* key, int absent, int least) {
  const Json* value = request.find(key);
  if (value == nullptr) return absent;
  const std::int64_t count = value->asInteger();
  if (count < least || count > (1 << 30)) value->refuse("is out of range");
  return static_cast<int>(count);
}

inline double numberOf(const Json& request, const char* key, double absent) {
  const Json* value = request.find(key);
  return value == nullptr ? absent : value->asNumber();
}

inline std::string textOf(const Json& request, const char* key, const std::string& absent) {
  const Json* value = request.find(key);
  return value == nullptr ? absent : value->asString();
}

/// What a test does with its request. The answer already has `test`.
using Test = std::function<void(const Json& request, Answer& answer)>;

/// Answers standard input line by line to its end. What a test throws becomes the answer's `error`,
/// behind what it had added. `device`, where it is not empty, is in every answer.
inline void serve(const std::map<std::string, Test>& tests, const std::string& device = "") {
  const auto begin = [&](const std::string& name) {
    Answer answer;
    answer.text("test", name);
    if (!device.empty()) answer.text("device", device);
    return answer;
  };
  for (std::string line; std::getline(std::cin, line);) {
    std::string name;
    std::optional<Answer> answer;
    try {
      const Json request = Json::parse(line, "request");
      name = textOf(request, "test", "");
      const auto test = tests.find(name);
      if (test == tests.end()) {
        throw EngineError(ErrorCode::kInvalidRequest, "not a test of this driver");
      }
      answer = begin(name);
      test->second(request, *answer);
      answer->print();
    } catch (const std::exception& error) {
      if (!answer) answer = begin(name);
      answer->text("error", error.what()).print();
    }
  }
}

/// `--name value` pairs. Throws kInvalidRequest naming what is neither.
inline std::map<std::string, std::string> optionsOf(int argc, char** argv,
                                                    const std::vector<std::string>& known) {
  std::map<std::string, std::string> options;
  for (int i = 1; i < argc; i += 2) {
    const std::string name = argv[i];
    const bool found = std::find(known.begin(), known.end(), name) != known.end();
    if (!found || i + 1 == argc) {
      throw EngineError(ErrorCode::kInvalidRequest,
                        name + (found ? " needs a value" : " is no option here"));
    }
    options[name] = argv[i + 1];
  }
  return options;
}

}  // namespace signalbox::bench
