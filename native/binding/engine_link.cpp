// Calls go straight to the engine, which queues them; news come by the thread-safe function.
#include "binding/engine_link.h"

#include <cstring>
#include <utility>

#include "binding/describe.h"
#include "binding/read_request.h"

namespace signalbox::binding {
namespace {

/// Any object that is not one of ours lacks it, whatever it wraps.
constexpr napi_type_tag kHandleTag = {0x7369676e616c626fu, 0x782d656e67696e65u};

napi_value undefinedValue(napi_env env) {
  napi_value value;
  expectOk(env, napi_get_undefined(env, &value), "undefined");
  return value;
}

std::uint64_t readId(napi_env env, napi_value value) {
  return static_cast<std::uint64_t>(readWhole(env, value, "the request's id", 1, kWholeMax));
}

}  // namespace

napi_value EngineLink::load(napi_env env, const Arguments& arguments) {
  EngineOptions options = readOptions(env, arguments[0]);
  napi_valuetype type;
  expectOk(env, napi_typeof(env, arguments[1], &type), "typeof");
  if (type != napi_function) throw BadArgument("onNews must be a function");
  const Shared link(new EngineLink(env));
  const napi_value handle = link->makeHandle(link);
  link->open(link, arguments[1], std::move(options));
  return handle;
}

napi_value EngineLink::makeHandle(const Shared& self) {
  napi_value handle;
  expectOk(env_, napi_create_object(env_, &handle), "object");
  auto holder = std::make_unique<Shared>(self);
  const auto finalize = [](napi_env, void* held, void*) { delete static_cast<Shared*>(held); };
  expectOk(env_, napi_wrap(env_, handle, holder.get(), finalize, nullptr, nullptr), "wrap");
  holder.release();
  expectOk(env_, napi_type_tag_object(env_, handle, &kHandleTag), "type_tag");
  return handle;
}

void EngineLink::open(const Shared& self, napi_value onNews, EngineOptions&& options) {
  auto holder = std::make_unique<Shared>(self);
  const auto finalize = [](napi_env, void* held, void*) { delete static_cast<Shared*>(held); };
  const napi_value name = textValue(env_, "signalbox.engine");
  expectOk(env_,
           napi_create_threadsafe_function(env_, onNews, nullptr, name, 0, 1, holder.get(),
                                           finalize, this, wakeOnLoop, &wake_),
           "threadsafe_function");
  holder.release();
  // After Node's own hook for the function above, so that it runs before that one.
  const napi_status hooked = napi_add_env_cleanup_hook(env_, onTeardown, this);
  if (hooked != napi_ok) {
    napi_release_threadsafe_function(std::exchange(wake_, nullptr), napi_tsfn_abort);
    expectOk(env_, hooked, "cleanup_hook");
  }
  const napi_threadsafe_function wake = wake_;
  try {
    door_ = std::make_unique<Door>(std::move(options), [wake] {
      // napi_closing and the like: nobody is left to hear of it.
      napi_call_threadsafe_function(wake, nullptr, napi_tsfn_nonblocking);
    });
  } catch (...) {
    release();
    throw;
  }
}

EngineLink::Shared& EngineLink::of(napi_env env, napi_value handle) {
  napi_valuetype type;
  expectOk(env, napi_typeof(env, handle, &type), "typeof");
  bool ours = false;
  if (type == napi_object) {
    // A proxy answers with an error, which is no answer either.
    if (napi_check_object_type_tag(env, handle, &kHandleTag, &ours) != napi_ok) ours = false;
  }
  void* held = nullptr;
  if (!ours || napi_unwrap(env, handle, &held) != napi_ok || held == nullptr) {
    throw BadArgument("the first argument must be an engine's handle");
  }
  return *static_cast<Shared*>(held);
}

napi_value EngineLink::submit(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  Request request = readRequest(env, arguments[1]);
  link->door_->with([&](Engine& engine) { engine.submit(std::move(request)); });
  link->live_ += 1;
  link->hold(true);
  return undefinedValue(env);
}

napi_value EngineLink::abort(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  const std::uint64_t id = readId(env, arguments[1]);
  link->door_->with([&](Engine& engine) { engine.abort(id); });
  return undefinedValue(env);
}

napi_value EngineLink::allowTokens(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  const std::uint64_t id = readId(env, arguments[1]);
  const int index = static_cast<int>(readWhole(env, arguments[2], "the index", 0, INT32_MAX));
  std::vector<std::uint32_t> mask = readUint32s(env, arguments[3], "the mask");
  link->door_->with([&](Engine& engine) { engine.allowTokens(id, index, std::move(mask)); });
  return undefinedValue(env);
}

napi_value EngineLink::stats(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  return describeStats(env, link->door_->with([](Engine& engine) { return engine.stats(); }));
}

napi_value EngineLink::kvEvents(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  const auto from = static_cast<std::uint64_t>(readWhole(env, arguments[1], "from", 0, kWholeMax));
  return describeEvents(
      env, link->door_->with([from](Engine& engine) { return engine.kvEvents(from); }));
}

napi_value EngineLink::clearPrefixCache(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  link->door_->with([](Engine& engine) { engine.clearPrefixCache(); });
  return undefinedValue(env);
}

napi_value EngineLink::unload(napi_env env, const Arguments& arguments) {
  const Shared link = of(env, arguments[0]);
  link->unloading_ = true;
  link->hold(true);
  link->door_->close();
  return undefinedValue(env);
}

/// `env` is null when the environment is gone and queued calls are thrown away.
void EngineLink::wakeOnLoop(napi_env env, napi_value onNews, void* context, void*) {
  if (env == nullptr || onNews == nullptr) return;
  auto* link = static_cast<EngineLink*>(context);
  if (link->wake_ != nullptr) link->deliver(env, onNews);
}

void EngineLink::deliver(napi_env env, napi_value onNews) {
  door_->take(news_);
  live_ -= news_.outputs.finished();
  if (news_.loaded) ready_ = true;
  // While it is freed the loop is held, even when the news that it was loaded comes after.
  if (ready_ && !unloading_) hold(live_ > 0);
  try {
    const napi_value news = describeNews(env);
    if (news_.closed) release();
    const napi_value undefined = undefinedValue(env);
    napi_value result;
    expectOk(env, napi_call_function(env, undefined, onNews, 1, &news, &result), "onNews");
  } catch (const JsPending&) {
    // onNews threw, as nothing of ours does: an uncaught exception, like one in any callback. In an
    // environment that is being torn down there is none to be had.
    napi_value thrown;
    if (napi_get_and_clear_last_exception(env, &thrown) == napi_ok) {
      napi_fatal_exception(env, thrown);
    }
  } catch (const std::exception& reason) {
    // No memory for the news, or an environment half gone: not to be lost in silence.
    napi_throw_error(env, nameOf(ErrorCode::kInternal), reason.what());
  }
}

napi_value EngineLink::describeNews(napi_env env) {
  napi_value progress = nullValue(env);
  if (news_.progress) {
    progress = ObjectWriter(env)
                   .text("phase", news_.progress->phase)
                   .number("done", static_cast<double>(news_.progress->done))
                   .number("total", static_cast<double>(news_.progress->total))
                   .number("seconds", news_.progress->seconds)
                   .object();
  }
  napi_value outputs = nullValue(env);
  const std::vector<std::uint32_t>& words = news_.outputs.words();
  if (!words.empty()) {
    void* bytes = nullptr;
    const std::size_t size = words.size() * sizeof(std::uint32_t);
    expectOk(env, napi_create_arraybuffer(env, size, &bytes, &outputs), "arraybuffer");
    std::memcpy(bytes, words.data(), size);
  }
  napi_value loaded = nullValue(env);
  if (news_.loaded) {
    try {
      loaded = door_->with(
          [env](Engine& engine) { return describeSummary(env, engine.summary()); });
    } catch (const EngineError&) {
      // Asked to close meanwhile: `closed` follows.
    }
  }
  return ObjectWriter(env)
      .value("progress", progress)
      .value("loaded", loaded)
      .value("failure", news_.failure ? makeError(env, *news_.failure) : nullValue(env))
      .value("outputs", outputs)
      .flag("closed", news_.closed)
      .object();
}

void EngineLink::hold(bool needed) {
  if (needed == held_ || wake_ == nullptr) return;
  held_ = needed;
  if (needed) {
    napi_ref_threadsafe_function(env_, wake_);
  } else {
    napi_unref_threadsafe_function(env_, wake_);
  }
}

/// The door first: nobody calls the function any more when it is released.
void EngineLink::release() {
  if (door_ != nullptr) door_->stop();
  if (wake_ == nullptr) return;
  napi_remove_env_cleanup_hook(env_, onTeardown, this);
  napi_release_threadsafe_function(std::exchange(wake_, nullptr), napi_tsfn_release);
}

void EngineLink::onTeardown(void* link) {
  auto* self = static_cast<EngineLink*>(link);
  self->door_->stop();
  if (self->wake_ != nullptr) {
    napi_release_threadsafe_function(std::exchange(self->wake_, nullptr), napi_tsfn_release);
  }
}

}  // namespace signalbox::binding
