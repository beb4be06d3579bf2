// Every claim of a header against the file it stands in.
#include "core/safetensors_header.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/json.h"
#include "core/printable.h"

namespace signalbox {

namespace {

struct DtypeName {
  TensorDtype dtype;
  const char* name;
  std::size_t bytes;
};

constexpr std::array<DtypeName, 12> kDtypes = {{
    {TensorDtype::kF64, "F64", 8},
    {TensorDtype::kF32, "F32", 4},
    {TensorDtype::kF16, "F16", 2},
    {TensorDtype::kBf16, "BF16", 2},
    {TensorDtype::kF8E4m3, "F8_E4M3", 1},
    {TensorDtype::kF8E5m2, "F8_E5M2", 1},
    {TensorDtype::kI64, "I64", 8},
    {TensorDtype::kI32, "I32", 4},
    {TensorDtype::kI16, "I16", 2},
    {TensorDtype::kI8, "I8", 1},
    {TensorDtype::kU8, "U8", 1},
    {TensorDtype::kBool, "BOOL", 1},
}};

const DtypeName& rowOf(TensorDtype dtype) {
  for (const DtypeName& row : kDtypes) {
    if (row.dtype == dtype) return row;
  }
  failCheck(__FILE__, __LINE__, "a dtype of the table", "");
}

const Json& member(const Json& object, const char* key) {
  const Json* value = object.find(key);
  if (value == nullptr) {
    throw EngineError(ErrorCode::kInvalidModel, object.path() + ": " + key + " is missing");
  }
  return *value;
}

TensorDtype dtypeOf(const Json& name) {
  for (const DtypeName& row : kDtypes) {
    if (name.asString() == row.name) return row.dtype;
  }
  name.refuse("no dtype of tensors that the engine reads", ErrorCode::kUnsupportedModel);
}

std::uint64_t unsignedOf(const Json& value) {
  if (value.asInteger() < 0) value.refuse("must not be negative");
  return static_cast<std::uint64_t>(value.asInteger());
}

std::vector<std::int64_t> shapeOf(const Json& list) {
  if (list.asArray().size() > kTensorAxesMax) {
    list.refuse("at most " + std::to_string(kTensorAxesMax) + " axes are read");
  }
  std::vector<std::int64_t> shape;
  for (const Json& length : list.asArray()) {
    shape.push_back(static_cast<std::int64_t>(unsignedOf(length)));
  }
  return shape;
}

/// Shape times size of dtype, or refused where that overflows: 0 times anything is 0.
std::uint64_t sizeOf(const TensorEntry& entry, const Json& shape) {
  std::uint64_t bytes = bytesOf(entry.dtype);
  for (const std::int64_t length : entry.shape) {
    if (length == 0) return 0;
  }
  for (const std::int64_t length : entry.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<std::uint64_t>(length), &bytes)) {
      shape.refuse("more bytes than can be counted");
    }
  }
  return bytes;
}

TensorEntry entryOf(const std::string& name, const Json& claim, std::uint64_t dataStart,
                    std::uint64_t dataBytes, int index) {
  TensorEntry entry;
  entry.name = name;
  entry.dtype = dtypeOf(member(claim, "dtype"));
  const Json& shape = member(claim, "shape");
  entry.shape = shapeOf(shape);
  entry.file = index;
  const Json& offsets = member(claim, "data_offsets");
  if (offsets.asArray().size() != 2) offsets.refuse("must be begin and end");
  const std::uint64_t begin = unsignedOf(offsets.asArray()[0]);
  const std::uint64_t end = unsignedOf(offsets.asArray()[1]);
  if (begin > end) offsets.asArray()[1].refuse("before the tensor's begin");
  if (end > dataBytes) {
    offsets.asArray()[1].refuse("only " + std::to_string(dataBytes) +
                                " bytes follow the header; is the file complete?");
  }
  entry.offset = dataStart + begin;
  entry.bytes = end - begin;
  const std::uint64_t needed = sizeOf(entry, shape);
  if (entry.bytes != needed) {
    offsets.refuse(std::to_string(entry.bytes) + " bytes, but shape and dtype make " +
                   std::to_string(needed));
  }
  return entry;
}

[[noreturn]] void failTensor(const std::string& source, const TensorEntry& entry,
                             const std::string& reason) {
  throw EngineError(ErrorCode::kInvalidModel,
                    source + ": tensor \"" + printable(entry.name) + "\" " + reason);
}

/// Every byte of the data belongs to one tensor.
void checkCover(const std::vector<TensorEntry>& entries, std::uint64_t dataStart,
                std::uint64_t dataBytes, const std::string& source) {
  std::uint64_t next = dataStart;
  for (const TensorEntry& entry : entries) {
    const std::uint64_t begin = entry.offset - dataStart;
    const std::uint64_t covered = next - dataStart;
    if (entry.offset < next) {
      failTensor(source, entry,
                 "begins at byte " + std::to_string(begin) + ", inside the tensor before it, " +
                     "which ends at byte " + std::to_string(covered));
    }
    if (entry.offset > next) {
      failTensor(source, entry,
                 "begins at byte " + std::to_string(begin) + ", after a gap from byte " +
                     std::to_string(covered));
    }
    next += entry.bytes;
  }
  if (next - dataStart != dataBytes) {
    throw EngineError(ErrorCode::kInvalidModel,
                      source + ": the tensors end at byte " + std::to_string(next - dataStart) +
                          " of " + std::to_string(dataBytes) + " that follow the header");
  }
}

void checkMetadata(const Json& metadata) {
  for (const auto& [key, value] : metadata.asObject()) value.asString();
}

}  // namespace

const char* nameOf(TensorDtype dtype) { return rowOf(dtype).name; }

std::size_t bytesOf(TensorDtype dtype) { return rowOf(dtype).bytes; }

std::vector<TensorEntry> readSafetensorsHeader(const FileReader& file, int index) {
  constexpr std::uint64_t kLengthBytes = 8;
  const std::string path = printable(file.path(), 1024);
  const auto refuse = [&](const std::string& reason) {
    throw EngineError(ErrorCode::kInvalidModel, path + ": " + reason);
  };
  if (file.size() < kLengthBytes) {
    refuse("a file of " + std::to_string(file.size()) + " bytes has no safetensors header");
  }
  std::uint8_t raw[kLengthBytes];
  file.read(0, kLengthBytes, raw);
  std::uint64_t length = 0;
  for (std::size_t i = kLengthBytes; i-- > 0;) length = (length << 8) | raw[i];
  if (length > kSafetensorsHeaderMax) {
    refuse("a header of " + std::to_string(length) + " bytes; at most " +
           std::to_string(kSafetensorsHeaderMax) + " are read. Is this a safetensors file?");
  }
  const std::uint64_t rest = file.size() - kLengthBytes;
  if (length > rest) {
    refuse("a header of " + std::to_string(length) + " bytes, but only " + std::to_string(rest) +
           " follow; is the file complete?");
  }
  std::string text(static_cast<std::size_t>(length), '\0');
  file.read(kLengthBytes, text.size(), text.data());
  return parseSafetensorsHeader(text, kLengthBytes + length, rest - length, index,
                                path + " header");
}

std::vector<TensorEntry> parseSafetensorsHeader(std::string_view json, std::uint64_t dataStart,
                                                std::uint64_t dataBytes, int index,
                                                const std::string& source) {
  const Json header = Json::parse(json, source);
  std::vector<TensorEntry> entries;
  entries.reserve(header.asObject().size());
  for (const auto& [name, claim] : header.asObject()) {
    if (name == "__metadata__") {
      checkMetadata(claim);
    } else {
      entries.push_back(entryOf(name, claim, dataStart, dataBytes, index));
    }
  }
  std::sort(entries.begin(), entries.end(), [](const TensorEntry& a, const TensorEntry& b) {
    if (a.offset != b.offset) return a.offset < b.offset;
    if (a.bytes != b.bytes) return a.bytes < b.bytes;  // Empty ones stand before what follows.
    return a.name < b.name;
  });
  checkCover(entries, dataStart, dataBytes, source);
  return entries;
}

}  // namespace signalbox
