// The door's thread, and the doors there are.
#include "door/door.h"

#include <cstdlib>
#include <set>
#include <system_error>
#include <utility>

namespace signalbox {
namespace {

/// Every door of this process, so that exit() finds them: threads that compute while static objects
/// are destroyed would read what is gone.
class LiveDoors {
 public:
  static LiveDoors& instance() {
    static LiveDoors doors;
    return doors;
  }

  /// With a handler of its own, a few bytes for each load: handlers run in reverse, so this one
  /// comes before whatever was made until now is destroyed.
  void add(Door* door) {
    std::atexit([] { instance().stopAll(); });
    const std::lock_guard lock(mutex_);
    doors_.insert(door);
  }

  void remove(Door* door) {
    const std::lock_guard lock(mutex_);
    doors_.erase(door);
  }

 private:
  /// Under the lock: a door that is being destroyed waits in `remove` until it was stopped here.
  void stopAll() {
    const std::lock_guard lock(mutex_);
    for (Door* door : doors_) door->close();
    for (Door* door : doors_) door->stop();
  }

  std::mutex mutex_;
  std::set<Door*> doors_;
};

}  // namespace

Door::Door(EngineOptions options, Wake wake, Load load)
    : options_(std::move(options)), wake_(std::move(wake)), load_(std::move(load)) {
  LiveDoors::instance().add(this);
  try {
    thread_ = std::thread([this] { threadMain(); });
  } catch (const std::system_error& reason) {
    LiveDoors::instance().remove(this);
    throw EngineError(ErrorCode::kNoMemory,
                      std::string("no thread can be started for the engine: ") + reason.what());
  }
}

Door::~Door() {
  // Out of the list first: while exit() stops the doors, this waits, and then finds it stopped.
  LiveDoors::instance().remove(this);
  stop();
}

void Door::take(DoorNews& news) {
  news.progress.reset();
  news.failure.reset();
  news.outputs.clear();
  const std::lock_guard lock(newsMutex_);
  news.progress.swap(news_.progress);
  news.loaded = std::exchange(news_.loaded, false);
  if (news_.failure) news.failure.emplace(*news_.failure);
  news_.failure.reset();
  news.outputs.swap(news_.outputs);
  news.closed = std::exchange(news_.closed, false);
  woken_ = false;
}

void Door::close() {
  {
    const std::lock_guard lock(mutex_);
    closeAsked_ = true;
  }
  closing_.notify_all();
}

void Door::stop() {
  {
    const std::lock_guard lock(newsMutex_);
    silent_ = true;
  }
  close();
  const std::lock_guard lock(joinMutex_);
  if (thread_.joinable()) thread_.join();
}

void Door::threadMain() {
  std::unique_ptr<Engine> engine = loadOrFail();
  if (engine != nullptr) {
    std::unique_lock lock(mutex_);
    engine_ = std::move(engine);
    {
      std::unique_lock news(newsMutex_);
      news_.loaded = true;
      tell(news);
    }
    closing_.wait(lock, [this] { return closeAsked_; });
    engine = std::move(engine_);
    lock.unlock();
    engine.reset();
  }
  std::unique_lock lock(newsMutex_);
  news_.closed = true;
  tell(lock);
}

std::unique_ptr<Engine> Door::loadOrFail() {
  std::optional<EngineError> failure;
  try {
    return load_(
        options_, [this](const LoadProgress& progress) { onProgress(progress); },
        [this](StepOutput&& step) { onStep(std::move(step)); });
  } catch (const EngineError& reason) {
    failure.emplace(reason);
  } catch (const std::bad_alloc&) {
    failure.emplace(ErrorCode::kNoMemory, "no memory is left to load " + options_.folder);
  } catch (const std::system_error& reason) {
    const bool threads = reason.code() == std::errc::resource_unavailable_try_again;
    failure.emplace(threads ? ErrorCode::kNoMemory : ErrorCode::kInternal,
                    std::string(threads ? "no thread can be started to load " : "while loading ") +
                        options_.folder + ": " + reason.what());
  } catch (const std::exception& reason) {
    failure.emplace(ErrorCode::kInternal, reason.what());
  }
  {
    const std::lock_guard lock(mutex_);
    loadFailed_ = true;
  }
  std::unique_lock lock(newsMutex_);
  news_.failure = std::move(failure);
  tell(lock);
  return nullptr;
}

void Door::onProgress(const LoadProgress& progress) {
  {
    const std::lock_guard lock(mutex_);
    if (closeAsked_) {
      throw EngineError(ErrorCode::kUnavailable, "loading " + options_.folder + " was cancelled");
    }
  }
  std::unique_lock lock(newsMutex_);
  news_.progress = DoorProgress{progress.phase, progress.done, progress.total, progress.seconds};
  tell(lock);
}

void Door::onStep(StepOutput&& step) {
  std::unique_lock lock(newsMutex_);
  for (const TokenOutput& output : step.outputs) news_.outputs.add(output);
  if (!news_.outputs.empty()) tell(lock);
}

Engine& Door::usable() const {
  if (engine_ != nullptr && !closeAsked_) return *engine_;
  throw EngineError(ErrorCode::kUnavailable, loadFailed_   ? "the engine could not be loaded"
                                             : closeAsked_ ? "the engine is unloaded"
                                                           : "the engine is still loading");
}

/// Under the lock: a wake that `stop` did not see comes before stop returns.
void Door::tell(std::unique_lock<std::mutex>& lock) {
  static_cast<void>(lock);
  if (woken_ || silent_) return;
  woken_ = true;
  wake_();
}

}  // namespace signalbox
