// A Hugging Face config.json, as transformers 4 and 5 write it, understood or refused by field.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/types.h"

namespace signalbox {

/// Bounds of what is believed, well above any model there is: what follows from them (a layer's
/// weights, a row of logits) stays countable in 64 bits, sizes of heads in 32.
inline constexpr int kLayersMax = 4096;
inline constexpr int kHiddenMax = 1 << 18;
inline constexpr int kIntermediateMax = 1 << 20;
inline constexpr int kHeadsMax = 4096;
inline constexpr int kVocabMax = 1 << 21;
inline constexpr int kContextMax = 1 << 26;

enum class ModelFamily { kLlama, kMistral, kQwen2, kQwen3 };

const char* nameOf(ModelFamily family);

/// Positions to rotation frequencies. Source: transformers modeling_rope_utils.py.
struct RopeScaling {
  enum class Kind { kNone, kLinear, kLlama3 };
  Kind kind = Kind::kNone;
  double factor = 1;
  double lowFrequencyFactor = 1;   // llama3
  double highFrequencyFactor = 4;  // llama3
  int originalContext = 8192;      // llama3

  bool operator==(const RopeScaling&) const = default;
};

/// The shape and the constants of one model. Counts are of the whole model, not of a rank.
struct ModelConfig {
  ModelFamily family = ModelFamily::kLlama;
  int layers = 0;
  int hidden = 0;
  int intermediate = 0;
  int heads = 0;
  int kvHeads = 0;
  int headDim = 0;
  int vocab = 0;
  int contextMax = 0;  // max_position_embeddings
  float normEps = 1e-6f;
  double ropeTheta = 10000;
  RopeScaling ropeScaling;
  bool tiedEmbeddings = false;  // as the config says; the folder's tensors may decide
  bool qkvBias = false;
  bool outputBias = false;      // attention's output projection
  bool mlpBias = false;
  bool qkNorm = false;          // RMS norm of every query and key head before the rotation
  /// Tokens a query sees, itself included, by layer: 0 is all of them. One entry per layer.
  std::vector<int> slidingWindow;
  /// From generation_config.json where it says so, else config.json. May be empty.
  std::vector<TokenId> eosIds;
  std::optional<TokenId> bosId;
  /// generation_config.json: what a request that leaves them out gets. Null where absent. The
  /// temperature is 0 where do_sample is false.
  std::optional<float> defaultTemperature;
  std::optional<int> defaultTopK;
  std::optional<float> defaultTopP;
  std::optional<float> defaultMinP;
  std::optional<float> defaultRepetitionPenalty;
};

/// Reads config.json and, if it is there, generation_config.json. Throws kIo (no config.json),
/// kInvalidModel (damaged, contradictory, out of range) or kUnsupportedModel (another architecture,
/// rope type, activation, quantised weights), naming file and field.
ModelConfig readModelConfig(const std::string& folder);
/// The same from texts; for tests and fuzzing. An empty `generation` is no such file.
ModelConfig parseModelConfig(const std::string& config, const std::string& generation);

/// One per rotated pair: headDim / 2 frequencies in radians per position, rounded to float wherever
/// transformers rounds. torch's own power function is off by one unit in the last place for one
/// frequency in a hundred; this one is not.
std::vector<float> ropeFrequencies(const ModelConfig& config);

}  // namespace signalbox
