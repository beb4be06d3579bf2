// A model that is in no folder: every tensor of a Llama's config, in bf16, answered from one file
// of random numbers that is read again and again, so that 26 GB take neither a disk nor a minute.
// What loading does with bytes is what it does with a folder's: pread from the page cache, then
// packing. Norms are ones, as a model's of random weights are.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/safetensors.h"

namespace signalbox::bench {

class RandomFolder final : public ModelFolder {
 public:
  /// Takes a file without a name below the system's folder for temporary files: `bytesMax`, or as
  /// much as the model has. Throws kIo.
  RandomFolder(const ModelConfig& config, std::uint64_t bytesMax);
  ~RandomFolder() override;
  RandomFolder(const RandomFolder&) = delete;
  RandomFolder& operator=(const RandomFolder&) = delete;

  const std::string& path() const override { return files_[0]; }
  const std::vector<std::string>& files() const override { return files_; }
  const std::map<std::string, TensorEntry>& tensors() const override { return tensors_; }
  const TensorEntry& tensor(const std::string& name) const override;
  const TensorEntry* find(const std::string& name) const override;
  void read(const TensorEntry& tensor, std::uint64_t offset, std::size_t bytes,
            void* to) const override;

  /// Of all tensors, and of the file that they are read from.
  std::uint64_t bytes() const { return bytes_; }
  std::uint64_t fileBytes() const { return fileBytes_; }

 private:
  void add(const std::string& name, std::vector<std::int64_t> shape);

  const std::vector<std::string> files_{"random weights"};
  std::map<std::string, TensorEntry> tensors_;
  std::uint64_t bytes_ = 0;
  std::uint64_t fileBytes_ = 0;
  int file_ = -1;
};

}  // namespace signalbox::bench
