// Every model committed under native/models: its config is understood, and each tensor that its
// shape calls for lies in its files with the size that it should have.
#include <algorithm>
#include <filesystem>
#include <set>

#include "check.h"
#include "core/config.h"
#include "core/safetensors.h"

using namespace signalbox;

namespace {

/// Those that hold a config.json, in order of path.
std::vector<std::string> modelFolders() {
  std::vector<std::string> folders;
  const auto models = std::filesystem::path(__FILE__).parent_path().parent_path() / "models";
  for (const auto& entry : std::filesystem::recursive_directory_iterator(models)) {
    if (entry.path().filename() == "config.json") {
      folders.push_back(entry.path().parent_path().string());
    }
  }
  std::sort(folders.begin(), folders.end());
  return folders;
}

using Shapes = std::map<std::string, std::vector<std::int64_t>>;

void addLayer(const ModelConfig& config, int layer, Shapes& shapes) {
  const std::string prefix = "model.layers." + std::to_string(layer) + ".";
  const std::int64_t hidden = config.hidden;
  const std::int64_t inter = config.intermediate;
  const std::int64_t queries = std::int64_t{config.heads} * config.headDim;
  const std::int64_t keys = std::int64_t{config.kvHeads} * config.headDim;
  const auto add = [&](const std::string& name, std::int64_t outputs, std::int64_t inputs,
                       bool bias) {
    shapes[prefix + name + ".weight"] = {outputs, inputs};
    if (bias) shapes[prefix + name + ".bias"] = {outputs};
  };
  shapes[prefix + "input_layernorm.weight"] = {hidden};
  shapes[prefix + "post_attention_layernorm.weight"] = {hidden};
  add("self_attn.q_proj", queries, hidden, config.qkvBias);
  add("self_attn.k_proj", keys, hidden, config.qkvBias);
  add("self_attn.v_proj", keys, hidden, config.qkvBias);
  add("self_attn.o_proj", hidden, queries, config.outputBias);
  add("mlp.gate_proj", inter, hidden, config.mlpBias);
  add("mlp.up_proj", inter, hidden, config.mlpBias);
  add("mlp.down_proj", hidden, inter, config.mlpBias);
  if (config.qkNorm) {
    shapes[prefix + "self_attn.q_norm.weight"] = {config.headDim};
    shapes[prefix + "self_attn.k_norm.weight"] = {config.headDim};
  }
}

Shapes shapesOf(const ModelConfig& config) {
  Shapes shapes;
  shapes["model.embed_tokens.weight"] = {config.vocab, config.hidden};
  shapes["model.norm.weight"] = {config.hidden};
  if (!config.tiedEmbeddings) shapes["lm_head.weight"] = {config.vocab, config.hidden};
  for (int layer = 0; layer < config.layers; ++layer) addLayer(config, layer, shapes);
  return shapes;
}

}  // namespace

TEST("every committed model's config and tensors agree, shape by shape") {
  const std::vector<std::string> folders = modelFolders();
  CHECK_SAY(folders.size() >= 12, folders.size());
  std::set<ModelFamily> families;
  for (const std::string& path : folders) {
    const ModelConfig config = readModelConfig(path);
    const auto folder = ModelFolder::open(path);
    const Shapes shapes = shapesOf(config);
    families.insert(config.family);
    for (const auto& [name, shape] : shapes) {
      const TensorEntry& entry = folder->tensor(name);
      CHECK_SAY(entry.shape == shape, path << ": " << name);
      std::string bytes(entry.bytes, '\0');
      folder->read(entry, 0, bytes.size(), bytes.data());
      CHECK_SAY(std::count(bytes.begin(), bytes.end(), '\0') < static_cast<long>(bytes.size()),
                path << ": " << name << " is all zero");
    }
    CHECK_SAY(shapes.size() == folder->tensors().size(), path << " has other tensors too");
  }
  CHECK(families.size() == 4);
}

TEST("every committed model's frequencies fall from one to nearly nothing") {
  for (const std::string& path : modelFolders()) {
    const ModelConfig config = readModelConfig(path);
    const std::vector<float> frequencies = ropeFrequencies(config);
    CHECK(frequencies.size() == static_cast<std::size_t>(config.headDim / 2));
    CHECK_SAY(std::is_sorted(frequencies.rbegin(), frequencies.rend()), path);
    CHECK_SAY(frequencies.front() <= 1 && frequencies.back() > 0, path);
  }
}

TEST_MAIN
