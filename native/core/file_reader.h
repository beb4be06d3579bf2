// Files of a model folder: regular ones only, read whole or in places, never trusted to stay.
//
//   F1. A FIFO, socket or device in a model's place is refused, never waited for.
//   F2. What a read returns was in the file, in full: short reads go on, signals are ridden out.
//   F3. A file whose size or time of change is no longer what it was when opened is refused.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>

namespace signalbox {

class FileReader {
 public:
  /// Throws kIo naming the path and the system's reason.
  explicit FileReader(const std::string& path);
  ~FileReader();
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&&) = delete;
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  const std::string& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  /// `bytes` bytes from `offset`. Safe from any thread. Throws kIo when the file ends before that.
  void read(std::uint64_t offset, std::size_t bytes, void* to) const;
  /// Throws kIo when the file changed since it was opened.
  void checkUnchanged() const;

 private:
  [[noreturn]] void fail(const std::string& reason) const;

  std::string path_;
  int file_ = -1;
  std::uint64_t size_ = 0;
  timespec changed_ = {};
};

/// The text of a small file (config.json and the like), at most `bytesMax`. Throws kIo.
std::string readSmallFile(const std::string& path, std::size_t bytesMax);

/// Whether something stands at `path`, be it only a broken link.
bool pathExists(const std::string& path);

}  // namespace signalbox
