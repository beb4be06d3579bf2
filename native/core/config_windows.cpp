// Which layers see only the latest tokens.
#include "core/config_fields.h"

namespace signalbox {

namespace {

constexpr int kSlidingWindowDefault = 4096;
constexpr int kMaxWindowLayersDefault = 28;

bool isQwen(ModelFamily family) {
  return family == ModelFamily::kQwen2 || family == ModelFamily::kQwen3;
}

/// The window that some layers may have, or 0 for none.
int windowOf(const ConfigFields& fields, ModelFamily family) {
  if (family == ModelFamily::kLlama) return 0;
  if (isQwen(family) && !fields.flag("use_sliding_window", false)) {
    return 0;
  }
  const Json* window = fields.find("sliding_window");
  if (window != nullptr && window->isNull()) return 0;
  return fields.integer("sliding_window", kSlidingWindowDefault, 1, kContextMax);
}

}  // namespace

void readWindows(const ConfigFields& fields, ModelConfig& config) {
  const int window = windowOf(fields, config.family);
  const bool qwen = isQwen(config.family);
  const int firstSliding =
      qwen && window != 0
          ? fields.integer("max_window_layers", kMaxWindowLayersDefault, 0, kContextMax)
          : 0;
  config.slidingWindow.resize(static_cast<std::size_t>(config.layers));
  for (int layer = 0; layer < config.layers; ++layer) {
    config.slidingWindow[static_cast<std::size_t>(layer)] = layer >= firstSliding ? window : 0;
  }

  const Json* types = fields.present("layer_types");
  if (types == nullptr) return;
  if (types->asArray().size() != config.slidingWindow.size()) {
    types->refuse("num_hidden_layers is " + std::to_string(config.layers));
  }
  for (std::size_t layer = 0; layer < config.slidingWindow.size(); ++layer) {
    const Json& type = types->asArray()[layer];
    const bool sliding = type.asString() == "sliding_attention";
    // "attention" is what transformers wrote for a while.
    if (!sliding && type.asString() != "full_attention" && type.asString() != "attention") {
      unsupported(type, "only full_attention and sliding_attention are run");
    }
    if (sliding && window == 0) type.refuse("no sliding_window is in force");
    // Llama and Mistral of transformers do not read the field: it may say only what they do anyway.
    if (!qwen && sliding != (window != 0)) {
      unsupported(type, std::string("every layer of ") + nameOf(config.family) +
                            (window != 0 ? " has the sliding_window" : " sees all tokens"));
    }
    config.slidingWindow[layer] = sliding ? window : 0;
  }
}

}  // namespace signalbox
