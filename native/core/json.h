// A JSON reader for model folders: RFC 8259, strict, for files nobody vouches for.
//
//   J1. Depth, size and number of nodes are bounded before anything is allocated for them.
//   J2. Every error names the file, line and column.
//   J3. Duplicate keys are refused: which one would win is what an attacker would like to choose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace signalbox {

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
  /// Where this value stands: "config.json: rope_scaling.factor".
  const std::string& path() const { return path_; }

 private:
  friend class JsonReader;
  Kind kind_ = Kind::kNull;
  bool bool_ = false;
  double number_ = 0;
  std::optional<std::int64_t> integer_;
  std::string text_;
  std::vector<Json> items_;
  std::vector<std::pair<std::string, Json>> members_;
  std::string path_;
};

}  // namespace signalbox
