// What a reader of untrusted bytes must do with any of them: accept, and then every promise of its
// header holds, or throw an EngineError of a kind that fits. Shared by the mutation test and by the
// libFuzzer entries.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace signalbox::test {

enum class Outcome { kAccepted, kInvalid, kUnsupported, kIo };

/// Each throws CheckFailed where a promise is broken, and lets whatever else is thrown through.
Outcome tryJson(std::string_view text);
Outcome tryConfig(const std::string& config, const std::string& generation);
/// The header of a safetensors file that is `bytes`, by way of a file in memory.
Outcome trySafetensors(std::string_view bytes);
/// A whole folder: config.json and every byte of every tensor.
Outcome tryFolder(const std::string& folder);

}  // namespace signalbox::test
