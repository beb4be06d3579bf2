// What transformers says about a model: golden.json and golden.safetensors in its folder
// (models/README.md).
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/json.h"
#include "core/numeric.h"
#include "core/types.h"

namespace signalbox::test {

struct GoldenPath {
  std::vector<TokenId> ids;
  std::vector<float> margins;  // of the two largest logits, by step
  float bf16Error;             // the largest difference of transformers' own bf16 along the path
};

struct GoldenPrompt {
  std::vector<TokenId> ids;
  int firstRow;              // the first row whose logits are kept
  std::vector<float> exact;  // [rows][vocab]
  std::vector<float> rounded;
  std::vector<GoldenPath> greedy;  // none or one
};

class GoldenFile {
 public:
  explicit GoldenFile(const std::filesystem::path& folder)
      : tensors_(textOf(folder / "golden.safetensors")) {
    std::uint64_t header = 0;
    if (tensors_.size() < 8) throw std::runtime_error("golden.safetensors is too short");
    std::memcpy(&header, tensors_.data(), sizeof header);
    const Json entries = Json::parse(tensors_.substr(8, header), "golden.safetensors");
    const std::string text = textOf(folder / "golden.json");
    const Json golden = Json::parse(text, "golden.json");
    for (const Json& item : golden.find("prompts")->asArray()) {
      const std::string name = "prompt." + std::to_string(prompts_.size()) + ".logits.";
      GoldenPrompt prompt;
      prompt.ids = idsOf(*item.find("ids"));
      prompt.firstRow = static_cast<int>(item.find("firstRow")->asInteger());
      prompt.exact = floatsOf(*entries.find(name + "fp32"), 8 + header);
      prompt.rounded = floatsOf(*entries.find(name + "bf16"), 8 + header);
      if (const Json* path = item.find("greedy")) {
        GoldenPath greedy{idsOf(*path->find("ids")), {}, 0};
        for (const Json& margin : path->find("margins")->asArray()) {
          greedy.margins.push_back(static_cast<float>(margin.asNumber()));
        }
        greedy.bf16Error = static_cast<float>(path->find("bf16Error")->asNumber());
        prompt.greedy.push_back(std::move(greedy));
      }
      prompts_.push_back(std::move(prompt));
    }
  }

  const std::vector<GoldenPrompt>& prompts() const { return prompts_; }

 private:
  static std::string textOf(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::runtime_error("cannot read " + path.string());
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  }

  static std::vector<TokenId> idsOf(const Json& list) {
    std::vector<TokenId> ids;
    for (const Json& id : list.asArray()) ids.push_back(static_cast<TokenId>(id.asInteger()));
    return ids;
  }

  std::vector<float> floatsOf(const Json& entry, std::uint64_t base) const {
    const std::vector<Json>& span = entry.find("data_offsets")->asArray();
    const std::size_t begin = base + static_cast<std::size_t>(span[0].asInteger());
    const std::size_t end = base + static_cast<std::size_t>(span[1].asInteger());
    const bool wide = entry.find("dtype")->asString() == "F32";
    std::vector<float> values((end - begin) / (wide ? 4 : 2));
    for (std::size_t i = 0; i < values.size(); ++i) {
      Bf16 narrow = 0;
      if (wide) {
        std::memcpy(&values[i], tensors_.data() + begin + 4 * i, 4);
      } else {
        std::memcpy(&narrow, tensors_.data() + begin + 2 * i, 2);
        values[i] = bf16ToFloat(narrow);
      }
    }
    return values;
  }

  std::string tensors_;
  std::vector<GoldenPrompt> prompts_;
};

}  // namespace signalbox::test
