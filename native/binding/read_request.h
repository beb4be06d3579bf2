// Options and requests as they come from native/binding.ts: complete, typed, and of sane range.
// What they mean, and what the model allows, the engine checks.
#pragma once

#include <node_api.h>

#include "engine/engine.h"

namespace signalbox::binding {

EngineOptions readOptions(napi_env env, napi_value options);
Request readRequest(napi_env env, napi_value request);

}  // namespace signalbox::binding
