// Fields of a config.json, with the meaning that transformers gives to absent ones and to null.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/config.h"
#include "core/json.h"

namespace signalbox {

/// A view of one JSON object; must not outlive it. Every function throws kInvalidModel by path.
class ConfigFields {
 public:
  explicit ConfigFields(const Json& object);

  const Json& json() const { return object_; }
  /// The member, or null where it is absent; JSON's null is a member.
  const Json* find(std::string_view key) const { return object_.find(key); }
  /// The member, or null where it is absent or JSON's null.
  const Json* present(std::string_view key) const;

  /// `absent` where there is no such member; null is refused.
  int integer(std::string_view key, int absent, int low, int high) const;
  double number(std::string_view key, double absent, double low, double high) const;
  /// Null is false, as it is to transformers.
  bool flag(std::string_view key, bool absent) const;

 private:
  const Json& object_;
};

int integerOf(const Json& value, int low, int high);
double numberOf(const Json& value, double low, double high);

/// Throws kUnsupportedModel: "config.json: hidden_act is "gelu": only ...".
[[noreturn]] void unsupported(const Json& value, const std::string& reason);

/// config_windows.cpp: slidingWindow of every layer of `config`, whose other sizes stand already.
void readWindows(const ConfigFields& fields, ModelConfig& config);
/// config_rope.cpp: theta and scaling of `config`, whose other sizes stand already.
void readRope(const ConfigFields& fields, ModelConfig& config);
/// config_generation.cpp: token ids and sampling defaults. `generation` may be null.
void readGeneration(const ConfigFields& fields, const ConfigFields* generation,
                    ModelConfig& config);

}  // namespace signalbox
