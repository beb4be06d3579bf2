// One engine as JavaScript holds it: a door, and the function that is called when there is news.
//
//   N1. Everything here runs on the thread of one environment, the main one's or a worker's; only
//       the door's wake comes from elsewhere. Nothing is shared between environments.
//   N2. One thread-safe function per engine, called once per batch of news, released last: when
//       the door's thread is gone.
//   N3. The event loop is held while the engine loads, while a request is live, and while it is
//       being freed; an idle engine lets the process end.
//   N4. A link dies with its environment: the cleanup hook stops the door, which was added after
//       Node's own hook for the thread-safe function and so runs before it.
#pragma once

#include <node_api.h>

#include <cstdint>
#include <memory>

#include "binding/values.h"
#include "door/door.h"

namespace signalbox::binding {

class EngineLink {
 public:
  /// load(options, onNews): starts loading; a handle for the functions below. onNews is called with
  /// {progress, loaded, failure, outputs, closed}, all null or false where there is nothing.
  static napi_value load(napi_env env, const Arguments& arguments);
  static napi_value submit(napi_env env, const Arguments& arguments);       // handle, request
  static napi_value abort(napi_env env, const Arguments& arguments);        // handle, request id
  static napi_value allowTokens(napi_env env, const Arguments& arguments);  // handle, id, index, …
  static napi_value stats(napi_env env, const Arguments& arguments);        // handle
  static napi_value kvEvents(napi_env env, const Arguments& arguments);     // handle, from
  static napi_value clearPrefixCache(napi_env env, const Arguments& arguments);  // handle
  static napi_value unload(napi_env env, const Arguments& arguments);            // handle

  EngineLink(const EngineLink&) = delete;
  EngineLink& operator=(const EngineLink&) = delete;

 private:
  using Shared = std::shared_ptr<EngineLink>;

  explicit EngineLink(napi_env env) : env_(env) {}
  static Shared& of(napi_env env, napi_value handle);
  static void wakeOnLoop(napi_env env, napi_value onNews, void* context, void* nothing);
  static void onTeardown(void* link);

  void open(const Shared& self, napi_value onNews, EngineOptions&& options);
  napi_value makeHandle(const Shared& self);
  void deliver(napi_env env, napi_value onNews);
  napi_value describeNews(napi_env env);
  void hold(bool needed);
  void release();

  const napi_env env_;
  napi_threadsafe_function wake_ = nullptr;  // null once released
  std::unique_ptr<Door> door_;
  DoorNews news_;
  std::int64_t live_ = 0;  // requests accepted whose end was not delivered
  bool ready_ = false;      // loaded
  bool unloading_ = false;  // asked to be freed
  bool held_ = true;
};

}  // namespace signalbox::binding
