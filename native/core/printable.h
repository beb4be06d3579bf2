// Names from files nobody vouches for, made fit for an error message or a log line.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace signalbox {

/// `text` on one line: control characters and bytes that are no UTF-8 as \xNN, clipped in the
/// middle to about `bytesMax` bytes.
std::string printable(std::string_view text, std::size_t bytesMax = 160);

/// Bytes of the UTF-8 sequence at the start of `text`: 1 to 4, or 0 where there is none (overlong
/// forms, surrogates and what lies beyond U+10FFFF included).
std::size_t utf8Length(std::string_view text);

}  // namespace signalbox
