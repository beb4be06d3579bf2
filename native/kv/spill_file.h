// Where cold blocks of the prefix cache go: slots of one size in one file that has no name.
//
//   S1. The file is created under a name of its own, readable by its owner alone (it holds what
//       people wrote), and unlinked at once: engines in one folder never meet, and nothing is left
//       behind however the process ends.
//   S2. What a slot gives back is what was written there under the same key, or nothing: each has a
//       header with key and checksum.
//   S3. A read or write that fails is an answer, not an exception.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace signalbox {

class SpillFile {
 public:
  /// As many slots of `slotBytes` payload as `bytesMax` takes with their headers. Throws kIo naming
  /// the folder when no file can be made there, kInvalidRequest when not even one slot fits.
  SpillFile(const std::string& folder, std::uint64_t bytesMax, std::size_t slotBytes);
  ~SpillFile();
  SpillFile(const SpillFile&) = delete;
  SpillFile& operator=(const SpillFile&) = delete;

  int slots() const { return slots_; }
  /// [slotBytes]: filled by the caller before write(), by the file after a read().
  std::uint8_t* payload() { return buffer_.data() + kHeaderBytes; }
  /// False when the system refuses: disk full, over quota, an error of the device.
  bool write(int slot, std::uint64_t key);
  /// False when the slot cannot be read, or holds anything else than what was written under `key`.
  bool read(int slot, std::uint64_t key);

 private:
  static constexpr std::size_t kHeaderBytes = 64;

  int file_ = -1;
  int slots_ = 0;
  std::size_t slotBytes_;
  std::size_t stride_;
  std::vector<std::uint8_t> buffer_;  // one slot: header and payload
};

/// 64 bits over bytes, for damage, not for attacks.
std::uint64_t checksumOf(const std::uint8_t* bytes, std::size_t count, std::uint64_t seed);

}  // namespace signalbox
