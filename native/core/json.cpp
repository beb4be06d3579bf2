// A recursive-descent reader over one string_view, and the values it makes.
#include "core/json.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>

#include "core/printable.h"

namespace signalbox {

/// A link of the chain from a value up to its text. Shared, so that a path costs its own name only.
struct JsonPlace {
  std::shared_ptr<const JsonPlace> parent;  // null for the text itself
  std::string name;                         // of the text, or of a member
  std::int64_t index = -1;                  // in an array
};

class JsonReader {
 public:
  JsonReader(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  Json read() {
    if (text_.size() > kJsonBytesMax) {
      throw EngineError(ErrorCode::kInvalidModel,
                        source_ + ": " + std::to_string(text_.size()) + " bytes of JSON, at most " +
                            std::to_string(kJsonBytesMax) + " are read");
    }
    auto place = std::make_shared<JsonPlace>();
    place->name = source_;
    skipSpace();
    Json value = readValue(std::move(place), 0);
    skipSpace();
    if (at_ != text_.size()) fail("text after the end of the value");
    return value;
  }

 private:
  using Place = std::shared_ptr<const JsonPlace>;

  [[noreturn]] void failAt(std::size_t position, const std::string& reason) const {
    std::size_t line = 1;
    std::size_t column = 1;
    for (std::size_t i = 0; i < position; ++i) {
      const auto byte = static_cast<unsigned char>(text_[i]);
      if (byte == '\n') {
        ++line;
        column = 1;
      } else if ((byte & 0xc0u) != 0x80u) {
        ++column;
      }
    }
    throw EngineError(ErrorCode::kInvalidModel, source_ + ": line " + std::to_string(line) +
                                                    ", column " + std::to_string(column) + ": " +
                                                    reason);
  }
  [[noreturn]] void fail(const std::string& reason) const { failAt(at_, reason); }

  bool atEnd() const { return at_ == text_.size(); }
  /// The next byte, or 0 at the end: no JSON token has a zero byte in it.
  char peek() const { return atEnd() ? '\0' : text_[at_]; }

  void skipSpace() {
    while (!atEnd()) {
      const char c = text_[at_];
      if (c != ' ' && c != '\n' && c != '\r' && c != '\t') return;
      ++at_;
    }
  }

  bool skip(char c) {
    if (peek() != c || atEnd()) return false;
    ++at_;
    return true;
  }

  [[noreturn]] void failExpected(const std::string& what) const {
    if (atEnd()) fail("the text ends where " + what + " is expected");
    fail(what + " is expected, not \"" + printable(text_.substr(at_, 12)) + "\"");
  }

  static Place placeOf(const Place& parent, std::string name, std::int64_t index) {
    auto place = std::make_shared<JsonPlace>();
    place->parent = parent;
    place->name = std::move(name);
    place->index = index;
    return place;
  }

  Json readValue(Place place, int depth) {
    if (++nodes_ > kJsonNodesMax) {
      fail("more than " + std::to_string(kJsonNodesMax) + " values");
    }
    Json value;
    value.place_ = std::move(place);
    const char c = peek();
    if (c == '{' || c == '[') {
      if (depth == kJsonDepthMax) {
        fail("arrays and objects nested deeper than " + std::to_string(kJsonDepthMax));
      }
      c == '{' ? readObject(value, depth) : readArray(value, depth);
    } else if (c == '"') {
      value.kind_ = Json::Kind::kString;
      value.text_ = readString();
    } else if (c == '-' || (c >= '0' && c <= '9')) {
      readNumber(value);
    } else if (skipWord("true")) {
      value.kind_ = Json::Kind::kBool;
      value.bool_ = true;
    } else if (skipWord("false")) {
      value.kind_ = Json::Kind::kBool;
    } else if (!skipWord("null")) {
      failExpected("a value");
    }
    return value;
  }

  bool skipWord(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  void readArray(Json& value, int depth) {
    value.kind_ = Json::Kind::kArray;
    ++at_;
    skipSpace();
    if (skip(']')) return;
    for (std::int64_t index = 0;; ++index) {
      value.items_.push_back(readValue(placeOf(value.place_, "", index), depth + 1));
      skipSpace();
      if (skip(']')) return;
      if (!skip(',')) failExpected("\",\" or \"]\"");
      skipSpace();
    }
  }

  void readObject(Json& value, int depth) {
    value.kind_ = Json::Kind::kObject;
    ++at_;
    skipSpace();
    if (skip('}')) return;
    std::vector<std::size_t> starts;
    for (;;) {
      if (peek() != '"') failExpected("a key in quotes");
      starts.push_back(at_);
      std::string key = readString();
      skipSpace();
      if (!skip(':')) failExpected("\":\"");
      skipSpace();
      Json member = readValue(placeOf(value.place_, key, -1), depth + 1);
      value.members_.emplace_back(std::move(key), std::move(member));
      skipSpace();
      if (skip('}')) break;
      if (!skip(',')) failExpected("\",\" or \"}\"");
      skipSpace();
    }
    refuseDuplicates(value, starts);
  }

  /// By sorting, not by hashing: nobody can choose keys that make it slow.
  void refuseDuplicates(const Json& value, const std::vector<std::size_t>& starts) const {
    const auto& members = value.members_;
    std::vector<std::uint32_t> order(members.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      const int compared = members[a].first.compare(members[b].first);
      return compared != 0 ? compared < 0 : a < b;
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      const std::string& key = members[order[i]].first;
      if (key != members[order[i - 1]].first) continue;
      failAt(starts[order[i]], "the key \"" + printable(key) + "\" stands here a second time");
    }
  }

  void readNumber(Json& value) {
    const std::size_t start = at_;
    bool whole = true;
    skip('-');
    if (!skip('0') && !skipDigits()) failExpected("a digit");
    if (skip('.')) {
      whole = false;
      if (!skipDigits()) failExpected("a digit");
    }
    if (peek() == 'e' || peek() == 'E') {
      ++at_;
      whole = false;
      if (!skip('+')) skip('-');
      if (!skipDigits()) failExpected("a digit");
    }
    const char* first = text_.data() + start;
    const char* last = text_.data() + at_;
    value.kind_ = Json::Kind::kNumber;
    if (std::from_chars(first, last, value.number_).ec != std::errc()) {
      failAt(start, "a number beyond the range of double");
    }
    std::int64_t integer = 0;
    if (whole) {
      if (std::from_chars(first, last, integer).ec == std::errc()) value.integer_ = integer;
    } else if (value.number_ == std::trunc(value.number_) && std::fabs(value.number_) < 0x1p63) {
      value.integer_ = static_cast<std::int64_t>(value.number_);
    }
  }

  bool skipDigits() {
    const std::size_t start = at_;
    while (peek() >= '0' && peek() <= '9') ++at_;
    return at_ != start;
  }

  std::string readString() {
    ++at_;
    std::string out;
    for (;;) {
      if (atEnd()) fail("the text ends inside a string");
      const auto c = static_cast<unsigned char>(text_[at_]);
      if (c == '"') {
        ++at_;
        return out;
      }
      if (c == '\\') {
        readEscape(out);
      } else if (c < 0x20) {
        fail("a control character inside a string");
      } else {
        const std::size_t length = utf8Length(text_.substr(at_, 4));
        if (length == 0) fail("bytes that are no UTF-8 inside a string");
        out.append(text_, at_, length);
        at_ += length;
      }
    }
  }

  void readEscape(std::string& out) {
    const std::size_t start = at_++;
    const char c = peek();
    ++at_;
    switch (c) {
      case '"': out += '"'; return;
      case '\\': out += '\\'; return;
      case '/': out += '/'; return;
      case 'b': out += '\b'; return;
      case 'f': out += '\f'; return;
      case 'n': out += '\n'; return;
      case 'r': out += '\r'; return;
      case 't': out += '\t'; return;
      case 'u': break;
      default: failAt(start, "an escape that JSON does not have");
    }
    std::uint32_t point = readHex(start);
    if (point >= 0xdc00 && point <= 0xdfff) failAt(start, "half of a surrogate pair");
    if (point >= 0xd800 && point <= 0xdbff) {
      if (!skipWord("\\u")) failAt(start, "half of a surrogate pair");
      const std::uint32_t low = readHex(start);
      if (low < 0xdc00 || low > 0xdfff) failAt(start, "half of a surrogate pair");
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
    }
    appendUtf8(out, point);
  }

  std::uint32_t readHex(std::size_t start) {
    std::uint32_t value = 0;
    for (int i = 0; i < 4; ++i) {
      const char c = peek();
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') digit = static_cast<std::uint32_t>(c - '0');
      else if (c >= 'a' && c <= 'f') digit = static_cast<std::uint32_t>(c - 'a' + 10);
      else if (c >= 'A' && c <= 'F') digit = static_cast<std::uint32_t>(c - 'A' + 10);
      else failAt(start, "\\u without four hexadecimal digits");
      value = value * 16 + digit;
      ++at_;
    }
    return value;
  }

  static void appendUtf8(std::string& out, std::uint32_t point) {
    const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (point < 0x80) {
      put(point);
    } else if (point < 0x800) {
      put(0xc0 | (point >> 6));
      put(0x80 | (point & 0x3f));
    } else if (point < 0x10000) {
      put(0xe0 | (point >> 12));
      put(0x80 | ((point >> 6) & 0x3f));
      put(0x80 | (point & 0x3f));
    } else {
      put(0xf0 | (point >> 18));
      put(0x80 | ((point >> 12) & 0x3f));
      put(0x80 | ((point >> 6) & 0x3f));
      put(0x80 | (point & 0x3f));
    }
  }

  std::string_view text_;
  const std::string& source_;
  std::size_t at_ = 0;
  std::size_t nodes_ = 0;
};

Json Json::parse(std::string_view text, const std::string& source) {
  return JsonReader(text, source).read();
}

bool Json::asBool() const {
  if (kind_ != Kind::kBool) expected("true or false");
  return bool_;
}

double Json::asNumber() const {
  if (kind_ != Kind::kNumber) expected("a number");
  return number_;
}

std::int64_t Json::asInteger() const {
  if (kind_ != Kind::kNumber || !integer_) expected("a whole number");
  return *integer_;
}

const std::string& Json::asString() const {
  if (kind_ != Kind::kString) expected("a string");
  return text_;
}

const std::vector<Json>& Json::asArray() const {
  if (kind_ != Kind::kArray) expected("an array");
  return items_;
}

const std::vector<std::pair<std::string, Json>>& Json::asObject() const {
  if (kind_ != Kind::kObject) expected("an object");
  return members_;
}

const Json* Json::find(std::string_view key) const {
  for (const auto& [name, value] : asObject()) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::string Json::path() const {
  std::string path;
  const JsonPlace* place = place_.get();
  for (; place != nullptr && place->parent != nullptr; place = place->parent.get()) {
    std::string step;
    if (place->index >= 0) {
      step = '[' + std::to_string(place->index) + ']';
    } else {
      step = printable(place->name, 80);
    }
    if (!path.empty() && path[0] != '[') step += '.';
    path = step + path;
  }
  const std::string source = place != nullptr ? place->name : "JSON";
  return path.empty() ? source : source + ": " + path;
}

void Json::refuse(const std::string& reason, ErrorCode code) const {
  throw EngineError(code, path() + " is " + shown() + ": " + reason);
}

void Json::expected(const char* kind) const { refuse(std::string("must be ") + kind); }

std::string Json::shown() const {
  switch (kind_) {
    case Kind::kNull: return "null";
    case Kind::kBool: return bool_ ? "true" : "false";
    case Kind::kString: return '"' + printable(text_, 60) + '"';
    case Kind::kArray: return "an array of " + std::to_string(items_.size());
    case Kind::kObject: return "an object";
    case Kind::kNumber: break;
  }
  if (integer_) return std::to_string(*integer_);
  char digits[40];
  const auto end = std::to_chars(digits, digits + sizeof digits, number_);
  return std::string(digits, end.ptr);
}

}  // namespace signalbox
