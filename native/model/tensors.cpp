// Names to tensors, with every shape and dtype checked.
#include "model/tensors.h"

#include <initializer_list>

#include "core/error.h"

namespace signalbox {

namespace {

std::string textOf(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape)
    text += (text.size() > 1 ? ", " : "") + std::to_string(size);
  return text + "]";
}

class Finder {
 public:
  explicit Finder(const ModelFolder& folder) : folder_(folder) {}

  const TensorEntry* find(const std::string& name, std::initializer_list<std::int64_t> shape) {
    const TensorEntry& entry = folder_.tensor(name);
    const std::string& file = folder_.files()[static_cast<std::size_t>(entry.file)];
    if (entry.shape != std::vector<std::int64_t>(shape)) {
      throw EngineError(ErrorCode::kInvalidModel,
                        file + ": tensor " + name + " is " + textOf(entry.shape) +
                            " where the config asks for " + textOf(shape));
    }
    switch (entry.dtype) {
      case TensorDtype::kBf16:
      case TensorDtype::kF16:
      case TensorDtype::kF32:
        break;
      case TensorDtype::kF8E4m3:
      case TensorDtype::kF8E5m2:
        throw EngineError(ErrorCode::kUnsupportedModel,
                          file + ": tensor " + name + " is " + nameOf(entry.dtype) +
                              ": weights are read as BF16, F16 or F32; the engine quantises to "
                              "fp8 itself when it is asked to");
      default:
        throw EngineError(ErrorCode::kUnsupportedModel, file + ": tensor " + name + " is " +
                                                            nameOf(entry.dtype) +
                                                            ", not BF16, F16 or F32");
    }
    std::uint64_t elements = 1;
    for (const std::int64_t size : entry.shape) elements *= static_cast<std::uint64_t>(size);
    parameters += elements;
    bytes += entry.bytes;
    return &entry;
  }

  std::uint64_t parameters = 0;
  std::uint64_t bytes = 0;

 private:
  const ModelFolder& folder_;
};

LayerTensors layerOf(const ModelConfig& config, Finder& finder, int index) {
  const std::string layer = "model.layers." + std::to_string(index) + ".";
  const std::int64_t hidden = config.hidden;
  const std::int64_t inner = config.intermediate;
  const std::int64_t queries = std::int64_t{config.heads} * config.headDim;
  const std::int64_t keys = std::int64_t{config.kvHeads} * config.headDim;
  LayerTensors t{};
  t.attentionNorm = finder.find(layer + "input_layernorm.weight", {hidden});
  t.query = finder.find(layer + "self_attn.q_proj.weight", {queries, hidden});
  t.key = finder.find(layer + "self_attn.k_proj.weight", {keys, hidden});
  t.value = finder.find(layer + "self_attn.v_proj.weight", {keys, hidden});
  t.output = finder.find(layer + "self_attn.o_proj.weight", {hidden, queries});
  if (config.qkvBias) {
    t.queryBias = finder.find(layer + "self_attn.q_proj.bias", {queries});
    t.keyBias = finder.find(layer + "self_attn.k_proj.bias", {keys});
    t.valueBias = finder.find(layer + "self_attn.v_proj.bias", {keys});
  }
  if (config.outputBias) t.outputBias = finder.find(layer + "self_attn.o_proj.bias", {hidden});
  if (config.qkNorm) {
    t.queryNorm = finder.find(layer + "self_attn.q_norm.weight", {config.headDim});
    t.keyNorm = finder.find(layer + "self_attn.k_norm.weight", {config.headDim});
  }
  t.mlpNorm = finder.find(layer + "post_attention_layernorm.weight", {hidden});
  t.gate = finder.find(layer + "mlp.gate_proj.weight", {inner, hidden});
  t.up = finder.find(layer + "mlp.up_proj.weight", {inner, hidden});
  t.down = finder.find(layer + "mlp.down_proj.weight", {hidden, inner});
  if (config.mlpBias) {
    t.gateBias = finder.find(layer + "mlp.gate_proj.bias", {inner});
    t.upBias = finder.find(layer + "mlp.up_proj.bias", {inner});
    t.downBias = finder.find(layer + "mlp.down_proj.bias", {hidden});
  }
  return t;
}

}  // namespace

ModelTensors tensorsOf(const ModelConfig& config, const ModelFolder& folder) {
  Finder finder(folder);
  ModelTensors tensors{};
  tensors.embedding = finder.find("model.embed_tokens.weight", {config.vocab, config.hidden});
  if (!config.tiedEmbeddings) {
    if (folder.find("lm_head.weight") == nullptr) {
      // transformers would draw such a head at random and say so in a warning.
      throw EngineError(ErrorCode::kInvalidModel,
                        folder.path() +
                            ": tensor lm_head.weight is missing and tie_word_embeddings is false: "
                            "set it to true in config.json if the head is the embedding");
    }
    tensors.head = finder.find("lm_head.weight", {config.vocab, config.hidden});
  }
  tensors.finalNorm = finder.find("model.norm.weight", {config.hidden});
  for (int i = 0; i < config.layers; ++i) tensors.layers.push_back(layerOf(config, finder, i));
  tensors.parameters = finder.parameters;
  tensors.bytes = finder.bytes;
  return tensors;
}

CheckedFolder checkFolder(const std::string& path) {
  ModelConfig config = readModelConfig(path);
  const std::unique_ptr<ModelFolder> folder = ModelFolder::open(path);
  const ModelTensors tensors = tensorsOf(config, *folder);
  return {std::move(config), tensors.parameters, tensors.head == nullptr};
}

}  // namespace signalbox
