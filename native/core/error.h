// What the engine throws, and the checks that throw it.
#pragma once

#include <stdexcept>
#include <string>

namespace signalbox {

/// A closed table; native/errors.ts has the same names.
enum class ErrorCode {
  kInvalidModel,      // the folder's files are damaged or contradict each other
  kUnsupportedModel,  // well formed, but asks for something the engine does not do
  kIo,                // a file cannot be read or written
  kInvalidRequest,    // the request itself is wrong: it will never be accepted
  kNeverFits,         // the request needs more tokens than the engine can ever hold
  kBusy,              // a bounded queue is full: later
  kStalled,           // a rank did not reach a step in time
  kUnavailable,       // the engine is unloaded, or failed before
  kNoMemory,          // memory for weights or cache cannot be had
  kInternal,          // a broken invariant of ours
};

const char* nameOf(ErrorCode code);

/// `what()` is a sentence that names the file, tensor, field or rank, and the way out.
class EngineError : public std::runtime_error {
 public:
  EngineError(ErrorCode code, const std::string& message)
      : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// Throws kInternal with file, line, expression and `values`.
[[noreturn]] void failCheck(const char* file, int line, const char* expression,
                            const std::string& values);

/// An invariant of ours. `values` is any expression that makes a std::string.
#define SIGNALBOX_CHECK(expression, values)                                      \
  do {                                                                           \
    if (!(expression))                                                           \
      ::signalbox::failCheck(__FILE__, __LINE__, #expression, std::string(values)); \
  } while (false)

}  // namespace signalbox
