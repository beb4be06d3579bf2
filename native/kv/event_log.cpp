// The ring of cache events.
#include "kv/event_log.h"

#include <algorithm>

#include "core/error.h"

namespace signalbox {

EventLog::EventLog(int capacity) : ring_(static_cast<std::size_t>(capacity)) {
  SIGNALBOX_CHECK(capacity > 0, std::to_string(capacity));
}

std::uint64_t EventLog::first() const {
  return next_ > ring_.size() ? next_ - ring_.size() : 1;
}

void EventLog::push(KvEventKind kind, std::uint64_t hash, std::uint64_t parent,
                    std::span<const TokenId> tokens) {
  Entry& entry = ring_[next_ % ring_.size()];
  entry.kind = kind;
  entry.hash = hash;
  entry.parent = parent;
  std::copy(tokens.begin(), tokens.end(), entry.tokens.begin());
  ++next_;
}

std::vector<KvEvent> EventLog::since(std::uint64_t from) const {
  SIGNALBOX_CHECK(from >= first() && from <= next_, std::to_string(from));
  std::vector<KvEvent> events;
  events.reserve(next_ - from);
  for (std::uint64_t sequence = from; sequence < next_; ++sequence) {
    const Entry& entry = ring_[sequence % ring_.size()];
    KvEvent& event = events.emplace_back();
    event.sequence = sequence;
    event.kind = entry.kind;
    event.hash = entry.hash;
    event.parent = entry.parent;
    if (entry.kind == KvEventKind::kStored) {
      event.tokens.assign(entry.tokens.begin(), entry.tokens.end());
    }
  }
  return events;
}

}  // namespace signalbox
