// Typed reads of a config's fields within bounds.
#include "core/config_fields.h"

#include "core/error.h"

namespace signalbox {

namespace {

std::string shortly(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

}  // namespace

ConfigFields::ConfigFields(const Json& object) : object_(object) { object.asObject(); }

const Json* ConfigFields::present(std::string_view key) const {
  const Json* value = object_.find(key);
  return value == nullptr || value->isNull() ? nullptr : value;
}

int ConfigFields::integer(std::string_view key, int absent, int low, int high) const {
  const Json* value = object_.find(key);
  return value == nullptr ? absent : integerOf(*value, low, high);
}

double ConfigFields::number(std::string_view key, double absent, double low, double high) const {
  const Json* value = object_.find(key);
  return value == nullptr ? absent : numberOf(*value, low, high);
}

bool ConfigFields::flag(std::string_view key, bool absent) const {
  const Json* value = object_.find(key);
  if (value == nullptr) return absent;
  return !value->isNull() && value->asBool();
}

int integerOf(const Json& value, int low, int high) {
  const std::int64_t number = value.asInteger();
  if (number < low || number > high) {
    value.refuse("must be from " + std::to_string(low) + " to " + std::to_string(high));
  }
  return static_cast<int>(number);
}

double numberOf(const Json& value, double low, double high) {
  const double number = value.asNumber();
  if (!(number >= low && number <= high)) {
    value.refuse("must be from " + shortly(low) + " to " + shortly(high));
  }
  return number;
}

void unsupported(const Json& value, const std::string& reason) {
  value.refuse(reason, ErrorCode::kUnsupportedModel);
}

}  // namespace signalbox
