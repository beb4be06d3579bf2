// One engine's life, seen from a thread that must never wait: a program's main loop.
//
// A thread of the door loads the engine, keeps it, and frees it when asked; what happens meanwhile
// waits until the owner takes it. No Node type in it: binding/ is the Node side.
//
//   D1. `wake` is called when there is news and the owner has taken all news before: however slow
//       the owner, one wake is outstanding, and steps wait for nobody.
//   D2. What is kept is bounded by what live requests may still produce.
//   D3. After `stop` has returned the thread is gone, the engine is freed, and nobody is woken.
//   D4. News come in order: progress, then loaded or a failure, outputs, and closed last of all.
//   D5. At exit of the process every door is stopped before any static object is destroyed that was
//       there when the door was made.
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "door/output_batch.h"
#include "engine/engine.h"

namespace signalbox {

struct DoorProgress {
  std::string phase;
  std::uint64_t done = 0;
  std::uint64_t total = 0;
  double seconds = 0;
};

/// What happened since the last `take`.
struct DoorNews {
  std::optional<DoorProgress> progress;  // the latest
  bool loaded = false;
  std::optional<EngineError> failure;    // of loading
  OutputBatch outputs;
  bool closed = false;
};

class Door {
 public:
  /// From any thread; neither blocks nor throws nor calls into the door.
  using Wake = std::function<void()>;
  using Load = std::function<std::unique_ptr<Engine>(
      const EngineOptions&, const Engine::OnProgress&, Engine::OnStep)>;

  /// Starts loading. Throws kNoMemory when no thread can be had.
  Door(EngineOptions options, Wake wake, Load load = Engine::load);
  ~Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// Moves the news into `news`, whose batch is used for what comes next.
  void take(DoorNews& news);

  /// Calls `use` with the engine. Throws kUnavailable before it is loaded and after `close`.
  template <class Use>
  auto with(Use&& use) const {
    const std::lock_guard lock(mutex_);
    return use(usable());
  }

  /// Asks for the end: a load is cancelled, live requests end as aborted. `closed` will say so.
  void close();
  /// The same, and waits for it. Not from the door's own thread.
  void stop();

 private:
  void threadMain();
  std::unique_ptr<Engine> loadOrFail();
  void onProgress(const LoadProgress& progress);
  void onStep(StepOutput&& step);
  Engine& usable() const;
  void tell(std::unique_lock<std::mutex>& lock);

  const EngineOptions options_;
  const Wake wake_;
  const Load load_;
  // Engine calls are short and take engine locks inside it: never held while the engine is freed.
  mutable std::mutex mutex_;
  std::mutex newsMutex_;
  std::condition_variable closing_;
  bool closeAsked_ = false;             // under mutex_
  bool loadFailed_ = false;             // under mutex_
  std::unique_ptr<Engine> engine_;      // under mutex_
  DoorNews news_;                       // under newsMutex_
  bool woken_ = false;                  // under newsMutex_
  bool silent_ = false;                 // under newsMutex_
  std::mutex joinMutex_;
  std::thread thread_;                  // joined under joinMutex_
};

}  // namespace signalbox
