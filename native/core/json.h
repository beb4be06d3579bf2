// A JSON reader for model folders: RFC 8259, strict, for files nobody vouches for.
//
//   J1. Depth, size and number of nodes are bounded before anything is allocated for them: what a
//       text costs is its own size and kJsonNodesMax nodes, never a product of the two.
//   J2. Every error names the file, line and column.
//   J3. Duplicate keys are refused: which one would win is what an attacker would like to choose.
//   J4. Strings are UTF-8: bytes and escapes that are none (lone surrogates too) are refused.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/error.h"

namespace signalbox {

/// Longest text. A safetensors header may have 100 MB, nothing else in a folder comes near.
inline constexpr std::size_t kJsonBytesMax = std::size_t{128} << 20;
/// Values in one text. A model of 100,000 tensors has 800,000 in its header.
inline constexpr std::size_t kJsonNodesMax = std::size_t{1} << 20;
/// Arrays and objects inside each other; model folders use five.
inline constexpr int kJsonDepthMax = 64;

struct JsonPlace;

class Json {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  /// Throws kInvalidModel. `source` is what errors call the text: usually the file's path.
  static Json parse(std::string_view text, const std::string& source);

  Kind kind() const { return kind_; }
  bool isNull() const { return kind_ == Kind::kNull; }
  /// The accessors throw kInvalidModel naming `path` of this value when the kind is another.
  bool asBool() const;
  double asNumber() const;
  /// A whole number: 3 and 3.0, not 3.5; within int64.
  std::int64_t asInteger() const;
  const std::string& asString() const;
  const std::vector<Json>& asArray() const;
  const std::vector<std::pair<std::string, Json>>& asObject() const;
  /// The member, or null where the object has none. Throws when this is no object.
  const Json* find(std::string_view key) const;
  /// Where this value stands: "config.json: rope_scaling.factor". Made when asked for.
  std::string path() const;
  /// Throws, for a reason "must be above 0": "config.json: rope_scaling.factor is 0: must be above
  /// 0".
  [[noreturn]] void refuse(const std::string& reason,
                           ErrorCode code = ErrorCode::kInvalidModel) const;

 private:
  friend class JsonReader;
  [[noreturn]] void expected(const char* kind) const;
  std::string shown() const;

  Kind kind_ = Kind::kNull;
  bool bool_ = false;
  double number_ = 0;
  std::optional<std::int64_t> integer_;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
  std::shared_ptr<const JsonPlace> place_;
};

}  // namespace signalbox
