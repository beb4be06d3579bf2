// JavaScript values in and out, strictly: what is not of the type named is refused in words, and
// nothing here trusts a length, a pointer or a type it was not told just now.
//
//   V1. A function of the addon ends by a value or by a pending JavaScript exception, never by a
//       C++ exception: `entry` stands around each.
//   V2. Everything is read into C++ before anything is done: getters and proxies may run any code,
//       also of this addon.
#pragma once

#include <node_api.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/error.h"

namespace signalbox::binding {

/// An argument of a wrong type or out of its range: a TypeError.
class BadArgument : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A JavaScript exception is on its way already, or the environment is being torn down.
struct JsPending {};

/// Throws JsPending, or kInternal naming `call`, unless `status` is napi_ok.
void expectOk(napi_env env, napi_status status, const char* call);

/// The arguments of one call; what was left out is undefined.
class Arguments {
 public:
  static constexpr std::size_t kMax = 4;
  Arguments(napi_env env, napi_callback_info info);
  napi_value operator[](std::size_t index) const { return values_[index]; }

 private:
  napi_value values_[kMax];
};

using Body = napi_value (*)(napi_env env, const Arguments& arguments);

/// Runs `body` and turns what it throws into a JavaScript exception; null then.
napi_value guarded(napi_env env, napi_callback_info info, Body body) noexcept;

template <Body body>
napi_value entry(napi_env env, napi_callback_info info) {
  return guarded(env, info, body);
}

/// A JavaScript Error with the code's name as `code`.
napi_value makeError(napi_env env, const EngineError& error);

// Reading. `what` names the value in the refusal. Throw BadArgument or JsPending.
std::string readText(napi_env env, napi_value value, const char* what, std::size_t bytesMax);
bool readFlag(napi_env env, napi_value value, const char* what);
double readNumber(napi_env env, napi_value value, const char* what);
/// A whole number in [min, max], both within 2^53.
std::int64_t readWhole(napi_env env, napi_value value, const char* what, std::int64_t min,
                       std::int64_t max);
/// Copies of typed arrays of exactly that kind.
std::vector<std::int32_t> readInt32s(napi_env env, napi_value value, const char* what);
std::vector<std::uint32_t> readUint32s(napi_env env, napi_value value, const char* what);
std::vector<float> readFloats(napi_env env, napi_value value, const char* what);

inline constexpr std::int64_t kWholeMax = std::int64_t{1} << 53;

/// Reads the properties of one object.
class ObjectReader {
 public:
  ObjectReader(napi_env env, napi_value object, const char* what);
  napi_value property(const char* name) const;
  std::string text(const char* name, std::size_t bytesMax) const;
  bool flag(const char* name) const;
  float number(const char* name) const;
  std::int64_t whole(const char* name, std::int64_t min, std::int64_t max) const;
  int count(const char* name) const;
  std::vector<std::int32_t> int32s(const char* name) const;
  std::vector<float> floats(const char* name) const;

 private:
  napi_env env_;
  napi_value object_;
};

// Writing.
napi_value textValue(napi_env env, const std::string& text);
napi_value numberValue(napi_env env, double number);
napi_value flagValue(napi_env env, bool flag);
napi_value nullValue(napi_env env);

/// Makes one object, property by property.
class ObjectWriter {
 public:
  explicit ObjectWriter(napi_env env);
  ObjectWriter& value(const char* name, napi_value value);
  ObjectWriter& text(const char* name, const std::string& text);
  ObjectWriter& number(const char* name, double number);
  ObjectWriter& flag(const char* name, bool flag);
  napi_value object() const { return object_; }

 private:
  napi_env env_;
  napi_value object_;
};

/// An array of make(item) of every item.
template <class Items, class Make>
napi_value arrayValue(napi_env env, const Items& items, Make&& make) {
  napi_value array;
  expectOk(env, napi_create_array_with_length(env, std::size(items), &array), "array");
  std::uint32_t index = 0;
  for (const auto& item : items) {
    expectOk(env, napi_set_element(env, array, index++, make(item)), "array element");
  }
  return array;
}

}  // namespace signalbox::binding
