#include "tests/support/explain_world.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

namespace headgate::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kMostConns = 60;

std::string Outcome(const char* word, Reason reason) {
  return reason == Reason::kNone ? word : std::string(word) + " " + std::string(Name(reason));
}

std::string Text(const Verdict& v) {
  switch (v.kind) {
    case Verdict::Kind::kAdmit:
      return "passes";
    case Verdict::Kind::kWait:
      return "waits";
    case Verdict::Kind::kRefuse:
      return Outcome("refused", v.reason);
  }
  return "";
}

std::string Text(const CommandVerdict& v) {
  switch (v.kind) {
    case CommandVerdict::Kind::kPass:
      return "passes";
    case CommandVerdict::Kind::kMore:
      return "wants more";
    case CommandVerdict::Kind::kHold:
      return Outcome("waits", v.reason);
    case CommandVerdict::Kind::kRefuse:
      return Outcome("refused", v.reason);
    case CommandVerdict::Kind::kClose:
      return Outcome("closed", v.reason);
  }
  return "";
}

std::string Text(const ExplainOutlook& o, bool with_reason) {
  switch (o.kind) {
    case ExplainOutlook::Kind::kPasses:
      return "passes";
    case ExplainOutlook::Kind::kWaits:
      return with_reason ? Outcome("waits", o.reason) : "waits";
    case ExplainOutlook::Kind::kRefused:
      return Outcome(o.closes ? "closed" : "refused", o.reason);
  }
  return "";
}

// Told before a login packet is looked at.
bool IsOfAccept(Reason r) {
  return r == Reason::kBanned || r == Reason::kConnectRate || r == Reason::kSourceConnections ||
         r == Reason::kPrefixConnections || r == Reason::kPendingFull;
}

}  // namespace

ExplainWorld::ExplainWorld(std::uint64_t seed, bool asks) : random_(seed), asks_(asks) {
  limits_ = DrawLimits();
  engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(limits_),
                                     EngineSecrets{seed, seed + 1}, *this, *this);
}

// Whoever leaves may let another in, of which this world is told: by then it knows nobody.
ExplainWorld::~ExplainWorld() { const auto leaving = std::exchange(conns_, {}); }

void ExplainWorld::Admitted(ConnectionId id) {
  const auto it = conns_.find(id.serial);
  if (it != conns_.end()) it->second.phase = Phase::kLogin;
}
void ExplainWorld::Refused(ConnectionId id, Reason) { gone_.insert(id.serial); }
void ExplainWorld::Evicted(ConnectionId id, Reason) { gone_.insert(id.serial); }
void ExplainWorld::OnDecision(const Decision&) { ++decisions_; }

void ExplainWorld::Fail(const std::string& why) {
  if (wrong_.empty()) wrong_ = why;
}

void ExplainWorld::Came(const char* what, const std::string& told, const std::string& is) {
  ++tally_[std::string(what) + ": " + is];
  if (told != is) Fail(std::string(what) + ": told \"" + told + "\", but it is \"" + is + "\"");
}

bool ExplainWorld::Step() {
  now_ += milliseconds(random_.Below(40));
  switch (random_.Below(8)) {
    case 0:
    case 1:
    case 2:
      Knock();
      break;
    case 3:
    case 4:
    case 5:
      Act();
      break;
    case 6:
      if (random_.OneIn(4)) now_ += seconds(random_.Below(70));
      engine_->OnTick(now_);
      break;
    default:
      Operate();
  }
  Sweep();
  return wrong_.empty();
}

Explanation ExplainWorld::Ask(const Address& peer, std::string_view user,
                              std::string_view database) {
  const std::string before = Picture();
  const std::uint64_t decided = decisions_;
  Explanation told = engine_->Explain({peer, user, database}, now_);
  if (Picture() != before) Fail("asking changed the figures: " + before + " -> " + Picture());
  if (decided != decisions_) Fail("asking told a decision");
  CheckRows(told);
  return told;
}

// What the verdicts name stands among the limits, and what does not act or is not asked does not.
void ExplainWorld::CheckRows(const Explanation& told) {
  const auto binds = [&](Reason reason, bool query) {
    return std::any_of(told.rows.begin(), told.rows.end(), [&](const ExplainRow& row) {
      const bool here = (row.part == ExplainRow::Part::kQuery) == query;
      return here && row.reason == reason && row.state == ExplainRow::State::kBinds && row.acts;
    });
  };
  if (told.connection.kind != ExplainOutlook::Kind::kPasses &&
      !binds(told.connection.reason, false)) {
    Fail("no row for the connection's " + std::string(Name(told.connection.reason)));
  }
  if (told.statement.kind != ExplainOutlook::Kind::kPasses &&
      told.statement.reason != Reason::kStatementQueueFull && !binds(told.statement.reason, true)) {
    Fail("no row for the statement's " + std::string(Name(told.statement.reason)));
  }
  for (const ExplainRow& row : told.rows) {
    const bool bars = row.state == ExplainRow::State::kBinds && row.acts;
    const bool other = row.reason == Reason::kTlsRate || row.reason == Reason::kPreparedPerSource ||
                       row.reason == Reason::kPacketTooLarge;
    const ExplainOutlook& outlook =
        row.part == ExplainRow::Part::kQuery ? told.statement : told.connection;
    if (bars && !other && outlook.kind == ExplainOutlook::Kind::kPasses) {
      Fail(row.key + " binds, and yet it passes");
    }
    if (row.key.empty()) Fail("a limit without a name");
  }
}

void ExplainWorld::Knock() {
  if (conns_.size() >= kMostConns) return Close(conns_.begin()->first);
  // One of them guesses passwords, so that a pair is locked now and then.
  const bool guesses = random_.OneIn(6);
  const Address peer = guesses ? Address::V4(0xc6010001) : DrawPeer();
  const std::string user(guesses ? "weak" : DrawUser());
  const std::string database = random_.OneIn(3) ? "sales" : "";
  const bool ticked = random_.OneIn(2);
  if (ticked) engine_->OnTick(now_);
  Sweep();
  Explanation told;
  if (asks_) {
    told = Ask(peer, user, database);
  } else {
    static_cast<void>(Picture());  // as asking does
  }
  const bool proxy = std::any_of(limits_.proxies.begin(), limits_.proxies.end(),
                                 [&](const Cidr& c) { return c.Contains(peer); });
  // What time frees is only offered to those who wait when they are next looked at.
  const bool exact = ticked || engine_->Status(now_).waiting == 0;
  const Level level = engine_->level();
  const std::uint64_t serial = ++serial_;
  AcceptResult r =
      engine_->OnAccept({0, serial}, peer, now_, proxy ? Arrival::kProxyItself : Arrival::kDirect);
  if (asks_) {
    const bool here = IsOfAccept(told.connection.reason) &&
                      told.connection.kind == ExplainOutlook::Kind::kRefused;
    ++tally_["level: " + std::string(Name(level))];
    Came("accept", here ? Text(told.connection, true) : "passes", Text(r.verdict));
  }
  if (r.ticket == nullptr) return;
  Conn& c = conns_[serial];
  c.ticket = std::move(r.ticket);
  c.serial = serial;
  c.peer = peer;
  c.user = user;
  if (gone_.contains(serial) || engine_->level() != level || random_.OneIn(4)) return;
  if (random_.OneIn(3)) {
    const Verdict tls = engine_->OnTlsHandshake(*c.ticket, now_);
    if (asks_) Came("tls", Text(told.tls, true), Text(tls));
    if (tls.kind == Verdict::Kind::kRefuse) return Close(serial);
  }
  const Verdict v = engine_->OnLogin(*c.ticket, {.user = user, .database = database}, now_);
  if (asks_ && exact) Came("login", Text(told.connection, false), Text(v));
  if (v.kind == Verdict::Kind::kRefuse) return Close(serial);
  c.phase = v.kind == Verdict::Kind::kWait ? Phase::kWaiting : Phase::kLogin;
  if (v.kind == Verdict::Kind::kAdmit && user == "weak" && random_.OneIn(2)) {
    if (random_.OneIn(4)) engine_->OnSlowLogin(*c.ticket, now_);
    engine_->OnLoginFailed(*c.ticket, LoginFailure::kAccessDenied, now_);
    return Close(serial);
  }
  if (v.kind == Verdict::Kind::kWait || user == "weak" || random_.OneIn(4)) return;
  if (random_.OneIn(4)) engine_->OnSlowLogin(*c.ticket, now_);
  engine_->OnLoginOk(*c.ticket, now_);
  c.phase = Phase::kIn;
  if (engine_->level() == level) Say(c, asks_ ? &told : nullptr);
}

// A statement that was never seen.
void ExplainWorld::Say(Conn& c, const Explanation* told) {
  if (c.runs || c.held) return;
  const std::string sql = "SELECT a FROM t" + std::to_string(serial_) + " WHERE id = 1";
  CommandFacts facts;
  facts.command = CommandKind::kQuery;
  facts.sql = sql;
  facts.length = sql.size() + 1;
  const CommandVerdict v = engine_->OnCommand(*c.ticket, facts, now_);
  if (told != nullptr) Came("query", Text(told->statement, true), Text(v));
  c.runs = v.kind == CommandVerdict::Kind::kPass;
  c.held = v.kind == CommandVerdict::Kind::kHold;
  if (v.kind == CommandVerdict::Kind::kClose) gone_.insert(c.serial);
}

ExplainWorld::Conn* ExplainWorld::Draw() {
  if (conns_.empty()) return nullptr;
  auto it = conns_.lower_bound(1 + random_.Below(static_cast<std::uint32_t>(serial_)));
  if (it == conns_.end()) it = std::prev(it);
  return &it->second;
}

void ExplainWorld::Answer(Conn& c) {
  if (c.user == "weak" || random_.OneIn(8)) {
    engine_->OnLoginFailed(*c.ticket, LoginFailure::kAccessDenied, now_);
    return Close(c.serial);
  }
  engine_->OnLoginOk(*c.ticket, now_);
  c.phase = Phase::kIn;
}

void ExplainWorld::Act() {
  Conn* c = Draw();
  if (c == nullptr) return;
  if (random_.OneIn(8)) return Close(c->serial);
  switch (c->phase) {
    case Phase::kPending:
      if (random_.OneIn(4)) engine_->Count(*c->ticket, Reason::kMalformedLogin, now_);
      break;
    case Phase::kWaiting:
      break;
    case Phase::kLogin:
      Answer(*c);
      break;
    case Phase::kIn:
      if (c->held) {
        const CommandVerdict v = engine_->OnHeld(*c->ticket, now_);
        c->held = v.kind == CommandVerdict::Kind::kHold;
        c->runs = v.kind == CommandVerdict::Kind::kPass;
      } else if (c->runs && random_.OneIn(2)) {
        engine_->OnAnswer(*c->ticket, {.command = CommandKind::kQuery}, now_);
        c->runs = false;
      } else {
        Say(*c, nullptr);
      }
  }
}

void ExplainWorld::Operate() {
  switch (random_.Below(12)) {
    case 0:
      static_cast<void>(engine_->Ban(
          random_.OneIn(2) ? SourceNetwork(DrawPeer()) : Cidr{Masked(DrawPeer(), 120), 120},
          seconds(random_.Below(20)), "by hand", now_));
      break;
    case 1:
      engine_->UnbanAll(now_);
      break;
    case 2:
      engine_->OnBackend(!random_.OneIn(8), now_);
      break;
    case 3:
      engine_->OnServerFacts({.max_connections = Number(4, 30), .foreign = random_.Below(6)}, now_);
      break;
    case 4:
      limits_ = DrawLimits();
      engine_->Publish(std::make_shared<const Limits>(limits_), now_);
      break;
    case 5:
    case 6:
      engine_->OnWire(random_.OneIn(2) ? 1e6 : 0, random_.OneIn(2), now_);
      break;
    case 7:
      now_ += minutes(1);
      engine_->OnTick(now_);
      break;
    default:
      break;
  }
}

void ExplainWorld::Close(std::uint64_t serial) {
  const auto it = conns_.find(serial);
  if (it != conns_.end()) gone_.insert(serial);
}

// Those who had to go leave. They may make others go.
void ExplainWorld::Sweep() {
  while (!gone_.empty()) {
    const std::uint64_t serial = *gone_.begin();
    gone_.erase(gone_.begin());
    const auto it = conns_.find(serial);
    if (it == conns_.end()) continue;
    const TicketPtr ticket = std::move(it->second.ticket);
    conns_.erase(it);
    if (ticket != nullptr) engine_->OnClientGone(*ticket, now_);
  }
}

}  // namespace headgate::testing
