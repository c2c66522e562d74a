#include "net/worker.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "net/clock.h"
#include "net/memory_reserve.h"
#include "net/mysql/refusal.h"
#include "net/relay.h"

namespace headgate::net {
namespace {

constexpr auto kTick = std::chrono::milliseconds(20);

}  // namespace

Worker::Worker(std::uint32_t index, GateShared& shared, std::vector<ListenFeed> listeners)
    : index_(index),
      shared_(shared),
      greeting_(shared.backends->offered().Look()),
      tls_(shared.tls),
      doorstep_(loop_, [this](std::uint64_t serial) { LetIn(serial); }),
      intake_(loop_, {[this](Fd client, const Endpoint& proxy, const ProxyHeaderIn& header) {
                        OnNamed(std::move(client), proxy, header);
                      },
                      [this](Fd client, const Endpoint& proxy, Reason reason) {
                        OnUnnamed(std::move(client), proxy, reason);
                      }}) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    refusals_[i] = mysql::BuildRefusal(static_cast<Reason>(i), 0, /*first=*/true);
  }
  const Listener::Callbacks callbacks{
      [this](Fd client, const SocketAddress& peer) { OnAccepted(std::move(client), peer); },
      [this](const Listener& at, int error) { OnPaused(at, error); }};
  for (ListenFeed& feed : listeners) {
    listeners_.push_back(std::make_unique<Listener>(loop_, std::move(feed), callbacks));
  }
}

Worker::~Worker() = default;

void Worker::Run() {
  Beat();
  if (shared_.accepting) {
    for (const auto& listener : listeners_) listener->Start();
  }
  loop_.Run();
  watched_.clear();
  gone_.clear();
  heartbeat_.End();
}

void Worker::Beat() {
  static_cast<void>(MemoryReserve::Refill());
  heartbeat_.Beat(Now());
  beat_.SetIn(kBeatEvery, [this] { Beat(); });
}

void Worker::PostWake(const Wake& wake) {
  const std::lock_guard lock(inbox_mutex_);
  inbox_.push_back(wake);
  if (inbox_.size() == 1) loop_.Post([this] { TakeWakes(); });
}

void Worker::PostFollowAccepting(std::function<void()> done) {
  loop_.Post([this, done = std::move(done)] {
    const bool accepting = shared_.accepting;
    for (const auto& listener : listeners_) accepting ? listener->Start() : listener->Hold();
    done();
  });
}

void Worker::PostCloseListeners(std::function<void()> closed) {
  loop_.Post([this, closed = std::move(closed)] {
    closing_ = true;
    for (const auto& listener : listeners_) listener->Close(QueueIsOurs(*listener));
    if (!shared_.patient) intake_.TurnAwayAll(Reason::kDraining);
    closed();
  });
}

bool Worker::QueueIsOurs(const Listener& listener) const {
  const std::vector<Endpoint>& given_up = shared_.given_up;
  return !shared_.queue_kept ||
         std::find(given_up.begin(), given_up.end(), listener.at()) != given_up.end();
}

void Worker::PostBackendDown(std::size_t backend) {
  loop_.Post([this, backend] {
    for (Relay* relay : AllRelays()) relay->OnBackendDown(backend);
  });
}

void Worker::PostBackendSwitched() {
  loop_.Post([this] {
    for (Relay* relay : AllRelays()) relay->OnBackendSwitched();
  });
}

// What is done to one may take it out of the table.
std::vector<Relay*> Worker::AllRelays() const {
  std::vector<Relay*> all;
  all.reserve(relays_.size());
  for (const auto& [serial, relay] : relays_) all.push_back(relay.get());
  return all;
}

void Worker::PostDrain() {
  loop_.Post([this] { Drain(); });
}

void Worker::Remove(std::uint64_t serial) {
  const auto found = relays_.find(serial);
  if (found == relays_.end()) return;
  if (found->second->watched()) std::erase(watched_, found->second.get());
  gone_.push_back(std::move(found->second));
  if (gone_.size() == 1) loop_.Post([this] { gone_.clear(); });
  relays_.erase(found);
  shared_.clients.fetch_sub(1, std::memory_order_relaxed);
  CountSessions();
  if (draining_) NeedTick();
}

void Worker::TakeWakes() {
  std::vector<Wake> wakes;
  {
    const std::lock_guard lock(inbox_mutex_);
    wakes.swap(inbox_);
  }
  for (const Wake& wake : wakes) Deliver(wake);
}

void Worker::Deliver(const Wake& wake) {
  LetIn(wake.serial);
  const auto found = relays_.find(wake.serial);
  if (found == relays_.end()) return;
  Relay* const relay = found->second.get();
  switch (wake.kind) {
    case Wake::Kind::kAdmitted:
      return relay->OnAdmission(true, Reason::kNone);
    case Wake::Kind::kRefused:
      return relay->OnAdmission(false, wake.reason);
    case Wake::Kind::kEvicted:
      return relay->OnEvicted(wake.reason, /*by_engine=*/true);
    case Wake::Kind::kReady:
      return relay->OnReady();
    case Wake::Kind::kReclaim:
      return relay->OnReclaim();
    case Wake::Kind::kKilled:
      return relay->OnKillEnded(/*reached=*/true);
    case Wake::Kind::kNotKilled:
      return relay->OnKillEnded(/*reached=*/false);
  }
}

void Worker::MoveDeadline(std::uint64_t serial, Time was, Time when) {
  if (was == when) return;
  deadlines_.Move(serial, was, when);
  if (when != kNever) NeedTick();
}

void Worker::SayFarewell(Parting client) {
  farewells_.Take(std::move(client), Now());
  if (!farewells_.empty()) NeedTick();
}

void Worker::NeedTick() {
  if (std::exchange(ticking_, true)) return;
  tick_.SetIn(kTick, [this] { Tick(); });
}

void Worker::Tick() {
  const Time now = Now();
  ticking_ = false;
  while (const auto serial = deadlines_.PopDue(now)) {
    if (LetIn(*serial)) continue;  // what is due is said by its session: again, at once
    const auto found = relays_.find(*serial);
    if (found == relays_.end()) continue;
    found->second->OnDeadline();
  }
  intake_.Expire(now);
  farewells_.Expire(now);
  if (draining_) return Drain();
  if (!deadlines_.empty() || !farewells_.empty() || intake_.size() > 0) NeedTick();
}

void Worker::NeedSweeps() {
  if (idle_sweep_at_ != kNever) return;
  idle_sweep_at_ = Now() + kIdleSweep;
  SweepIn(kIdleSweep);
}

void Worker::Watch(Relay& relay) {
  watched_.push_back(&relay);
  if (watched_.size() == 1) SweepIn(kSweep);
}

void Worker::SweepIn(Duration pause) {
  const Time at = Now() + pause;
  if (at >= sweep_at_) return;
  sweep_at_ = at;
  sweep_.SetAt(at, [this] { Sweep(); });
}

void Worker::Sweep() {
  const Time now = Now();
  sweep_at_ = kNever;
  const LockWaits lock_waits = shared_.backends->lock_waits();
  auto watched = std::exchange(watched_, {});
  std::erase_if(watched, [&](Relay* relay) { return !relay->Sweep(lock_waits, now); });
  std::copy_if(watched.begin(), watched.end(), std::back_inserter(watched_),
               [](const Relay* relay) { return !relay->detached(); });
  if (now >= idle_sweep_at_) SweepIdle(lock_waits, now);
  if (!watched_.empty()) SweepIn(kSweep);
  if (idle_sweep_at_ != kNever) SweepIn(idle_sweep_at_ - now);
}

void Worker::SweepIdle(const LockWaits& lock_waits, Time now) {
  for (Relay* relay : AllRelays()) {  // a sweep may end a session, which changes relays_
    if (!relay->watched() && relay->Sweep(lock_waits, now)) watched_.push_back(relay);
  }
  idle_sweep_at_ = relays_.empty() ? kNever : now + kIdleSweep;
}

void Worker::Drain() {
  draining_ = true;
  const bool patient = shared_.patient;
  if (Now() >= shared_.end_sessions.load()) {
    intake_.TurnAwayAll(Reason::kStopped);
    EndSessions();
  } else if (!patient && !std::exchange(turned_away_, true)) {
    intake_.TurnAwayAll(Reason::kDraining);
    LetAllIn();
    for (Relay* relay : AllRelays()) relay->OnDrain();
  }
  if (!relays_.empty() || doorstep_.size() > 0 || !farewells_.empty() || intake_.size() > 0)
    return NeedTick();
  loop_.Stop();
}

// To be turned away with the word that a session has for it.
void Worker::LetAllIn() {
  for (const std::uint64_t serial : doorstep_.All()) LetIn(serial);
}

void Worker::EndSessions() {
  LetAllIn();
  for (Relay* relay : AllRelays()) {
    relay->OnEvicted(Reason::kStopped, /*by_engine=*/false);
    relay->Detach();
    Remove(relay->serial());
  }
  farewells_.Expire(kNever);
}

}  // namespace headgate::net
