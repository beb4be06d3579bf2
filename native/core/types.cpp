// Names as they appear in figures, heartbeats and errors.
#include "core/types.h"

namespace signalbox {

std::string_view nameOf(WeightDtype dtype) { return dtype == WeightDtype::kFp8 ? "fp8" : "bf16"; }

std::string_view nameOf(KvDtype dtype) {
  switch (dtype) {
    case KvDtype::kBf16: return "bf16";
    case KvDtype::kFp8: return "fp8";
    case KvDtype::kF32: return "f32";
  }
  return "bf16";
}

std::string_view nameOf(Numerics numerics) {
  switch (numerics) {
    case Numerics::kPortable: return "portable";
    case Numerics::kNative: return "native";
    case Numerics::kReference: return "reference";
  }
  return "portable";
}

}  // namespace signalbox
