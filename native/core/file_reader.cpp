// open, fstat and pread, with every way they can fail.
#include "core/file_reader.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "core/error.h"
#include "core/printable.h"

namespace signalbox {

static_assert(sizeof(off_t) == 8, "tensors lie beyond 4 GiB");

FileReader::FileReader(const std::string& path) : path_(path) {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer.
  do {
    file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  } while (file_ < 0 && errno == EINTR);
  if (file_ < 0) fail(std::strerror(errno));
  struct stat status = {};
  const bool known = fstat(file_, &status) == 0;
  if (known && S_ISREG(status.st_mode)) {
    size_ = static_cast<std::uint64_t>(status.st_size);
    changed_ = status.st_mtim;
    return;
  }
  const std::string reason = known ? "not a regular file" : std::strerror(errno);
  close(file_);
  fail(reason);
}

FileReader::~FileReader() {
  if (file_ >= 0) close(file_);
}

FileReader::FileReader(FileReader&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      size_(other.size_),
      changed_(other.changed_) {}

void FileReader::read(std::uint64_t offset, std::size_t bytes, void* to) const {
  // One call moves at most 2^31 - 4096 bytes on Linux.
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  auto* next = static_cast<char*>(to);
  while (bytes != 0) {
    const ssize_t got =
        pread(file_, next, std::min(bytes, kPiece), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail(std::strerror(errno));
    if (got == 0) {
      fail("the file ends at byte " + std::to_string(offset) + ", " + std::to_string(bytes) +
           " bytes early; it had " + std::to_string(size_) + " bytes when it was opened");
    }
    next += got;
    offset += static_cast<std::uint64_t>(got);
    bytes -= static_cast<std::size_t>(got);
  }
}

void FileReader::checkUnchanged() const {
  struct stat now = {};
  if (fstat(file_, &now) != 0) fail(std::strerror(errno));
  if (static_cast<std::uint64_t>(now.st_size) != size_ ||
      now.st_mtim.tv_sec != changed_.tv_sec || now.st_mtim.tv_nsec != changed_.tv_nsec) {
    fail("the file was changed while it was being read");
  }
}

void FileReader::fail(const std::string& reason) const {
  throw EngineError(ErrorCode::kIo, printable(path_, 1024) + ": " + reason);
}

std::string readSmallFile(const std::string& path, std::size_t bytesMax) {
  const FileReader file(path);
  if (file.size() > bytesMax) {
    throw EngineError(ErrorCode::kIo, printable(path, 1024) + ": " + std::to_string(file.size()) +
                                          " bytes, at most " + std::to_string(bytesMax) +
                                          " are read of such a file");
  }
  std::string text(static_cast<std::size_t>(file.size()), '\0');
  file.read(0, text.size(), text.data());
  return text;
}

bool pathExists(const std::string& path) {
  struct stat status = {};
  return lstat(path.c_str(), &status) == 0;
}

}  // namespace signalbox
