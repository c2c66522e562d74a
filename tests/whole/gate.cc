#include "tests/whole/gate.h"

#include <algorithm>
#include <array>

namespace headgate::whole {
namespace {

constexpr Duration kTick = std::chrono::milliseconds(20);
constexpr Duration kSweep = std::chrono::milliseconds(100);
constexpr unsigned kSweepsOfIdle = 10;
constexpr Duration kLookEvery = std::chrono::seconds(1);
constexpr Duration kFarewellTime = std::chrono::seconds(2);
constexpr std::size_t kMaxDiscarded = std::size_t{256} * 1024;
constexpr std::uint64_t kCompareEvery = 32;  // events
// Worker threads take what another one's event posted to them.
constexpr std::uint32_t kWakeJitter = 200'000;  // ns

}  // namespace

struct Gate::Farewell {
  Socket* socket;
  std::string owed;
  std::size_t discarded = 0;
  bool over = false;
};

Gate::Gate(Timeline& timeline, Server& server, std::shared_ptr<const Limits> limits, bool monitored,
           std::uint64_t seed, std::function<void(const std::string&)> fail)
    : timeline_(timeline),
      server_(server),
      fail_(std::move(fail)),
      monitored_(monitored),
      random_(seed),
      engine_(
          std::make_unique<Engine>(std::move(limits), EngineSecrets{seed, ~seed}, *this, *this)),
      greeting_(std::make_shared<const mysql::Greeting>(server.greeting())),
      health_(timeline.now()) {}

Gate::~Gate() {
  for (const auto& relay : all_) relay->Detach();
}

void Gate::Start() {
  health_.OnReached(now());
  Tick();
  Look();
}

void Gate::Tick() {
  const Time next = engine_->OnTick(now());
  timeline_.In(std::clamp<Duration>(next - now(), kTick / 20, kTick), [this] { Tick(); });
}

// The monitor's, once a second.
void Gate::Look() {
  if (monitor_up()) {
    health_.OnPing(now());
    engine_->OnServerFacts(server_.facts(), now());
  }
  timeline_.In(kLookEvery, [this] { Look(); });
}

void Gate::Tell(const Relay& relay, const char* what, Reason reason) {
  timeline_.Note({.what = what, .who = relay.serial(), .peer = relay.peer(), .reason = reason});
}

void Gate::Publish(std::shared_ptr<const Limits> limits) {
  timeline_.Note("a reload");
  reloaded_ = true;
  engine_->Publish(std::move(limits), now());
}

void Gate::Ban(const Cidr& network, Duration how_long) {
  timeline_.Note("the operator bans somebody");
  if (engine_->Ban(network, how_long, "for the test", now())) {
    bans_.emplace_back(network, now() + how_long);
  }
}

void Gate::CheckNotBanned(const Address& peer) {
  if (engine_->limits()->mode != Mode::kEnforce) return;
  for (const auto& [network, until] : bans_) {
    if (network.Contains(peer) && now() < until) Fail("somebody banned is taken in");
  }
}

void Gate::Accept(Socket* client, const Address& peer) {
  const ConnectionId id{0, next_serial_++};
  AcceptResult result = engine_->OnAccept(id, peer, now());
  const bool taken = result.ticket != nullptr;
  timeline_.Note({.what = taken ? "connects" : "is turned away", .who = id.serial, .peer = peer});
  if (!taken) return client->Close();
  CheckNotBanned(peer);
  mysql::SessionOptions options;
  options.greeting = greeting_;
  options.connection_id = mysql::kFirstConnectionId + static_cast<std::uint32_t>(id.serial);
  options.salt.fill('A');
  options.kill_map = this;
  all_.push_back(
      std::make_unique<Relay>(*this, id, peer, std::move(result.ticket), std::move(options)));
  relays_.emplace(id.serial, all_.back().get());
  all_.back()->Start(client);
}

std::uint32_t Gate::BackendId(std::uint32_t our_id) const {
  const auto found = relays_.find(our_id - mysql::kFirstConnectionId);
  return found == relays_.end() ? 0 : found->second->session().backend_connection_id();
}

void Gate::Wake(ConnectionId id, std::function<void(Relay&)> deed) {
  timeline_.In(Duration(random_.Below(kWakeJitter)), [this, id, deed = std::move(deed)] {
    const auto found = relays_.find(id.serial);
    if (found != relays_.end()) deed(*found->second);
  });
}

void Gate::Admitted(ConnectionId id) {
  const auto found = relays_.find(id.serial);
  if (found == relays_.end() || found->second->detached()) return Fail("let in when it is gone");
  Tell(*found->second, "has waited long enough");
  NoteVerdict(*found->second, {}, false);
  Wake(id, [](Relay& r) { r.OnAdmission(true, Reason::kNone); });
}

void Gate::Refused(ConnectionId id, Reason reason) {
  Wake(id, [reason](Relay& r) { r.OnAdmission(false, reason); });
}

void Gate::Evicted(ConnectionId id, Reason reason) {
  Wake(id, [reason](Relay& r) { r.OnEvicted(reason, /*by_engine=*/true); });
}

void Gate::Ready(ConnectionId id) {
  Wake(id, [](Relay& r) { r.OnReady(); });
}

void Gate::Reclaim(ConnectionId id) {
  Wake(id, [](Relay& r) { r.OnReclaim(); });
}

void Gate::OnDecision(const Decision& d) {
  if (!d.enforced) return;
  ++reasons_[static_cast<std::size_t>(d.reason)];
  timeline_.Note(
      {.what = "the engine decides", .who = d.id.serial, .peer = d.peer, .reason = d.reason});
  const bool apps = kAppNetwork.Contains(d.peer) && (d.user == kAppUser || d.user.empty());
  if (apps && IsDenial(d.reason)) ++app_denials_[std::string(Name(d.reason))];
}

bool Gate::IsApp(const Relay& relay) const {
  return kAppNetwork.Contains(relay.peer()) && relay.session().claimed_user() == kAppUser;
}

void Gate::NoteVerdict(const Relay& relay, const Verdict& verdict, bool reauthentication) {
  static constexpr std::array<const char*, 3> kLogin = {"is let in", "has to wait", "is refused"};
  static constexpr std::array<const char*, 3> kChange = {"may change its user", "has to wait",
                                                         "may not change its user"};
  const auto kind = static_cast<std::size_t>(verdict.kind);
  Tell(relay, reauthentication ? kChange[kind] : kLogin[kind], verdict.reason);
  if (reauthentication) return;
  if (verdict.kind == Verdict::Kind::kRefuse) CheckAppRefusal(relay, verdict.reason);
  if (verdict.kind != Verdict::Kind::kAdmit) return;
  if (!leased_.insert(relay.serial()).second) Fail("let in twice");
  granted_ = true;
}

void Gate::NoteEnded(const Relay& relay) {
  Tell(relay, "is gone, and so is its server's side");
  leased_.erase(relay.serial());
}

void Gate::Remove(Relay& relay) { relays_.erase(relay.serial()); }

void Gate::DueAt(Relay& relay, Time when) {
  const Duration since = when.time_since_epoch();
  const Time tick{(since + kTick - Duration(1)) / kTick * kTick};
  timeline_.At(tick, [this, &relay] {
    if (!relay.detached() && relay.deadline() <= now()) relay.OnDeadline();
  });
}

void Gate::NeedSweeps() {
  if (std::exchange(sweeping_, true)) return;
  timeline_.In(kSweep, [this] { Sweep(); });
}

void Gate::Sweep() {
  const bool all = ++sweeps_ % kSweepsOfIdle == 0;
  std::vector<Relay*> swept;
  for (const auto& [serial, relay] : relays_) {
    if (all || relay->watched()) swept.push_back(relay);
  }
  for (Relay* relay : swept) static_cast<void>(relay->Sweep());
  sweeping_ = false;
  if (!relays_.empty()) NeedSweeps();
}

void Gate::SayFarewell(const Parting& client) {
  farewells_.push_back(std::make_unique<Farewell>(Farewell{client.socket, client.owed}));
  Farewell& farewell = *farewells_.back();
  farewell.socket->Watch([this, &farewell] { Advance(farewell); });
  timeline_.In(kFarewellTime, [this, &farewell] {
    if (!farewell.over && !farewell.owed.empty()) farewell.socket->Reset();
    farewell.socket->Close();
    farewells_.remove_if([&](const auto& f) { return f.get() == &farewell; });
  });
  Advance(farewell);
}

void Gate::Advance(Farewell& farewell) {
  if (farewell.over) return;
  farewell.owed.erase(0, farewell.socket->Send(farewell.owed));
  if (!farewell.owed.empty() && !farewell.socket->reset()) return;
  farewell.socket->Shut();
  std::string unseen;
  Socket::Got got = Socket::Got::kBytes;
  while (got == Socket::Got::kBytes && unseen.size() < kMaxDiscarded) {
    got = farewell.socket->Receive(unseen, kOneRead);
  }
  farewell.over = got != Socket::Got::kNothing;
  if (farewell.over) farewell.socket->Close();
}

bool Gate::Kill(const Relay& relay, std::uint32_t id, Time greeted) {
  if (!monitor_up()) return false;
  const std::uint64_t serial = relay.serial();
  Tell(relay, "its statement is killed");
  server_.Kill(id, greeted, [this, serial](bool reached) {
    const auto found = relays_.find(serial);
    if (found != relays_.end()) found->second->OnKillEnded(reached);
  });
  return true;
}

// What is promised: while a class with networks of its own holds less than its reserve, nobody of
// it is told that there is no slot.
void Gate::CheckAppRefusal(const Relay& relay, Reason reason) {
  const bool about_slots =
      reason == Reason::kNoSlot || reason == Reason::kClassFull || reason == Reason::kUnprovenFull;
  if (!about_slots || !IsApp(relay)) return;
  const auto limits = engine_->limits();
  const ClassLimits& shop = limits->classes.front();
  const EngineStatus s = engine_->Status(now());
  const bool fits = s.free_slots > 0;
  const bool reserved = shop.reserve > 0 && !shop.sources.empty() && shop.enforce;
  if (reserved && fits && s.classes.front().leases < shop.reserve) {
    Fail("the application is told " + std::string(Name(reason)) + " while its reserve is free: " +
         std::to_string(s.classes.front().leases) + " of " + std::to_string(shop.reserve) +
         " are used, and of all slots " + std::to_string(s.leases) + " of " +
         std::to_string(s.slots_capacity) + ", " + std::to_string(s.foreign) + " are others'");
  }
}

void Gate::CheckGrant() {
  const auto limits = engine_->limits();
  const bool binds = limits->mode == Mode::kEnforce && limits->slots.enforce;
  if (binds && seen_.leases > seen_.slots_capacity) Fail("more slots are leased than there are");
}

// A reload may make a budget smaller than what is in it.
void Gate::CheckBudgets() {
  const auto limits = engine_->limits();
  if (reloaded_ || limits->mode != Mode::kEnforce) return;
  if (limits->pending.enforce && seen_.pending > limits->pending.max) {
    Fail("more are pending than may be");
  }
  if (limits->waiting.enforce && seen_.waiting > limits->waiting.max) {
    Fail("more wait than may");
  }
  if (limits->login.enforce && seen_.logins > limits->login.in_progress) {
    Fail("more log in at once than may");
  }
}

void Gate::Check() {
  // A lease lives until its connection at the server has really ended.
  if (server_.connections() > leased_.size()) {
    Fail("the server has " + std::to_string(server_.connections()) + " connections of ours, and " +
         std::to_string(leased_.size()) + " are leased");
  }
  const bool compare = granted_ || ++checks_ % kCompareEvery == 0;
  if (!compare) return;
  seen_ = engine_->Status(now());
  if (seen_.leases != leased_.size()) {
    Fail("the engine counts " + std::to_string(seen_.leases) + " leases, and there are " +
         std::to_string(leased_.size()));
  }
  if (seen_.connections != relays_.size()) Fail("tickets without a connection");
  if (std::exchange(granted_, false)) CheckGrant();
  CheckBudgets();
  most_foreign_leases_ =
      std::max<std::size_t>(most_foreign_leases_, seen_.leases - seen_.classes.front().leases);
}

void Gate::CheckEmpty() {
  seen_ = engine_->Status(now());
  const EngineStatus& s = seen_;
  const std::uint32_t left = s.leases + s.orphans + s.pending + s.waiting + s.logins + s.former +
                             s.connections + s.statements_running + s.statements_held;
  if (left > 0) {
    Fail("left when all have gone: leases " + std::to_string(s.leases) + ", pending " +
         std::to_string(s.pending) + ", waiting " + std::to_string(s.waiting) + ", logins " +
         std::to_string(s.logins) + ", connections " + std::to_string(s.connections) +
         ", running " + std::to_string(s.statements_running) + ", held " +
         std::to_string(s.statements_held));
  }
  for (const ClassStatus& c : s.classes) {
    if (c.leases + c.unproven + c.waiting + c.lent > 0) Fail("left in class " + c.name);
  }
}

}  // namespace headgate::whole
