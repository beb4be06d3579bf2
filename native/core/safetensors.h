// The tensors of a model folder, found and read. Source: the safetensors format (8 bytes of header
// length, JSON header, bytes), and Hugging Face's `model.safetensors.index.json` for shards.
//
//   S1. Nothing a header claims is believed before it is checked against the file: header length,
//       offsets (in order, without gaps or overlaps, inside the file), shape times size of dtype.
//   S2. No allocation is made of a size that only a header claims.
//   S3. Tensors are read by pread at any byte alignment, by several threads at once, straight into
//       the caller's memory: the folder holds no second copy.
//   S4. Every error names the file and, where there is one, the tensor.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/file_reader.h"

namespace signalbox {

enum class TensorDtype {
  kF64, kF32, kF16, kBf16, kF8E4m3, kF8E5m2, kI64, kI32, kI16, kI8, kU8, kBool,
};

const char* nameOf(TensorDtype dtype);
std::size_t bytesOf(TensorDtype dtype);

/// One tensor of the folder: where its bytes lie.
struct TensorEntry {
  std::string name;
  TensorDtype dtype;
  std::vector<std::int64_t> shape;
  int file;               // index into ModelFolder::files()
  std::uint64_t offset;   // from the start of the file, in bytes
  std::uint64_t bytes;
};

class ModelFolder {
 public:
  /// Opens `folder`: model.safetensors, or the shards its index names. Throws kIo, kInvalidModel,
  /// or kUnsupportedModel for a dtype that is not in the table above.
  static std::unique_ptr<ModelFolder> open(const std::string& folder);
  virtual ~ModelFolder() = default;

  virtual const std::string& path() const = 0;
  /// Their paths, the folder's included.
  virtual const std::vector<std::string>& files() const = 0;
  virtual const std::map<std::string, TensorEntry>& tensors() const = 0;
  /// Throws kInvalidModel naming the tensor and the files searched.
  virtual const TensorEntry& tensor(const std::string& name) const = 0;
  virtual const TensorEntry* find(const std::string& name) const = 0;
  /// Reads `bytes` from `offset` bytes into the tensor. Safe from any thread. Throws kIo when the
  /// file ends early or changed since it was opened.
  virtual void read(const TensorEntry& tensor, std::uint64_t offset, std::size_t bytes,
                    void* to) const = 0;
};

}  // namespace signalbox
