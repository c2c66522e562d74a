#include "policies/reenactment.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "policies/engine_call.h"
#include "policies/reenactment_impl.h"
#include "policies/ticket.h"

namespace headgate {
namespace {

// As the gate's own: net/engine_ticker.h.
constexpr Duration kTick = std::chrono::milliseconds(20);
constexpr Duration kSoonestTick = std::chrono::milliseconds(1);
// Where nothing has happened for so long, time passes by larger steps, but for what is due; in a
// gap of a century by a thousandth of what is left of it, so that a file's clock cannot keep us.
constexpr Duration kQuiet = std::chrono::seconds(10);
constexpr Duration kLongTick = std::chrono::seconds(1);
constexpr Duration kVeryQuiet = std::chrono::hours(1);
constexpr int kSteps = 1000;
constexpr Duration kApart = std::chrono::minutes(1);
// Whatever a file says: nothing that is added to it overflows.
constexpr Time kLast{Duration::max() / 2};

}  // namespace

Reenactment::World::World(std::shared_ptr<const Limits> limits, EngineSecrets secrets,
                          OutcomeSink& sink, const Options& options)
    : sink_(sink), options_(options), engine_(std::move(limits), secrets, *this, *this) {}

// Tickets given back wake others, of which nobody wants to know any more.
Reenactment::World::~World() { actors_.clear(); }

void Reenactment::World::Apply(const EngineEvent& event, const Told& then) {
  ++tally_.events;
  if (options_.verbatim) return ApplyVerbatim(event, then);
  for (const Wakeup& w : then.woke) {
    Actor* const a = w.kind == Wakeup::Kind::kAdmitted ? Find(w.id) : nullptr;
    if (a != nullptr && a->went_on == kNever) a->went_on = event.at;
  }
  Advance(event.at);
  asking_ = {};
  if (std::holds_alternative<event::Accepted>(event.what)) {
    Accept(event, then);
  } else if (IsOfConnection(event)) {
    Actor* const a = Find(event.id);
    if (a == nullptr) ++tally_.without;
    if (a != nullptr) Arrive(*a, event, then);
  } else if (!std::holds_alternative<event::Reloaded>(event.what)) {
    TicketPtr none;
    static_cast<void>(Call(engine_, event, none, now_));
  }
  Settle();
}

void Reenactment::World::Publish(std::shared_ptr<const Limits> limits) {
  engine_.Publish(std::move(limits), now_);
  Settle();
}

void Reenactment::World::ApplyVerbatim(const EngineEvent& event, const Told& then) {
  // Threads are apart by less; a file may say anything.
  const Time at = std::min(std::max(event.at, now_ - kApart), kLast);
  now_ = std::max(now_, at);
  woke_.clear();
  asking_ = {};
  if (!IsOfConnection(event)) {
    TicketPtr none;
    return Compare(event, then, Call(engine_, event, none, at));
  }
  if (std::holds_alternative<event::Accepted>(event.what)) {
    if (actors_.size() >= options_.connections) {
      ++tally_.left_out;
      return;
    }
    auto a = std::make_unique<Actor>();
    a->id = asking_ = event.id;
    Told told = Call(engine_, event, a->ticket, at);
    if (a->ticket != nullptr) {
      Look(*a->ticket);
      ++tally_.connections;
      Drop(event.id);  // if a file says so twice
      actors_[KeyOf(event.id)] = std::move(a);
    } else {
      sink_.OnGone(event.id);
    }
    return Compare(event, then, std::move(told));
  }
  Actor* const a = Find(event.id);
  if (a == nullptr) {
    ++tally_.without;
    return;
  }
  noted_ = {};
  asking_ = event.id;
  Told told = Call(engine_, event, a->ticket, at);
  Witness(*a, event, told);
  if (std::holds_alternative<event::Forgotten>(event.what)) Drop(event.id);
  Compare(event, then, std::move(told));
}

void Reenactment::World::Compare(const EngineEvent& event, const Told& then, Told now) {
  now.woke = woke_;
  for (const Wakeup& w : woke_) {
    Actor* const a = w.kind == Wakeup::Kind::kAdmitted ? Find(w.id) : nullptr;
    if (a == nullptr || a->ticket == nullptr) continue;
    Look(*a->ticket);
    LetIn(*a);
  }
  const auto* const reload = std::get_if<event::Reloaded>(&event.what);
  strayed_ = strayed_ || (reload != nullptr && reload->limits == nullptr);
  if (strayed_) ++agreement_.reloaded;
  if (strayed_ || then.of == Told::Of::kUnknown) return;
  if (then == now) {
    ++agreement_.same;
    return;
  }
  ++agreement_.different;
  if (agreement_.first.size() == Agreement::kKept) return;
  agreement_.first.push_back({.event = tally_.events - 1,
                              .at = event.at,
                              .id = event.id,
                              .kind = event.what.index(),
                              .then = then,
                              .now = std::move(now)});
}

// What becomes of those that the engine reached; that may reach others.
void Reenactment::World::Settle() {
  if (options_.verbatim) return;
  for (std::size_t i = 0; i < woke_.size(); ++i) Wake(Wakeup(woke_[i]));
  woke_.clear();
}

void Reenactment::World::Wake(const Wakeup& w) {
  Actor* const a = Find(w.id);
  if (a == nullptr) return;
  switch (w.kind) {
    case Wakeup::Kind::kAdmitted:
      LetIn(*a);
      Look(*a->ticket);
      return GoOn(*a);
    case Wakeup::Kind::kRefused:
    case Wakeup::Kind::kEvicted:
      return Drop(w.id);
    case Wakeup::Kind::kReady:
      return AskHeld(*a);
    case Wakeup::Kind::kReclaim:
      return SweepSoon(*a, Duration::zero());
  }
}

void Reenactment::World::Advance(Time to) {
  to = std::min(to, kLast);
  if (now_ == Time{} && timers_.empty()) {
    now_ = to;
    next_tick_ = options_.own_ticks ? to : kNever;
  }
  while (true) {
    const Time due = timers_.empty() ? kNever : timers_.top().at;
    if (std::min(due, next_tick_) > to) break;
    if (next_tick_ <= due) {
      Tick(next_tick_, to);
    } else {
      const Timer timer = timers_.top();
      timers_.pop();
      now_ = std::max(now_, timer.at);
      Fire(timer);
    }
    Settle();
  }
  now_ = std::max(now_, to);
}

void Reenactment::World::Tick(Time at, Time to) {
  now_ = std::max(now_, at);
  asking_ = {};
  const Duration wish = engine_.OnTick(now_) - now_;
  const Duration quiet = to - now_;
  const Duration longest = quiet > kVeryQuiet ? std::max<Duration>(kLongTick, quiet / kSteps)
                           : quiet > kQuiet   ? kLongTick
                                              : kTick;
  // A second is what it wishes where nothing is due.
  next_tick_ = now_ + (wish >= kLongTick ? longest : std::clamp(wish, kSoonestTick, longest));
}

void Reenactment::World::At(Time at, ConnectionId id, Due what) {
  timers_.push({.at = at, .number = timer_number_++, .id = id, .what = what});
}

Reenactment::World::Actor* Reenactment::World::Find(ConnectionId id) {
  const auto it = actors_.find(KeyOf(id));
  return it == actors_.end() ? nullptr : it->second.get();
}

void Reenactment::World::Drop(ConnectionId id) {
  const auto it = actors_.find(KeyOf(id));
  if (it == actors_.end()) return;
  const std::unique_ptr<Actor> out = std::move(it->second);
  actors_.erase(it);
  ForgetLater(*out);
  running_ -= out->asked.yes();
  sink_.OnGone(id);
}

void Reenactment::World::Ask(Actor& a, bool passed) {
  if (!a.asked.Push(passed) || !passed) return;
  ++running_;
  peaks_.running = std::max(peaks_.running, running_);
}

bool Reenactment::World::TakeAnswer(Actor& a) {
  if (a.asked.empty() || !a.asked.Pop()) return false;
  --running_;
  return true;
}

// Of what it asked first: the answer that it had counts no more.
void Reenactment::World::NoAnswer(Actor& a) {
  if (a.asked.Front()) --running_;
  a.asked.SetFront(false);
}

// After whatever may make somebody wait or be let in.
void Reenactment::World::Look(const Ticket& anyone) {
  ReadRoom(anyone, room_);
  EngineRoom& most = peaks_.room;
  most.classes.resize(room_.classes.size());
  bool higher = !looked_;
  const auto raise = [&](std::uint32_t& to, std::uint32_t now) {
    higher = higher || now > to;
    to = std::max(to, now);
  };
  raise(most.leases, room_.leases);
  raise(most.pending, room_.pending);
  raise(most.waiting, room_.waiting);
  most.capacity = std::max(most.capacity, room_.capacity);
  for (std::size_t i = 0; i < room_.classes.size(); ++i) {
    raise(most.classes[i].leases, room_.classes[i].leases);
    raise(most.classes[i].waiting, room_.classes[i].waiting);
  }
  if (higher) peaks_.at = now_;
  looked_ = true;
}

bool Reenactment::World::TakePeaks(Peaks& peaks) {
  if (!looked_ && peaks_.running == 0) return false;
  if (!looked_) peaks_.at = now_;
  std::swap(peaks, peaks_);
  std::vector<EngineRoom::OfClass> room = std::move(peaks_.room.classes);
  room.clear();
  peaks_ = {};
  peaks_.room.classes = std::move(room);  // not to allocate it again
  looked_ = false;
  return true;
}

const Ticket* Reenactment::World::TicketOf(ConnectionId id) const {
  const auto it = actors_.find(KeyOf(id));
  return it == actors_.end() ? nullptr : it->second->ticket.get();
}

void Reenactment::World::Finish() {
  std::vector<const Actor*> waiting;
  for (const auto& [key, actor] : actors_) {
    if (actor->waits()) waiting.push_back(actor.get());
  }
  std::sort(waiting.begin(), waiting.end(),
            [](const Actor* a, const Actor* b) { return a->id < b->id; });
  for (const Actor* const a : waiting) TellUnfinished(*a);
}

Reenactment::Reenactment(std::shared_ptr<const Limits> limits, EngineSecrets secrets,
                         OutcomeSink& sink, Options options)
    : world_(std::make_unique<World>(std::move(limits), secrets, sink, options)) {}

Reenactment::~Reenactment() = default;

void Reenactment::Apply(const EngineEvent& event, const Told& then) { world_->Apply(event, then); }

void Reenactment::Advance(Time to) {
  if (!world_->options().verbatim) world_->Advance(to);
}

void Reenactment::Publish(std::shared_ptr<const Limits> limits) {
  world_->Publish(std::move(limits));
}

void Reenactment::Finish() { world_->Finish(); }

bool Reenactment::Holds(ConnectionId id) const { return world_->TicketOf(id) != nullptr; }

bool Reenactment::IsProtected(ConnectionId id) const {
  const Ticket* const ticket = world_->TicketOf(id);
  return ticket != nullptr && ticket->IsProtected();
}

bool Reenactment::TakePeaks(Peaks& peaks) { return world_->TakePeaks(peaks); }

const Engine& Reenactment::engine() const { return world_->engine(); }
Time Reenactment::at() const { return world_->now_; }
const Reenactment::Tally& Reenactment::tally() const { return world_->tally_; }
const Agreement& Reenactment::agreement() const { return world_->agreement_; }

}  // namespace headgate
