// Sleeping on a 32-bit word until it changes. Source: futex(2).
#pragma once

#include <atomic>
#include <cstdint>

namespace signalbox {

/// Sleeps while `word` is `value`, at most `timeoutMillis`; may return early. False on timeout.
bool futexWait(const std::atomic<std::uint32_t>& word, std::uint32_t value, int timeoutMillis);
void futexWakeAll(const std::atomic<std::uint32_t>& word);

}  // namespace signalbox
