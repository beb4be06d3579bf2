// The header of one safetensors file. Source: github.com/huggingface/safetensors, "Format".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/file_reader.h"
#include "core/safetensors.h"

namespace signalbox {

/// Longest header, the reference implementation's own limit.
inline constexpr std::uint64_t kSafetensorsHeaderMax = 100'000'000;
/// Axes of one tensor; language models have four at most.
inline constexpr std::size_t kTensorAxesMax = 16;

/// What stands in `file`, in order of offset, with `file` of each entry as given. Allocates no more
/// than the file's own header is long (S1, S2). Throws kIo, kInvalidModel, kUnsupportedModel.
std::vector<TensorEntry> readSafetensorsHeader(const FileReader& file, int index);

/// The same from the header's JSON. `dataStart` is where the tensors begin in the file, `dataBytes`
/// how many bytes follow. `source` is what errors call the header.
std::vector<TensorEntry> parseSafetensorsHeader(std::string_view json, std::uint64_t dataStart,
                                                std::uint64_t dataBytes, int index,
                                                const std::string& source);

}  // namespace signalbox
