// The addon's functions, by name: native/binding.ts has their types. Nothing here outlives an
// environment or is shared between two, but the reader of the GPUs, which is the process's; a
// worker thread loads it anew.
#include "binding/check_model.h"
#include "binding/describe.h"
#include "binding/engine_link.h"
#include "device/device_reader.h"

namespace signalbox::binding {
namespace {

napi_value describe(napi_env env, const Arguments&) { return describeAddon(env); }

/// Begins a reading of the GPUs, unless one is under way; its number.
napi_value readDevices(napi_env env, const Arguments&) {
  return numberValue(env, static_cast<double>(DeviceReader::ofProcess().begin()));
}

napi_value devices(napi_env env, const Arguments&) {
  return describeDevices(env, DeviceReader::ofProcess().latest());
}

struct Export {
  const char* name;
  napi_callback call;
};

constexpr Export kExports[] = {
    {"describe", entry<describe>},
    {"readDevices", entry<readDevices>},
    {"devices", entry<devices>},
    {"checkModel", entry<checkModel>},
    {"checkDevice", entry<checkDevice>},
    {"load", entry<EngineLink::load>},
    {"submit", entry<EngineLink::submit>},
    {"abort", entry<EngineLink::abort>},
    {"allowTokens", entry<EngineLink::allowTokens>},
    {"stats", entry<EngineLink::stats>},
    {"kvEvents", entry<EngineLink::kvEvents>},
    {"clearPrefixCache", entry<EngineLink::clearPrefixCache>},
    {"unload", entry<EngineLink::unload>},
};

}  // namespace
}  // namespace signalbox::binding

NAPI_MODULE_INIT() {
  using namespace signalbox::binding;
  for (const Export& it : kExports) {
    napi_value function;
    if (napi_create_function(env, it.name, NAPI_AUTO_LENGTH, it.call, nullptr, &function) !=
            napi_ok ||
        napi_set_named_property(env, exports, it.name, function) != napi_ok) {
      return nullptr;
    }
  }
  return exports;
}
