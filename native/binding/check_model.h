// checkModelFolder and checkDevice off the JavaScript thread.
#pragma once

#include <node_api.h>

#include "binding/values.h"

namespace signalbox::binding {

/// checkModel(folder): a promise of the summary; it rejects with the engine's error.
napi_value checkModel(napi_env env, const Arguments& arguments);
/// checkDevice(device, kernels): a promise of null; it rejects with the engine's error.
napi_value checkDevice(napi_env env, const Arguments& arguments);

}  // namespace signalbox::binding
