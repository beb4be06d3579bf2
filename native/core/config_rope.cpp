// Rotary positions: the fields of transformers 4 (rope_theta, rope_scaling) and of 5
// (rope_parameters), and the frequencies that follow. Source: transformers modeling_rope_utils.py.
#include <cmath>
#include <numbers>

#include "core/config_fields.h"

namespace signalbox {

namespace {

constexpr double kThetaDefault = 10000;
constexpr double kThetaMax = 1e15;
constexpr double kFactorMax = 1e6;

struct Rope {
  double theta = kThetaDefault;
  RopeScaling scaling;

  bool operator==(const Rope&) const = default;
};

double thetaOf(const ConfigFields& fields, const ConfigFields* scaling) {
  const Json* outer = fields.find("rope_theta");
  const Json* inner = scaling != nullptr ? scaling->find("rope_theta") : nullptr;
  const double theta =
      inner != nullptr ? numberOf(*inner, 1, kThetaMax)
                       : fields.number("rope_theta", kThetaDefault, 1, kThetaMax);
  if (inner != nullptr && outer != nullptr && numberOf(*outer, 1, kThetaMax) != theta) {
    outer->refuse(inner->path() + " says otherwise");
  }
  return theta;
}

RopeScaling::Kind kindOf(const ConfigFields& scaling) {
  const Json* type = scaling.find("rope_type");
  const Json* old = scaling.find("type");
  if (type != nullptr && old != nullptr && type->asString() != old->asString()) {
    old->refuse("rope_type says \"" + type->asString() + "\"");
  }
  if (type == nullptr) type = old;
  if (type == nullptr || type->asString() == "default") return RopeScaling::Kind::kNone;
  if (type->asString() == "linear") return RopeScaling::Kind::kLinear;
  if (type->asString() == "llama3") return RopeScaling::Kind::kLlama3;
  unsupported(*type, "only default, linear and llama3 are run");
}

double required(const ConfigFields& scaling, const char* key, double low, double high) {
  const Json* value = scaling.find(key);
  if (value == nullptr) {
    throw EngineError(ErrorCode::kInvalidModel,
                      scaling.json().path() + ": " + key + " is missing");
  }
  return numberOf(*value, low, high);
}

void readLlama3(const ConfigFields& fields, const ConfigFields& scaling, int contextMax,
                RopeScaling& rope) {
  rope.lowFrequencyFactor = required(scaling, "low_freq_factor", 1e-6, kFactorMax);
  rope.highFrequencyFactor = required(scaling, "high_freq_factor", 1e-6, kFactorMax);
  if (rope.highFrequencyFactor <= rope.lowFrequencyFactor) {
    scaling.find("high_freq_factor")->refuse("must be above low_freq_factor");
  }
  const Json* inner = scaling.present("original_max_position_embeddings");
  const Json* outer = fields.present("original_max_position_embeddings");
  rope.originalContext = inner != nullptr   ? integerOf(*inner, 1, kContextMax)
                         : outer != nullptr ? integerOf(*outer, 1, kContextMax)
                                            : contextMax;
  if (inner != nullptr && outer != nullptr && outer->asInteger() != rope.originalContext) {
    outer->refuse(inner->path() + " says otherwise");
  }
}

void refusePartialRotation(const ConfigFields& fields) {
  const Json* part = fields.present("partial_rotary_factor");
  if (part != nullptr && part->asNumber() != 1) {
    unsupported(*part, "only whole heads are rotated");
  }
}

/// `object` is rope_scaling, rope_parameters or null.
Rope ropeOf(const ConfigFields& fields, const Json* object, int contextMax) {
  Rope rope;
  if (object == nullptr) {
    rope.theta = thetaOf(fields, nullptr);
    return rope;
  }
  const ConfigFields scaling(*object);
  for (const char* key : {"full_attention", "sliding_attention"}) {
    if (const Json* nested = scaling.find(key)) {
      unsupported(*nested, "one set of positions for all layers is what the engine runs");
    }
  }
  refusePartialRotation(scaling);
  rope.scaling.kind = kindOf(scaling);
  rope.theta = thetaOf(fields, &scaling);
  if (rope.scaling.kind != RopeScaling::Kind::kNone) {
    rope.scaling.factor = required(scaling, "factor", 1 / kFactorMax, kFactorMax);
  }
  if (rope.scaling.kind == RopeScaling::Kind::kLlama3) {
    readLlama3(fields, scaling, contextMax, rope.scaling);
  }
  return rope;
}

/// Null and an empty object say nothing, to transformers too.
const Json* ropeObject(const ConfigFields& fields, std::string_view key) {
  const Json* object = fields.present(key);
  return object != nullptr && object->asObject().empty() ? nullptr : object;
}

/// `frequency` as Llama 3.1 stretches it; each line rounds where torch's eager arithmetic does.
float llama3Frequency(const RopeScaling& rope, float frequency) {
  const auto context = static_cast<float>(rope.originalContext);
  const auto factor = static_cast<float>(rope.factor);
  const auto low = static_cast<float>(rope.lowFrequencyFactor);
  const auto range = static_cast<float>(rope.highFrequencyFactor - rope.lowFrequencyFactor);
  const auto longest = static_cast<float>(rope.originalContext / rope.lowFrequencyFactor);
  const auto shortest = static_cast<float>(rope.originalContext / rope.highFrequencyFactor);

  // torch divides a number by a tensor as reciprocal, then product.
  const float wavelength = (1.0f / frequency) * static_cast<float>(2 * std::numbers::pi);
  if (wavelength < shortest) return frequency;
  if (wavelength > longest) return frequency / factor;
  const float smooth = ((1.0f / wavelength) * context - low) / range;
  const float stretched = (1.0f - smooth) * frequency / factor;
  const float kept = smooth * frequency;
  return stretched + kept;
}

}  // namespace

void readRope(const ConfigFields& fields, ModelConfig& config) {
  refusePartialRotation(fields);
  const Json* four = ropeObject(fields, "rope_scaling");
  const Json* five = ropeObject(fields, "rope_parameters");
  const Rope rope = ropeOf(fields, four != nullptr ? four : five, config.contextMax);
  // transformers 4 reads the one, 5 the other: both may be there if both mean the same.
  if (four != nullptr && five != nullptr && rope != ropeOf(fields, five, config.contextMax)) {
    four->refuse("rope_parameters says otherwise");
  }
  config.ropeTheta = rope.theta;
  config.ropeScaling = rope.scaling;
}

std::vector<float> ropeFrequencies(const ModelConfig& config) {
  std::vector<float> frequencies(static_cast<std::size_t>(config.headDim / 2));
  const double theta = static_cast<float>(config.ropeTheta);
  for (std::size_t i = 0; i < frequencies.size(); ++i) {
    const float exponent = static_cast<float>(2 * i) / static_cast<float>(config.headDim);
    // In double, then rounded: the nearest float but for one case in hundreds of millions.
    float frequency = 1.0f / static_cast<float>(std::pow(theta, static_cast<double>(exponent)));
    switch (config.ropeScaling.kind) {
      case RopeScaling::Kind::kNone: break;
      case RopeScaling::Kind::kLinear:
        frequency /= static_cast<float>(config.ropeScaling.factor);
        break;
      case RopeScaling::Kind::kLlama3:
        frequency = llama3Frequency(config.ropeScaling, frequency);
        break;
    }
    frequencies[i] = frequency;
  }
  return frequencies;
}

}  // namespace signalbox
