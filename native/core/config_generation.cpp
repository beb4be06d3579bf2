// Special tokens and the sampling that a folder suggests. Source: transformers' GenerationConfig.
#include <algorithm>
#include <limits>

#include "core/config_fields.h"

namespace signalbox {

namespace {

constexpr TokenId kLlamaBosDefault = 1;
constexpr TokenId kLlamaEosDefault = 2;
/// More ends of sequence than any model has.
constexpr std::size_t kEosIdsMax = 1024;

TokenId tokenOf(const Json& value, int vocab) {
  const std::int64_t id = value.asInteger();
  if (id < 0 || id >= vocab) {
    value.refuse("vocab_size is " + std::to_string(vocab));
  }
  return static_cast<TokenId>(id);
}

std::vector<TokenId> tokensOf(const Json& value, int vocab) {
  if (value.kind() != Json::Kind::kArray) return {tokenOf(value, vocab)};
  if (value.asArray().size() > kEosIdsMax) {
    value.refuse("at most " + std::to_string(kEosIdsMax) + " are read");
  }
  std::vector<TokenId> ids;
  for (const Json& item : value.asArray()) {
    const TokenId id = tokenOf(item, vocab);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
  }
  return ids;
}

/// generation_config.json's, else config.json's; null where neither says anything.
const Json* tokenField(const ConfigFields& fields, const ConfigFields* generation,
                       std::string_view key) {
  const Json* value = generation != nullptr ? generation->present(key) : nullptr;
  return value != nullptr ? value : fields.find(key);
}

void readTokens(const ConfigFields& fields, const ConfigFields* generation, ModelConfig& config) {
  const bool llama =
      config.family == ModelFamily::kLlama || config.family == ModelFamily::kMistral;
  if (const Json* eos = tokenField(fields, generation, "eos_token_id")) {
    if (!eos->isNull()) config.eosIds = tokensOf(*eos, config.vocab);
  } else if (llama && kLlamaEosDefault < config.vocab) {
    // A default outside a tiny vocabulary is a token that never comes.
    config.eosIds = {kLlamaEosDefault};
  }
  if (const Json* bos = tokenField(fields, generation, "bos_token_id")) {
    if (!bos->isNull()) config.bosId = tokenOf(*bos, config.vocab);
  } else if (llama && kLlamaBosDefault < config.vocab) {
    config.bosId = kLlamaBosDefault;
  }
}

std::optional<float> optionalNumber(const ConfigFields& fields, const char* key, double low,
                                    double high) {
  const Json* value = fields.present(key);
  if (value == nullptr) return std::nullopt;
  return static_cast<float>(numberOf(*value, low, high));
}

}  // namespace

void readGeneration(const ConfigFields& fields, const ConfigFields* generation,
                    ModelConfig& config) {
  readTokens(fields, generation, config);
  if (generation == nullptr) return;
  config.defaultTemperature = optionalNumber(*generation, "temperature", 0, 100);
  config.defaultTopP = optionalNumber(*generation, "top_p", 0, 1);
  // 0 keeps the likeliest token alone, as the smallest share does.
  if (config.defaultTopP == 0.0f) config.defaultTopP = std::numeric_limits<float>::min();
  config.defaultMinP = optionalNumber(*generation, "min_p", 0, 1);
  config.defaultRepetitionPenalty = optionalNumber(*generation, "repetition_penalty", 0.01, 100);
  if (const Json* topK = generation->present("top_k")) {
    // Off is 0 for transformers and -1 for vLLM, and silence here.
    const int wanted = integerOf(*topK, -1, INT32_MAX);
    if (wanted > 0) config.defaultTopK = wanted;
  }
  // Greedy is what do_sample: false means, whatever the temperature beside it says.
  const Json* sample = generation->present("do_sample");
  if (sample != nullptr && !sample->asBool()) config.defaultTemperature = 0.0f;
}

}  // namespace signalbox
