// Names and texts of what the engine throws.
#include "core/error.h"

namespace signalbox {

const char* nameOf(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidModel: return "invalid_model";
    case ErrorCode::kUnsupportedModel: return "unsupported_model";
    case ErrorCode::kIo: return "io";
    case ErrorCode::kInvalidRequest: return "invalid_request";
    case ErrorCode::kNeverFits: return "never_fits";
    case ErrorCode::kBusy: return "busy";
    case ErrorCode::kStalled: return "stalled";
    case ErrorCode::kUnavailable: return "unavailable";
    case ErrorCode::kNoMemory: return "no_memory";
    case ErrorCode::kInternal: return "internal";
  }
  return "internal";
}

void failCheck(const char* file, int line, const char* expression, const std::string& values) {
  throw EngineError(ErrorCode::kInternal, std::string(file) + ":" + std::to_string(line) +
                                              ": not so: " + expression +
                                              (values.empty() ? "" : " (" + values + ")"));
}

}  // namespace signalbox
