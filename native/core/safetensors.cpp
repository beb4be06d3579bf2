// One model.safetensors, or the shards that an index names and the index itself.
#include "core/safetensors.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "core/printable.h"
#include "core/safetensors_header.h"

namespace signalbox {

namespace {

constexpr char kSingleName[] = "model.safetensors";
constexpr char kIndexName[] = "model.safetensors.index.json";
/// An index has some 100 bytes per tensor.
constexpr std::size_t kIndexBytesMax = std::size_t{64} << 20;
/// Each is kept open; the largest public models have fewer than 200.
constexpr std::size_t kShardsMax = 1000;

[[noreturn]] void invalid(const std::string& text) {
  throw EngineError(ErrorCode::kInvalidModel, text);
}

class OpenModelFolder final : public ModelFolder {
 public:
  explicit OpenModelFolder(const std::string& folder) : path_(folder) {
    const std::string index = folder + "/" + kIndexName;
    // transformers prefers the single file too, where both are there.
    if (pathExists(folder + "/" + kSingleName)) {
      add(kSingleName);
    } else if (pathExists(index)) {
      addShards(Json::parse(readSmallFile(index, kIndexBytesMax), printable(index, 1024)));
    } else {
      throw EngineError(ErrorCode::kIo, printable(folder, 1024) + ": neither " + kSingleName +
                                            " nor " + kIndexName + " is there");
    }
  }

  const std::string& path() const override { return path_; }
  const std::vector<std::string>& files() const override { return files_; }
  const std::map<std::string, TensorEntry>& tensors() const override { return tensors_; }

  const TensorEntry& tensor(const std::string& name) const override {
    const TensorEntry* entry = find(name);
    if (entry != nullptr) return *entry;
    constexpr std::size_t kNamed = 4;
    std::string searched;
    for (std::size_t i = 0; i < std::min(files_.size(), kNamed); ++i) {
      searched += (i == 0 ? "" : ", ") + printable(files_[i], 1024);
    }
    if (files_.size() > kNamed) {
      searched += " and " + std::to_string(files_.size() - kNamed) + " more";
    }
    invalid("the tensor \"" + printable(name) + "\" is missing; searched: " + searched);
  }

  const TensorEntry* find(const std::string& name) const override {
    const auto found = tensors_.find(name);
    return found == tensors_.end() ? nullptr : &found->second;
  }

  void read(const TensorEntry& tensor, std::uint64_t offset, std::size_t bytes,
            void* to) const override {
    SIGNALBOX_CHECK(offset <= tensor.bytes && bytes <= tensor.bytes - offset,
                    tensor.name + ": " + std::to_string(bytes) + " bytes at " +
                        std::to_string(offset) + " of " + std::to_string(tensor.bytes));
    SIGNALBOX_CHECK(tensor.file >= 0 && static_cast<std::size_t>(tensor.file) < readers_.size(),
                    std::to_string(tensor.file));
    const FileReader& reader = readers_[static_cast<std::size_t>(tensor.file)];
    try {
      reader.read(tensor.offset + offset, bytes, to);
      // After the bytes: whatever was written before they were read shows.
      reader.checkUnchanged();
    } catch (const EngineError& error) {
      throw EngineError(error.code(),
                        std::string(error.what()) + " (tensor \"" + printable(tensor.name) + "\")");
    }
  }

 private:
  void add(const std::string& name) {
    const int index = static_cast<int>(files_.size());
    files_.push_back(path_ + "/" + name);
    readers_.emplace_back(files_.back());
    for (TensorEntry& entry : readSafetensorsHeader(readers_.back(), index)) {
      const auto [place, isNew] = tensors_.try_emplace(entry.name);
      if (!isNew) {
        invalid("the tensor \"" + printable(entry.name) + "\" stands in " +
                printable(files_[static_cast<std::size_t>(place->second.file)], 1024) +
                " and in " + printable(files_.back(), 1024));
      }
      place->second = std::move(entry);
    }
  }

  /// Opens what weight_map names, in order of name, and holds the map against what is there.
  /// Tensors that a shard has and the map has not are taken, as transformers takes them.
  void addShards(const Json& index) {
    const Json* map = index.find("weight_map");
    if (map == nullptr) invalid(index.path() + ": weight_map is missing");
    std::set<std::string> names;
    for (const auto& [tensor, shard] : map->asObject()) {
      checkShardName(shard);
      names.insert(shard.asString());
      if (names.size() > kShardsMax) {
        map->refuse("more than " + std::to_string(kShardsMax) + " files");
      }
    }
    if (names.empty()) map->refuse("it names no file");
    for (const std::string& name : names) add(name);
    for (const auto& [name, shard] : map->asObject()) {
      const TensorEntry* entry = find(name);
      if (entry == nullptr) shard.refuse("that file does not have the tensor");
      const std::string& there = files_[static_cast<std::size_t>(entry->file)];
      if (there != path_ + "/" + shard.asString()) {
        shard.refuse("the tensor is in " + printable(there, 1024));
      }
    }
  }

  /// A shard lies in the folder itself: no name leads out of it. It may be a link, as in caches.
  static void checkShardName(const Json& shard) {
    const std::string& name = shard.asString();
    const bool plain = name.find_first_of(std::string("/\\\0", 3)) == std::string::npos;
    if (!plain || name.starts_with('.') || !name.ends_with(".safetensors")) {
      shard.refuse("must be the name of a .safetensors file in the folder");
    }
  }

  std::string path_;
  std::vector<std::string> files_;
  std::vector<FileReader> readers_;  // one per file
  std::map<std::string, TensorEntry> tensors_;
};

}  // namespace

std::unique_ptr<ModelFolder> ModelFolder::open(const std::string& folder) {
  return std::make_unique<OpenModelFolder>(folder);
}

}  // namespace signalbox
