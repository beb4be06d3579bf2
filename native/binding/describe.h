// What the engine says about itself, as JavaScript objects: the shapes of native/binding.ts.
#pragma once

#include <node_api.h>

#include <optional>
#include <vector>

#include "device/device_reader.h"
#include "engine/engine.h"

namespace signalbox::binding {

napi_value describeSummary(napi_env env, const ModelSummary& summary);
napi_value describeStats(napi_env env, const EngineStats& stats);
napi_value describeEvents(napi_env env, const std::vector<KvEvent>& events);
/// The last reading of the GPUs; null before the first.
napi_value describeDevices(napi_env env, const std::optional<DeviceReader::Latest>& latest);
/// The paths of this build, the fastest portable one here, and the names that records carry by
/// number.
napi_value describeAddon(napi_env env);

}  // namespace signalbox::binding
