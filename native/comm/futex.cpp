// The system calls behind futex.h.
#include "comm/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <ctime>

namespace signalbox {

bool futexWait(const std::atomic<std::uint32_t>& word, std::uint32_t value, int timeoutMillis) {
  const timespec timeout{timeoutMillis / 1000, (timeoutMillis % 1000) * 1000000L};
  return syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, value, &timeout, nullptr, 0) == 0 ||
         errno != ETIMEDOUT;
}

void futexWakeAll(const std::atomic<std::uint32_t>& word) {
  syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

}  // namespace signalbox
