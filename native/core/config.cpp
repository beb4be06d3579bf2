// The shape of a model from its config.json, with each family's defaults as transformers has them.
#include "core/config.h"

#include <array>

#include "core/config_fields.h"
#include "core/error.h"
#include "core/file_reader.h"
#include "core/json.h"
#include "core/printable.h"

namespace signalbox {

namespace {

/// Real ones have a few kilobytes; a classifier's list of labels may have a megabyte.
constexpr std::size_t kConfigBytesMax = std::size_t{16} << 20;

/// What a family means by fields that are not there: its configuration class in transformers 4.57
/// and 5.23, which agree.
struct Family {
  ModelFamily family;
  const char* modelType;
  const char* architecture;
  int intermediate;
  int kvHeads;  // 0: as many as heads
  int headDim;  // 0: hidden / heads
  int vocab;
  int contextMax;
};

constexpr std::array<Family, 4> kFamilies = {{
    {ModelFamily::kLlama, "llama", "LlamaForCausalLM", 11008, 0, 0, 32000, 2048},
    {ModelFamily::kMistral, "mistral", "MistralForCausalLM", 14336, 8, 0, 32000, 131072},
    {ModelFamily::kQwen2, "qwen2", "Qwen2ForCausalLM", 22016, 32, 0, 151936, 32768},
    {ModelFamily::kQwen3, "qwen3", "Qwen3ForCausalLM", 22016, 32, 128, 151936, 32768},
}};
constexpr int kHiddenDefault = 4096;
constexpr int kLayersDefault = 32;
constexpr int kHeadsDefault = 32;
constexpr double kNormEpsDefault = 1e-6;

const Family* familyOfModelType(const ConfigFields& fields) {
  const Json* type = fields.present("model_type");
  if (type == nullptr) return nullptr;
  for (const Family& family : kFamilies) {
    if (type->asString() == family.modelType) return &family;
  }
  unsupported(*type, "the engine runs llama, mistral, qwen2 and qwen3");
}

const Family* familyOfArchitectures(const ConfigFields& fields) {
  const Json* architectures = fields.present("architectures");
  if (architectures == nullptr || architectures->asArray().empty()) return nullptr;
  for (const Json& name : architectures->asArray()) {
    for (const Family& family : kFamilies) {
      if (name.asString() == family.architecture) return &family;
    }
  }
  unsupported(architectures->asArray()[0],
              "the engine runs LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM and "
              "Qwen3ForCausalLM");
}

const Family& familyOf(const ConfigFields& fields) {
  const Family* byType = familyOfModelType(fields);
  const Family* byArchitecture = familyOfArchitectures(fields);
  if (byType == nullptr && byArchitecture == nullptr) {
    throw EngineError(ErrorCode::kInvalidModel,
                      fields.json().path() + ": neither model_type nor architectures is there");
  }
  if (byType != nullptr && byArchitecture != nullptr && byType != byArchitecture) {
    fields.find("model_type")
        ->refuse(std::string("architectures says ") + byArchitecture->architecture);
  }
  return byType != nullptr ? *byType : *byArchitecture;
}

/// What transformers would do differently, or not with these weights alone, goes by its field.
void refuseForeign(const ConfigFields& fields, ModelFamily family) {
  for (const char* key : {"quantization_config", "compression_config"}) {
    const Json* quantised = fields.present(key);
    if (quantised == nullptr) continue;
    const Json* method =
        quantised->kind() == Json::Kind::kObject ? quantised->find("quant_method") : nullptr;
    unsupported(method != nullptr ? *method : *quantised,
                "weights quantised beforehand are not read; take the folder with bf16, fp16 or "
                "fp32 weights");
  }
  for (const char* key : {"num_experts", "num_local_experts", "n_routed_experts",
                          "num_experts_per_tok", "moe_intermediate_size"}) {
    const Json* experts = fields.present(key);
    if (experts != nullptr && experts->asNumber() != 0) {
      unsupported(*experts, "mixtures of experts are not run");
    }
  }
  if (const Json* layers = fields.present("per_layer_config")) {
    unsupported(*layers, "layers that differ from each other are not run");
  }
  const Json* activation = fields.find("hidden_act");
  if (activation != nullptr && activation->asString() != "silu") {
    unsupported(*activation, "only silu is run");
  }
  // Fields another family has: transformers would not make the weights they speak of.
  if (family == ModelFamily::kMistral && fields.flag("attention_bias", false)) {
    unsupported(*fields.find("attention_bias"), "Mistral has none");
  }
  if (family != ModelFamily::kLlama && fields.flag("mlp_bias", false)) {
    unsupported(*fields.find("mlp_bias"), "only Llama has one");
  }
}

void readSizes(const ConfigFields& fields, const Family& family, ModelConfig& config) {
  config.layers = fields.integer("num_hidden_layers", kLayersDefault, 1, kLayersMax);
  config.hidden = fields.integer("hidden_size", kHiddenDefault, 1, kHiddenMax);
  config.intermediate =
      fields.integer("intermediate_size", family.intermediate, 1, kIntermediateMax);
  config.heads = fields.integer("num_attention_heads", kHeadsDefault, 1, kHeadsMax);
  config.vocab = fields.integer("vocab_size", family.vocab, 1, kVocabMax);
  config.contextMax =
      fields.integer("max_position_embeddings", family.contextMax, 1, kContextMax);
  config.normEps = static_cast<float>(fields.number("rms_norm_eps", kNormEpsDefault, 1e-30, 1));

  // Absent and null differ: null always means "as many as heads", absent what the class says.
  const Json* kvHeads = fields.find("num_key_value_heads");
  const int absent = family.kvHeads == 0 ? config.heads : family.kvHeads;
  config.kvHeads = kvHeads != nullptr && kvHeads->isNull()
                       ? config.heads
                       : fields.integer("num_key_value_heads", absent, 1, kHeadsMax);
  if (config.heads % config.kvHeads != 0) {
    const std::string text = "num_attention_heads (" + std::to_string(config.heads) +
                             ") must be a multiple of it";
    if (kvHeads != nullptr) kvHeads->refuse(text);
    throw EngineError(ErrorCode::kInvalidModel,
                      fields.json().path() + ": num_key_value_heads is absent, which means " +
                          std::to_string(config.kvHeads) + " to " + family.modelType + ": " + text);
  }
}

void readHeadDim(const ConfigFields& fields, const Family& family, ModelConfig& config) {
  const Json* headDim = fields.find("head_dim");
  const bool derived = headDim != nullptr ? headDim->isNull() : family.headDim == 0;
  if (headDim != nullptr && headDim->isNull() && family.headDim != 0) {
    headDim->refuse(std::string(family.modelType) + " needs a number, or no such field");
  }
  if (!derived) {
    config.headDim = fields.integer("head_dim", family.headDim, 2, kHiddenMax);
  } else {
    if (config.hidden % config.heads != 0) {
      fields.json().refuse("hidden_size (" + std::to_string(config.hidden) +
                           ") is no multiple of num_attention_heads (" +
                           std::to_string(config.heads) + "), and there is no head_dim");
    }
    config.headDim = config.hidden / config.heads;
  }
  const bool even = config.headDim % 2 == 0;
  if (even && config.headDim <= kHeadDimMax) return;
  throw EngineError(even ? ErrorCode::kUnsupportedModel : ErrorCode::kInvalidModel,
                    fields.json().path() + ": head_dim" +
                        (derived ? " (hidden_size / num_attention_heads)" : "") + " is " +
                        std::to_string(config.headDim) +
                        ": must be even, and the engine runs at most " +
                        std::to_string(kHeadDimMax));
}

void readBiases(const ConfigFields& fields, ModelConfig& config) {
  config.tiedEmbeddings = fields.flag("tie_word_embeddings", false);
  config.qkNorm = config.family == ModelFamily::kQwen3;
  switch (config.family) {
    case ModelFamily::kLlama:
      config.mlpBias = fields.flag("mlp_bias", false);
      [[fallthrough]];
    case ModelFamily::kQwen3:
      config.qkvBias = config.outputBias = fields.flag("attention_bias", false);
      break;
    case ModelFamily::kQwen2:
      config.qkvBias = true;  // whatever attention_bias says: the class does not have the field
      break;
    case ModelFamily::kMistral: break;
  }
}

/// `generationText` may be null: no such file.
ModelConfig parse(const std::string& text, const std::string& source,
                  const std::string* generationText, const std::string& generationSource) {
  const Json json = Json::parse(text, source);
  const ConfigFields fields(json);
  const Family& family = familyOf(fields);
  refuseForeign(fields, family.family);

  ModelConfig config;
  config.family = family.family;
  readSizes(fields, family, config);
  readHeadDim(fields, family, config);
  readBiases(fields, config);
  readWindows(fields, config);
  readRope(fields, config);
  if (generationText == nullptr) {
    readGeneration(fields, nullptr, config);
  } else {
    const Json generationJson = Json::parse(*generationText, generationSource);
    const ConfigFields generation(generationJson);
    readGeneration(fields, &generation, config);
  }
  return config;
}

}  // namespace

const char* nameOf(ModelFamily family) {
  for (const Family& known : kFamilies) {
    if (known.family == family) return known.modelType;
  }
  return "llama";
}

ModelConfig readModelConfig(const std::string& folder) {
  const std::string path = folder + "/config.json";
  const std::string generationPath = folder + "/generation_config.json";
  const std::string text = readSmallFile(path, kConfigBytesMax);
  std::optional<std::string> generation;
  if (pathExists(generationPath)) generation = readSmallFile(generationPath, kConfigBytesMax);
  return parse(text, printable(path, 1024), generation ? &*generation : nullptr,
               printable(generationPath, 1024));
}

ModelConfig parseModelConfig(const std::string& config, const std::string& generation) {
  return parse(config, "config.json", generation.empty() ? nullptr : &generation,
               "generation_config.json");
}

}  // namespace signalbox
