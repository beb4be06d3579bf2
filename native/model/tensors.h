// The tensors of a Llama-shaped model by their Hugging Face names, found and checked against the
// config before any memory is taken for them. Tensors that the config gives no place are ignored,
// as transformers does: old files carry rotary frequencies, some a head that a tied model does not
// use.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/safetensors.h"

namespace signalbox {

/// Null where the config has none. Shapes: [outputs, inputs] for matrices.
struct LayerTensors {
  const TensorEntry* attentionNorm;
  const TensorEntry *query, *key, *value, *output;
  const TensorEntry *queryBias, *keyBias, *valueBias, *outputBias;
  const TensorEntry *queryNorm, *keyNorm;
  const TensorEntry* mlpNorm;
  const TensorEntry *gate, *up, *down;
  const TensorEntry *gateBias, *upBias, *downBias;
};

struct ModelTensors {
  const TensorEntry* embedding;
  const TensorEntry* head;  // null: tied to the embedding
  const TensorEntry* finalNorm;
  std::vector<LayerTensors> layers;
  std::uint64_t parameters;
  std::uint64_t bytes;  // in the files
};

/// Throws kInvalidModel (missing, wrong shape) or kUnsupportedModel (dtype), naming the tensor.
/// Points into `folder`.
ModelTensors tensorsOf(const ModelConfig& config, const ModelFolder& folder);

/// A model folder that holds together.
struct CheckedFolder {
  ModelConfig config;
  std::uint64_t parameters;
  bool tied;
};

/// Config and every tensor's name, shape and dtype, without keeping anything. Throws EngineError.
CheckedFolder checkFolder(const std::string& folder);

}  // namespace signalbox
