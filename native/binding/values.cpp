// Strict reading and plain writing of JavaScript values.
#include "binding/values.h"

#include <cmath>
#include <cstring>
#include <new>

namespace signalbox::binding {
namespace {

/// A refusal is for a person: what was given instead, in a word.
const char* nameOfType(napi_env env, napi_value value) {
  napi_valuetype type;
  if (napi_typeof(env, value, &type) != napi_ok) return "something else";
  switch (type) {
    case napi_undefined: return "undefined";
    case napi_null: return "null";
    case napi_boolean: return "a boolean";
    case napi_number: return "a number";
    case napi_string: return "a string";
    case napi_symbol: return "a symbol";
    case napi_object: return "an object";
    case napi_function: return "a function";
    case napi_external: return "an external";
    case napi_bigint: return "a bigint";
  }
  return "something else";
}

[[noreturn]] void refuse(napi_env env, napi_value value, const char* what, const char* expected) {
  throw BadArgument(std::string(what) + " must be " + expected + ", not " + nameOfType(env, value));
}

bool isOfType(napi_env env, napi_value value, napi_valuetype expected) {
  napi_valuetype type;
  expectOk(env, napi_typeof(env, value, &type), "typeof");
  return type == expected;
}

template <class T>
std::vector<T> readTyped(napi_env env, napi_value value, const char* what,
                         napi_typedarray_type expected, const char* name) {
  bool isTyped = false;
  expectOk(env, napi_is_typedarray(env, value, &isTyped), "is_typedarray");
  if (!isTyped) refuse(env, value, what, name);
  napi_typedarray_type type;
  std::size_t length = 0;
  void* bytes = nullptr;
  expectOk(env,
           napi_get_typedarray_info(env, value, &type, &length, &bytes, nullptr, nullptr),
           "typedarray_info");
  if (type != expected) throw BadArgument(std::string(what) + " must be " + name);
  std::vector<T> values(bytes == nullptr ? 0 : length);
  if (!values.empty()) std::memcpy(values.data(), bytes, values.size() * sizeof(T));
  return values;
}

void throwError(napi_env env, const EngineError& error) noexcept {
  napi_throw_error(env, nameOf(error.code()), error.what());
}

}  // namespace

void expectOk(napi_env env, napi_status status, const char* call) {
  if (status == napi_ok) return;
  bool pending = false;
  napi_is_exception_pending(env, &pending);
  if (pending || status == napi_pending_exception || status == napi_closing) throw JsPending{};
  const napi_extended_error_info* said = nullptr;
  napi_get_last_error_info(env, &said);
  // Node answers napi_generic_failure and others while it tears an environment down.
  throw EngineError(ErrorCode::kInternal,
                    std::string("Node-API: ") + call + ": " +
                        (said != nullptr && said->error_message != nullptr ? said->error_message
                                                                           : "failed"));
}

Arguments::Arguments(napi_env env, napi_callback_info info) {
  std::size_t count = kMax;
  expectOk(env, napi_get_cb_info(env, info, &count, values_, nullptr, nullptr), "cb_info");
}

napi_value guarded(napi_env env, napi_callback_info info, Body body) noexcept {
  try {
    return body(env, Arguments(env, info));
  } catch (const BadArgument& reason) {
    napi_throw_type_error(env, nameOf(ErrorCode::kInvalidRequest), reason.what());
  } catch (const EngineError& reason) {
    throwError(env, reason);
  } catch (const JsPending&) {
  } catch (const std::bad_alloc&) {
    napi_throw_error(env, nameOf(ErrorCode::kNoMemory), "no memory is left");
  } catch (const std::exception& reason) {
    napi_throw_error(env, nameOf(ErrorCode::kInternal), reason.what());
  }
  return nullptr;
}

napi_value makeError(napi_env env, const EngineError& error) {
  napi_value made;
  expectOk(env,
           napi_create_error(env, textValue(env, nameOf(error.code())),
                             textValue(env, error.what()), &made),
           "error");
  return made;
}

std::string readText(napi_env env, napi_value value, const char* what, std::size_t bytesMax) {
  if (!isOfType(env, value, napi_string)) refuse(env, value, what, "a string");
  std::size_t length = 0;
  expectOk(env, napi_get_value_string_utf8(env, value, nullptr, 0, &length), "string");
  if (length > bytesMax) {
    throw BadArgument(std::string(what) + " is longer than " + std::to_string(bytesMax) + " bytes");
  }
  std::string text(length, '\0');
  expectOk(env, napi_get_value_string_utf8(env, value, text.data(), length + 1, &length), "string");
  if (text.find('\0') != std::string::npos) {
    throw BadArgument(std::string(what) + " must not contain a NUL character");
  }
  return text;
}

bool readFlag(napi_env env, napi_value value, const char* what) {
  bool flag = false;
  if (!isOfType(env, value, napi_boolean)) refuse(env, value, what, "true or false");
  expectOk(env, napi_get_value_bool(env, value, &flag), "boolean");
  return flag;
}

double readNumber(napi_env env, napi_value value, const char* what) {
  double number = 0;
  if (!isOfType(env, value, napi_number)) refuse(env, value, what, "a number");
  expectOk(env, napi_get_value_double(env, value, &number), "number");
  return number;
}

std::int64_t readWhole(napi_env env, napi_value value, const char* what, std::int64_t min,
                       std::int64_t max) {
  const double number = readNumber(env, value, what);
  // Written so that NaN is refused too.
  if (!(number >= static_cast<double>(min) && number <= static_cast<double>(max)) ||
      number != std::floor(number)) {
    throw BadArgument(std::string(what) + " must be a whole number from " + std::to_string(min) +
                      " to " + std::to_string(max));
  }
  return static_cast<std::int64_t>(number);
}

std::vector<std::int32_t> readInt32s(napi_env env, napi_value value, const char* what) {
  return readTyped<std::int32_t>(env, value, what, napi_int32_array, "an Int32Array");
}

std::vector<std::uint32_t> readUint32s(napi_env env, napi_value value, const char* what) {
  return readTyped<std::uint32_t>(env, value, what, napi_uint32_array, "a Uint32Array");
}

std::vector<float> readFloats(napi_env env, napi_value value, const char* what) {
  return readTyped<float>(env, value, what, napi_float32_array, "a Float32Array");
}

ObjectReader::ObjectReader(napi_env env, napi_value object, const char* what)
    : env_(env), object_(object) {
  if (!isOfType(env, object, napi_object)) refuse(env, object, what, "an object");
}

napi_value ObjectReader::property(const char* name) const {
  napi_value value;
  expectOk(env_, napi_get_named_property(env_, object_, name, &value), name);
  return value;
}

std::string ObjectReader::text(const char* name, std::size_t bytesMax) const {
  return readText(env_, property(name), name, bytesMax);
}

bool ObjectReader::flag(const char* name) const { return readFlag(env_, property(name), name); }

float ObjectReader::number(const char* name) const {
  return static_cast<float>(readNumber(env_, property(name), name));
}

std::int64_t ObjectReader::whole(const char* name, std::int64_t min, std::int64_t max) const {
  return readWhole(env_, property(name), name, min, max);
}

int ObjectReader::count(const char* name) const {
  return static_cast<int>(whole(name, 0, INT32_MAX));
}

std::vector<std::int32_t> ObjectReader::int32s(const char* name) const {
  return readInt32s(env_, property(name), name);
}

std::vector<float> ObjectReader::floats(const char* name) const {
  return readFloats(env_, property(name), name);
}

napi_value textValue(napi_env env, const std::string& text) {
  napi_value value;
  expectOk(env, napi_create_string_utf8(env, text.data(), text.size(), &value), "string");
  return value;
}

napi_value numberValue(napi_env env, double number) {
  napi_value value;
  expectOk(env, napi_create_double(env, number, &value), "number");
  return value;
}

napi_value flagValue(napi_env env, bool flag) {
  napi_value value;
  expectOk(env, napi_get_boolean(env, flag, &value), "boolean");
  return value;
}

napi_value nullValue(napi_env env) {
  napi_value value;
  expectOk(env, napi_get_null(env, &value), "null");
  return value;
}

ObjectWriter::ObjectWriter(napi_env env) : env_(env) {
  expectOk(env, napi_create_object(env, &object_), "object");
}

ObjectWriter& ObjectWriter::value(const char* name, napi_value value) {
  // Defined, not set: a setter that somebody put on Object.prototype is not ours to call.
  const napi_property_descriptor property = {name,    nullptr, nullptr, nullptr, nullptr, value,
                                             napi_default_jsproperty, nullptr};
  expectOk(env_, napi_define_properties(env_, object_, 1, &property), name);
  return *this;
}

ObjectWriter& ObjectWriter::text(const char* name, const std::string& text) {
  return value(name, textValue(env_, text));
}

ObjectWriter& ObjectWriter::number(const char* name, double number) {
  return value(name, numberValue(env_, number));
}

ObjectWriter& ObjectWriter::flag(const char* name, bool flag) {
  return value(name, flagValue(env_, flag));
}

}  // namespace signalbox::binding
