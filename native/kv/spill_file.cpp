// One unlinked file, written and read a slot at a time.
#include "kv/spill_file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <limits>

#include "core/error.h"

namespace signalbox {
namespace {

/// Slots begin on pages, so that a slot's write never reads another's.
constexpr std::size_t kPage = 4096;
constexpr std::uint64_t kMagic = 0x31766b786f626773u;

struct Header {
  std::uint64_t magic;
  std::uint64_t key;
  std::uint64_t bytes;
  std::uint64_t checksum;
};

}  // namespace

std::uint64_t checksumOf(const std::uint8_t* bytes, std::size_t count, std::uint64_t seed) {
  // Four chains side by side, because one would wait for its multiplications.
  constexpr std::uint64_t kFactor = 0x9fb21c651e98df25u;
  std::uint64_t chains[4] = {seed, seed ^ kFactor, ~seed, seed + kFactor};
  const auto take = [&](std::uint64_t& chain, const std::uint8_t* from, std::size_t size) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, size);
    chain = std::rotl(chain ^ (word * kFactor), 29) * 0xd6e8feb86659fd93u + 1;
  };
  std::size_t at = 0;
  for (; at + 32 <= count; at += 32) {
    for (std::size_t i = 0; i < 4; ++i) take(chains[i], bytes + at + 8 * i, 8);
  }
  for (; at < count; at += 8) take(chains[0], bytes + at, std::min<std::size_t>(8, count - at));
  std::uint64_t sum = count;
  for (const std::uint64_t chain : chains) {
    sum = (sum ^ chain) * kFactor;
    sum ^= sum >> 32;
  }
  return sum;
}

SpillFile::SpillFile(const std::string& folder, std::uint64_t bytesMax, std::size_t slotBytes)
    : slotBytes_(slotBytes),
      stride_((kHeaderBytes + slotBytes + kPage - 1) / kPage * kPage) {
  slots_ = static_cast<int>(std::min<std::uint64_t>(bytesMax / stride_,
                                                    std::numeric_limits<int>::max() / 2));
  if (slots_ == 0) {
    throw EngineError(ErrorCode::kInvalidRequest,
                      "spillBytes " + std::to_string(bytesMax) + " holds no block: one takes " +
                          std::to_string(stride_) + " bytes");
  }
  buffer_.resize(kHeaderBytes + slotBytes_);
  std::string path = folder + "/signalbox-spill-XXXXXX";
  file_ = ::mkostemp(path.data(), O_CLOEXEC);
  if (file_ < 0) {
    throw EngineError(ErrorCode::kIo, "spillFolder " + folder + ": no file can be made there: " +
                                          std::strerror(errno));
  }
  ::unlink(path.c_str());
}

SpillFile::~SpillFile() { ::close(file_); }

bool SpillFile::write(int slot, std::uint64_t key) {
  const Header header{kMagic, key, slotBytes_, checksumOf(payload(), slotBytes_, key)};
  std::memcpy(buffer_.data(), &header, sizeof header);
  const off_t start = static_cast<off_t>(slot) * static_cast<off_t>(stride_);
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t wrote = ::pwrite(file_, buffer_.data() + done, buffer_.size() - done,
                                   start + static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) return false;
    done += static_cast<std::size_t>(wrote);
  }
  return true;
}

bool SpillFile::read(int slot, std::uint64_t key) {
  const off_t start = static_cast<off_t>(slot) * static_cast<off_t>(stride_);
  for (std::size_t done = 0; done < buffer_.size();) {
    const ssize_t got = ::pread(file_, buffer_.data() + done, buffer_.size() - done,
                                start + static_cast<off_t>(done));
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    done += static_cast<std::size_t>(got);
  }
  Header header;
  std::memcpy(&header, buffer_.data(), sizeof header);
  return header.magic == kMagic && header.key == key && header.bytes == slotBytes_ &&
         header.checksum == checksumOf(payload(), slotBytes_, key);
}

}  // namespace signalbox
