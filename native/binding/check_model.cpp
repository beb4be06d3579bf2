// One task of Node's thread pool per check, which belongs to nobody but itself.
#include "binding/check_model.h"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "binding/describe.h"
#include "engine/engine.h"

namespace signalbox::binding {
namespace {

/// PATH_MAX of Linux.
constexpr std::size_t kPathBytesMax = 4096;
constexpr std::size_t kNameBytesMax = 64;

struct Check {
  std::function<std::optional<ModelSummary>()> body;
  napi_deferred promise = nullptr;
  napi_async_work work = nullptr;
  std::optional<ModelSummary> summary;
  std::optional<EngineError> failure;
};

void runCheck(napi_env, void* context) {
  auto* check = static_cast<Check*>(context);
  try {
    check->summary = check->body();
  } catch (const EngineError& reason) {
    check->failure.emplace(reason);
  } catch (const std::bad_alloc&) {
    check->failure.emplace(ErrorCode::kNoMemory, "no memory is left for a check");
  } catch (const std::exception& reason) {
    check->failure.emplace(ErrorCode::kInternal, reason.what());
  }
}

/// In an environment that is being torn down the calls fail, and nobody waits for the promise.
void endCheck(napi_env env, napi_status status, void* context) {
  const std::unique_ptr<Check> check(static_cast<Check*>(context));
  napi_delete_async_work(env, check->work);
  if (status == napi_cancelled) return;
  try {
    if (check->failure) {
      napi_reject_deferred(env, check->promise, makeError(env, *check->failure));
    } else {
      napi_resolve_deferred(env, check->promise,
                            check->summary ? describeSummary(env, *check->summary)
                                           : nullValue(env));
    }
  } catch (const JsPending&) {
  } catch (const std::exception&) {
  }
}

/// `name` is what Node's tools call it.
napi_value begin(napi_env env, const char* name,
                 std::function<std::optional<ModelSummary>()> body) {
  auto check = std::make_unique<Check>();
  check->body = std::move(body);
  napi_value promise;
  expectOk(env, napi_create_promise(env, &check->promise, &promise), "promise");
  expectOk(env,
           napi_create_async_work(env, nullptr, textValue(env, name), runCheck, endCheck,
                                  check.get(), &check->work),
           "async_work");
  expectOk(env, napi_queue_async_work(env, check->work), "queue_async_work");
  check.release();
  return promise;
}

}  // namespace

napi_value checkModel(napi_env env, const Arguments& arguments) {
  return begin(env, "signalbox.checkModel",
               [folder = readText(env, arguments[0], "the folder", kPathBytesMax)] {
                 return std::optional(checkModelFolder(folder));
               });
}

napi_value checkDevice(napi_env env, const Arguments& arguments) {
  return begin(env, "signalbox.checkDevice",
               [device = readText(env, arguments[0], "the device", kNameBytesMax),
                kernels = readText(env, arguments[1], "the kernels", kPathBytesMax)] {
                 signalbox::checkDevice(device, kernels);
                 return std::optional<ModelSummary>();
               });
}

}  // namespace signalbox::binding
