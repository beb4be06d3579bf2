// One line of text from bytes of any kind.
#include "core/printable.h"

#include <cstdint>

namespace signalbox {

namespace {

std::uint32_t byteAt(std::string_view text, std::size_t i) {
  return static_cast<unsigned char>(text[i]);
}

void appendEscaped(std::string& to, std::string_view text) {
  constexpr char kHex[] = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = utf8Length(text.substr(i));
    const std::uint32_t first = byteAt(text, i);
    // C1 controls (U+0080 to U+009F) steer terminals as C0 does.
    const bool control = first < 0x20 || first == 0x7f ||
                         (length == 2 && first == 0xc2 && byteAt(text, i + 1) < 0xa0);
    if (length == 0 || control) {
      for (std::size_t end = i + (length == 0 ? 1 : length); i < end; ++i) {
        to += "\\x";
        to += kHex[byteAt(text, i) >> 4];
        to += kHex[byteAt(text, i) & 15];
      }
    } else {
      to += text.substr(i, length);
      i += length;
    }
  }
}

}  // namespace

std::size_t utf8Length(std::string_view text) {
  if (text.empty()) return 0;
  const std::uint32_t first = byteAt(text, 0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byteAt(text, i) & 0xc0u) != 0x80u) return 0;
  }
  const std::uint32_t second = byteAt(text, 1);
  if (first == 0xe0 && second < 0xa0) return 0;  // overlong
  if (first == 0xed && second > 0x9f) return 0;  // a surrogate
  if (first == 0xf0 && second < 0x90) return 0;  // overlong
  if (first == 0xf4 && second > 0x8f) return 0;  // beyond U+10FFFF
  return length;
}

std::string printable(std::string_view text, std::size_t bytesMax) {
  std::string line;
  if (text.size() <= bytesMax) {
    appendEscaped(line, text);
    return line;
  }
  // The end of a name says as much as its start. A character cut in two shows as \xNN.
  const std::size_t head = bytesMax / 2;
  appendEscaped(line, text.substr(0, head));
  line += "...";
  appendEscaped(line, text.substr(text.size() - (bytesMax - head)));
  return line;
}

}  // namespace signalbox
