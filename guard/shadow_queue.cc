#include "guard/shadow_queue.h"

#include <algorithm>

#include "policies/engine_call.h"

namespace headgate::guard {
namespace {

// Of no connection, and as many as outsiders make it.
bool MayBeMissed(const EngineEvent& e) { return Is<event::Tick>(e) || Is<event::Counted>(e); }

// A connection that was never there for anybody but the door: no end of it is told.
bool IsRefusedAtDoor(const EngineEvent& e, const Told& told) {
  return Is<event::Accepted>(e) && Says(told, Verdict::Kind::kRefuse);
}

}  // namespace

std::size_t ShadowQueue::Put(const EngineEvent& event, const Told& told, std::size_t most_text) {
  const EngineEvent end{.at = event.at, .id = event.id, .what = event::Forgotten{}};
  What what = What::kNothing;
  {
    const std::lock_guard lock(mutex_);
    what = Judge(event, told);
    if (what == What::kNothing) return waiting_.size();
  }
  auto kept = what == What::kAll ? std::make_unique<KeptEvent>(event, told, most_text)
                                 : std::make_unique<KeptEvent>(end, Told::Nothing(), 0);
  const std::lock_guard lock(mutex_);
  bytes_ += kept->bytes();
  waiting_.push_back(std::move(kept));
  return waiting_.size();
}

ShadowQueue::What ShadowQueue::Judge(const EngineEvent& event, const Told& told) {
  ++counts_.events;
  if (told.of == Told::Of::kUnknown) return What::kAll;  // of the state there is
  const bool room = waiting_.size() + taken_ < bounds_.events && bytes_ < bounds_.bytes;
  const bool of_connection = IsOfConnection(event);
  const Key key(event.id.thread, event.id.serial);
  const bool is_end = Is<event::Forgotten>(event);
  if (of_connection && cut_.contains(key)) {
    ++counts_.left_out;
    if (is_end) cut_.erase(key);
    return What::kNothing;
  }
  if (room || is_end || !(of_connection || MayBeMissed(event))) return What::kAll;
  ++counts_.left_out;
  if (!of_connection) return What::kNothing;
  ++counts_.connections;
  if (IsRefusedAtDoor(event, told)) return What::kNothing;
  cut_.insert(key);
  return Is<event::Accepted>(event) ? What::kNothing : What::kEnd;
}

ShadowQueue::Events ShadowQueue::Take(std::size_t most) {
  const std::lock_guard lock(mutex_);
  bytes_ -= std::min(bytes_, taken_bytes_);
  taken_bytes_ = 0;
  Events events;
  events.reserve(std::min(most, waiting_.size()));
  while (events.size() < most && !waiting_.empty()) {
    taken_bytes_ += waiting_.front()->bytes();
    events.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
  }
  taken_ = events.size();
  return events;
}

void ShadowQueue::Clear() {
  const std::lock_guard lock(mutex_);
  waiting_.clear();
  cut_.clear();
  bytes_ = taken_ = taken_bytes_ = 0;
}

void ShadowQueue::Reset() {
  Clear();
  const std::lock_guard lock(mutex_);
  counts_ = {};
}

ShadowQueue::Counts ShadowQueue::counts() const {
  const std::lock_guard lock(mutex_);
  Counts out = counts_;
  out.waiting = waiting_.size();
  out.cut = cut_.size();
  if (!waiting_.empty()) out.oldest = waiting_.front()->event().at;
  return out;
}

}  // namespace headgate::guard
