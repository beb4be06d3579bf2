// The bodies of fuzz_targets.h. Include it in one file of an executable.
#pragma once

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "check.h"
#include "core/config.h"
#include "core/error.h"
#include "core/json.h"
#include "core/safetensors.h"
#include "core/safetensors_header.h"
#include "fuzz_targets.h"

namespace signalbox::test {

namespace {

/// Runs `body`; what it throws, as an outcome. An error says something, on one line.
template <class Body>
Outcome outcomeOf(const Body& body) {
  try {
    body();
    return Outcome::kAccepted;
  } catch (const EngineError& error) {
    const std::string_view text = error.what();
    CHECK(!text.empty() && text.size() < 10'000);
    CHECK_SAY(std::none_of(text.begin(), text.end(),
                           [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
              text);
    switch (error.code()) {
      case ErrorCode::kInvalidModel: return Outcome::kInvalid;
      case ErrorCode::kUnsupportedModel: return Outcome::kUnsupported;
      case ErrorCode::kIo: return Outcome::kIo;
      default: failCase(__FILE__, __LINE__, std::string("thrown: ") + error.what());
    }
  }
}

void writeString(const std::string& text, std::string& to) {
  constexpr char kHex[] = "0123456789abcdef";
  to += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || c == '"' || c == '\\') {
      to.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      to += c;
    }
  }
  to += '"';
}

void writeJson(const Json& value, std::string& to) {
  switch (value.kind()) {
    case Json::Kind::kNull: to += "null"; return;
    case Json::Kind::kBool: to += value.asBool() ? "true" : "false"; return;
    case Json::Kind::kString: writeString(value.asString(), to); return;
    case Json::Kind::kNumber: {
      char digits[64];
      const auto end = std::to_chars(digits, digits + sizeof digits, value.asNumber());
      to.append(digits, end.ptr);
      return;
    }
    case Json::Kind::kArray: {
      to += '[';
      for (const Json& item : value.asArray()) {
        if (to.back() != '[') to += ',';
        writeJson(item, to);
      }
      to += ']';
      return;
    }
    case Json::Kind::kObject: {
      to += '{';
      bool first = true;
      for (const auto& [key, member] : value.asObject()) {
        if (!first) to += ',';
        first = false;
        writeString(key, to);
        to += ':';
        writeJson(member, to);
      }
      to += '}';
      return;
    }
  }
}

void checkConfig(const ModelConfig& config) {
  CHECK(config.layers >= 1 && config.layers <= kLayersMax);
  CHECK(config.hidden >= 1 && config.hidden <= kHiddenMax);
  CHECK(config.intermediate >= 1 && config.intermediate <= kIntermediateMax);
  CHECK(config.heads >= 1 && config.heads <= kHeadsMax);
  CHECK(config.kvHeads >= 1 && config.heads % config.kvHeads == 0);
  CHECK(config.headDim >= 2 && config.headDim <= kHeadDimMax && config.headDim % 2 == 0);
  CHECK(config.vocab >= 1 && config.vocab <= kVocabMax);
  CHECK(config.contextMax >= 1 && config.contextMax <= kContextMax);
  CHECK(config.normEps > 0 && config.normEps <= 1);
  CHECK(config.slidingWindow.size() == static_cast<std::size_t>(config.layers));
  for (const int window : config.slidingWindow) CHECK(window >= 0 && window <= kContextMax);
  for (const TokenId id : config.eosIds) CHECK(id >= 0 && id < config.vocab);
  if (config.bosId) CHECK(*config.bosId >= 0 && *config.bosId < config.vocab);
  if (config.defaultTemperature) CHECK(*config.defaultTemperature >= 0);
  if (config.defaultTopK) CHECK(*config.defaultTopK >= 0);
  if (config.defaultTopP) CHECK(*config.defaultTopP >= 0 && *config.defaultTopP <= 1);
  if (config.defaultRepetitionPenalty) CHECK(*config.defaultRepetitionPenalty > 0);
  for (const float frequency : ropeFrequencies(config)) {
    CHECK_SAY(std::isfinite(frequency) && frequency > 0, frequency);
  }
}

/// A file without a name, holding `bytes`; path() while this lives.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view bytes) : file_(memfd_create("safetensors", MFD_CLOEXEC)) {
    CHECK(file_ >= 0);
    CHECK(write(file_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size()));
  }
  ~MemoryFile() { close(file_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(file_); }

 private:
  int file_;
};

}  // namespace

Outcome tryJson(std::string_view text) {
  return outcomeOf([&] {
    std::string once;
    writeJson(Json::parse(text, "fuzz.json"), once);
    std::string twice;
    writeJson(Json::parse(once, "fuzz.json"), twice);
    CHECK_SAY(once == twice, once << " became " << twice);
  });
}

Outcome tryConfig(const std::string& config, const std::string& generation) {
  return outcomeOf([&] { checkConfig(parseModelConfig(config, generation)); });
}

Outcome trySafetensors(std::string_view bytes) {
  const MemoryFile memory(bytes);
  return outcomeOf([&] {
    const FileReader file(memory.path());
    std::uint64_t sum = 0;
    for (const TensorEntry& entry : readSafetensorsHeader(file, 3)) {
      CHECK(entry.file == 3 && entry.offset >= 8 && entry.shape.size() <= kTensorAxesMax);
      CHECK(entry.offset <= bytes.size() && entry.bytes <= bytes.size() - entry.offset);
      double size = static_cast<double>(bytesOf(entry.dtype));
      for (const std::int64_t length : entry.shape) size *= static_cast<double>(length);
      CHECK_SAY(size == static_cast<double>(entry.bytes), entry.name);
      sum += entry.bytes;
    }
    std::uint64_t header = 0;
    for (std::size_t i = 8; i-- > 0;) header = header * 256 + static_cast<std::uint8_t>(bytes[i]);
    CHECK(sum + 8 + header == bytes.size());
  });
}

Outcome tryFolder(const std::string& folder) {
  return outcomeOf([&] {
    checkConfig(readModelConfig(folder));
    const auto open = ModelFolder::open(folder);
    for (const auto& [name, entry] : open->tensors()) {
      CHECK(name == entry.name && open->find(name) == &entry);
      std::string bytes(entry.bytes, '\0');
      open->read(entry, 0, bytes.size(), bytes.data());
    }
  });
}

}  // namespace signalbox::test
