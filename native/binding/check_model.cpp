// One task of Node's thread pool per check, which belongs to nobody but itself.
#include "binding/check_model.h"

#include <memory>
#include <optional>
#include <string>

#include "binding/describe.h"
#include "engine/engine.h"

namespace signalbox::binding {
namespace {

struct Check {
  std::string folder;
  napi_deferred promise = nullptr;
  napi_async_work work = nullptr;
  std::optional<ModelSummary> summary;
  std::optional<EngineError> failure;
};

void runCheck(napi_env, void* context) {
  auto* check = static_cast<Check*>(context);
  try {
    check->summary = checkModelFolder(check->folder);
  } catch (const EngineError& reason) {
    check->failure.emplace(reason);
  } catch (const std::bad_alloc&) {
    check->failure.emplace(ErrorCode::kNoMemory, "no memory is left to check " + check->folder);
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
    if (check->summary) {
      napi_resolve_deferred(env, check->promise, describeSummary(env, *check->summary));
    } else {
      napi_reject_deferred(env, check->promise, makeError(env, *check->failure));
    }
  } catch (const JsPending&) {
  } catch (const std::exception&) {
  }
}

}  // namespace

napi_value checkModel(napi_env env, const Arguments& arguments) {
  auto check = std::make_unique<Check>();
  check->folder = readText(env, arguments[0], "the folder", 4096);
  napi_value promise;
  expectOk(env, napi_create_promise(env, &check->promise, &promise), "promise");
  expectOk(env,
           napi_create_async_work(env, nullptr, textValue(env, "signalbox.checkModel"), runCheck,
                                  endCheck, check.get(), &check->work),
           "async_work");
  expectOk(env, napi_queue_async_work(env, check->work), "queue_async_work");
  check.release();
  return promise;
}

}  // namespace signalbox::binding
