// config.json texts by hand, and the two ways of refusing them.
#pragma once

#include <map>
#include <string>

#include "check.h"
#include "core/config.h"
#include "core/error.h"

namespace signalbox::test {

/// A config's fields as JSON texts, put together in order of name.
class Fields {
 public:
  explicit Fields(const std::string& modelType) { set("model_type", '"' + modelType + '"'); }
  Fields& set(const std::string& key, const std::string& value) {
    values_[key] = value;
    return *this;
  }
  std::string text() const {
    std::string text = "{";
    for (const auto& [key, value] : values_) {
      text.append(text.size() == 1 ? "\"" : ",\"").append(key).append("\":").append(value);
    }
    return text + "}";
  }
  ModelConfig parse(const std::string& generation = "") const {
    return parseModelConfig(text(), generation);
  }

 private:
  std::map<std::string, std::string> values_;
};

/// Small, with every size there.
inline Fields small(const std::string& modelType = "llama") {
  Fields fields(modelType);
  fields.set("hidden_size", "64").set("intermediate_size", "176").set("num_hidden_layers", "4");
  fields.set("num_attention_heads", "4").set("num_key_value_heads", "2");
  fields.set("vocab_size", "320").set("max_position_embeddings", "512");
  return fields;
}

inline void refused(const Fields& fields, const std::string& part,
             ErrorCode code = ErrorCode::kInvalidModel, const std::string& generation = "") {
  CHECK_THROWS(fields.parse(generation), code, part);
}

inline void unsupported(const Fields& fields, const std::string& part) {
  refused(fields, part, ErrorCode::kUnsupportedModel);
}

}  // namespace signalbox::test
