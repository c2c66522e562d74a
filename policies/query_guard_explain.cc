// What a new connection's statements would meet: the limits, with their values.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "policies/own_key.h"
#include "policies/query_explainer.h"

namespace headgate {
namespace {

using Part = ExplainRow::Part;
using RowState = ExplainRow::State;

std::string NamesOf(CommandSet commands) {
  std::string names;
  for (unsigned i = 0; i < static_cast<unsigned>(CommandKind::kCount); ++i) {
    const auto kind = static_cast<CommandKind>(i);
    if ((commands & BitOf(kind)) != 0) {
      names += (names.empty() ? "" : ", ") + std::string(Name(kind));
    }
  }
  return names;
}

const char* Does(RuleAction action) {
  switch (action) {
    case RuleAction::kLog:
      return "logs";
    case RuleAction::kDelay:
      return "delays";
    case RuleAction::kRefuse:
      return "refuses";
    case RuleAction::kClose:
      return "closes for";
    case RuleAction::kBan:
      return "bans for";
    case RuleAction::kAllow:
      return "allows";
  }
  return "";
}

std::string WhatIn(const Rule& rule) {
  std::string what;
  const auto with = [&](bool named, const char* name) {
    if (named) what += (what.empty() ? "statements by " : " and ") + std::string(name);
  };
  with(rule.digest != 0, "digest");
  with(!rule.regex.empty(), "regex");
  with(rule.traits != 0, "traits");
  with(rule.commands != 0, "commands");
  return what;
}

}  // namespace

const std::array<QueryGuard::Explainer::Field, kScopes> QueryGuard::Explainer::kRates = {{
    {"rate", Reason::kQueryRate, "of the burst",
     [](const QueryLimits& q) { return q.rate.Off() ? 0 : q.rate.per_second; },
     [](const QueryLimits& q) { return q.rate.burst; }},
    {"user_rate", Reason::kUserRate, "of the burst",
     [](const QueryLimits& q) { return q.user_rate.Off() ? 0 : q.user_rate.per_second; },
     [](const QueryLimits& q) { return q.user_rate.burst; }},
    {"class_rate", Reason::kClassRate, "of the burst",
     [](const QueryLimits& q) { return q.class_rate.Off() ? 0 : q.class_rate.per_second; },
     [](const QueryLimits& q) { return q.class_rate.burst; }},
}};
const std::array<QueryGuard::Explainer::Field, kScopes> QueryGuard::Explainer::kBusy = {{
    {"busy", Reason::kQueryBusy, "s of running time", [](const QueryLimits& q) { return q.busy; }},
    {"user_busy", Reason::kUserBusy, "s of running time",
     [](const QueryLimits& q) { return q.user_busy; }},
    {"class_busy", Reason::kClassBusy, "s of running time",
     [](const QueryLimits& q) { return q.class_busy; }},
}};
const std::array<QueryGuard::Explainer::Field, kScopes> QueryGuard::Explainer::kRunning = {{
    {"running", Reason::kQueryRunning, "statements",
     [](const QueryLimits& q) { return double{1} * q.running; }},
    {"user_running", Reason::kUserRunning, "statements",
     [](const QueryLimits& q) { return double{1} * q.user_running; }},
    {"class_running", Reason::kClassRunning, "statements",
     [](const QueryLimits& q) { return double{1} * q.class_running; }},
}};
const std::array<QueryGuard::Explainer::Field, 7> QueryGuard::Explainer::kEach = {{
    {"digest_running", Reason::kDigestRunning, "copies of one statement",
     [](const QueryLimits& q) { return double{1} * q.digest_running; }},
    {"deadline", Reason::kQueryDeadline, "s",
     [](const QueryLimits& q) { return Seconds(q.deadline); }},
    {"result", Reason::kResultSize, "bytes",
     [](const QueryLimits& q) { return static_cast<double>(q.result); }},
    {"prepared", Reason::kPrepared, "statements of a connection",
     [](const QueryLimits& q) { return double{1} * q.prepared; }},
    {"idle", Reason::kIdle, "s", [](const QueryLimits& q) { return Seconds(q.idle); }},
    {"idle_in_transaction", Reason::kIdleInTransaction, "s",
     [](const QueryLimits& q) { return Seconds(q.idle_in_transaction); }},
    {"stalled_read", Reason::kStalledRead, "s",
     [](const QueryLimits& q) { return Seconds(q.stalled_read); }},
}};
const QueryGuard::Explainer::Field QueryGuard::Explainer::kPacket = {
    "packet", Reason::kPacketTooLarge, "bytes",
    [](const QueryLimits& q) { return static_cast<double>(q.packet) + (q.packet_auto ? 0.5 : 0); }};
const QueryGuard::Explainer::Field QueryGuard::Explainer::kPreparedOfSource = {
    "prepared_per_source", Reason::kPreparedPerSource, "statements", [](const QueryLimits& q) {
      return double{1} * q.prepared_per_source + (q.prepared_per_source_auto ? 0.5 : 0);
    }};
const QueryGuard::Explainer::Field QueryGuard::Explainer::kCommands = {
    "refuse_commands", Reason::kCommandRefused, "",
    [](const QueryLimits& q) { return static_cast<double>(q.refuse_commands); }};

QueryGuard::Explainer::Explainer(const QueryGuard& guard, const Speaker& who, Time now,
                                 Explanation& out)
    : g_(guard),
      who_(who),
      now_(now),
      out_(out),
      snapshot_(guard.Snapshot()),
      class_(snapshot_->ClassOf(who.class_name)),
      unknown_(IsUnknown(class_, who)),
      level_(unknown_ ? guard.level_.load(std::memory_order_relaxed) : Level::kCalm),
      q_(class_.squeezed[static_cast<std::size_t>(level_)]),
      deadline_(now + q_.wait) {}

void QueryGuard::Explainer::Explain() {
  for (std::size_t i = 0; i < kScopes; ++i) Look(i);
  AddCommands();
  for (std::size_t i = 0; i < kScopes; ++i) AddRate(i);
  AddRules();
  for (std::size_t i = 0; i < kScopes; ++i) AddBusy(i);
  for (std::size_t i = 0; i < kScopes; ++i) AddRunning(i);
  for (const Field& field : kEach) AddEach(field);
  AddBySource();
  AddShape();
  AddUnknown();
  Judge();
}

void QueryGuard::Explainer::Look(std::size_t i) {
  constexpr std::array<AccountTable::Scope, kScopes> kScope = {AccountTable::Scope::kSourceInClass,
                                                               AccountTable::Scope::kUserInClass,
                                                               AccountTable::Scope::kClass};
  g_.accounts_.Peek(kScope[i], class_.name, who_.source, who_.user, now_,
                    [&](const headgate::Account* found) {
                      const headgate::Account fresh;
                      Read(i, found == nullptr ? fresh : *found);
                    });
}

void QueryGuard::Explainer::Read(std::size_t i, const headgate::Account& account) {
  Counted& c = counted_[i];
  const Rate& rate = q_.RateOf(i);
  TokenBucket bucket = account.rate;
  c.rate_used = bucket.Debt(rate, now_);
  c.due = bucket.TakeBy(rate, now_, deadline_);
  c.busy_used = account.busy.Used(q_.BusyOf(i), now_);
  c.busy_ready = account.busy.ReadyAt(q_.BusyOf(i), now_);
  c.running = account.running.running();
  c.waiting = account.running.waiting();
  const std::uint32_t most = q_.RunningOf(i);
  if (most == 0) return;
  c.has_room = account.running.HasRoom(most);
  if (!c.has_room) c.queue = g_.queue_.WouldEnter(account.running, most, who_.source);
}

// Of the class.
std::string QueryGuard::Explainer::Table() const {
  return class_.is_explicit ? "class." + class_.name + kOfClass : "default_class.";
}

// The key that the limit's value is of: the class's, or what a level lays over it for strangers.
std::string QueryGuard::Explainer::KeyOf(const Field& f) const {
  if (f.Same(q_, class_.own) && q_.Acts(f.reason) == class_.own.Acts(f.reason)) {
    return Table() + "query." + f.name;
  }
  const Limits& l = *snapshot_->limits;
  if (f.Same(l.At(level_).query, l.unknown_query)) {
    return std::string("query.unknown.") + f.name;
  }
  return "pressure." + std::string(Name(level_)) + ".query." + f.name;
}

ExplainRow& QueryGuard::Explainer::Add(const Field& f, double limit) {
  ExplainRow& row = out_.rows.emplace_back();
  row.part = Part::kQuery;
  row.key = KeyOf(f);
  row.limit = limit;
  row.unit = f.unit;
  row.reason = f.reason;
  row.acts = q_.Acts(f.reason);
  return row;
}

void QueryGuard::Explainer::Count(ExplainRow& row, double now, bool binds) {
  row.now = now;
  row.state = StateOf(binds, now, *row.limit);
}

void QueryGuard::Explainer::AddCommands() {
  if (q_.refuse_commands != 0) {
    ExplainRow& row = Add(kCommands, 0);
    row.limit.reset();
    row.why = NamesOf(q_.refuse_commands);
    if ((q_.refuse_commands & BitOf(CommandKind::kQuery)) != 0) row.state = RowState::kBinds;
  }
  const std::uint64_t bytes = g_.MostBytes(q_, CommandKind::kQuery);
  if (bytes > 0) Add(kPacket, static_cast<double>(bytes));
}

void QueryGuard::Explainer::AddRate(std::size_t i) {
  const Rate& rate = q_.RateOf(i);
  if (rate.Off() || Skips(i)) return;
  ExplainRow& row = Add(kRates[i], rate.burst);
  const Counted& c = counted_[i];
  Count(row, c.rate_used, !c.due || *c.due > now_);
  if (c.due) row.left = *c.due - now_;
}

void QueryGuard::Explainer::AddBusy(std::size_t i) {
  const double rate = q_.BusyOf(i);
  if (BusyBudget::Off(rate) || Skips(i)) return;
  const Counted& c = counted_[i];
  ExplainRow& row = Add(kBusy[i], rate * Seconds(BusyBudget::kBurst));
  Count(row, c.busy_used, c.busy_ready > now_);
  row.left = c.busy_ready - now_;
}

void QueryGuard::Explainer::AddRunning(std::size_t i) {
  if (q_.RunningOf(i) == 0 || Skips(i)) return;
  const Counted& c = counted_[i];
  ExplainRow& row = Add(kRunning[i], q_.RunningOf(i));
  const bool may_queue = c.queue == StatementQueue::Answer::kTaken && now_ < deadline_;
  Count(row, c.running, !c.has_room && !may_queue);
  if (c.waiting > 0) row.why = std::to_string(c.waiting) + " wait for a place";
}

void QueryGuard::Explainer::AddEach(const Field& f) {
  const double value = f.get(q_);
  if (value > 0) Add(f, value);
}

void QueryGuard::Explainer::AddBySource() {
  const std::uint32_t most = g_.MostPrepared(q_, unknown_);
  if (most == 0) return;
  std::uint32_t open = 0;
  g_.accounts_.Peek(AccountTable::Scope::kSource, {}, who_.source, {}, now_,
                    [&](const headgate::Account* a) {
                      if (a != nullptr) open = a->prepared.load(std::memory_order_relaxed);
                    });
  Count(Add(kPreparedOfSource, most), open, open >= most);
}

void QueryGuard::Explainer::AddShape() {
  const ShapeLimits& s = class_.shape;
  const auto add = [&](const char* name, std::uint32_t points, Reason reason) {
    if (points == 0) return;
    ExplainRow& row = out_.rows.emplace_back();
    row.part = Part::kQuery;
    row.key = Table() + "shape." + name;
    row.limit = points;
    row.unit = "points of a statement's shape";
    row.reason = reason;
    row.acts = class_.shape_acts;
  };
  add("log", s.log, Reason::kShapeLog);
  add("delay", s.delay, Reason::kShapeDelay);
  add("refuse", s.refuse, Reason::kShapeRefuse);
}

// Those that could be about this one's statements. The first that is about all of them, and acts,
// is met by a plain one.
void QueryGuard::Explainer::AddRules() {
  const RuleSubject subject{CommandKind::kQuery, {},          {},       who_.user,
                            who_.database,       class_.name, who_.peer};
  for (const Rule& rule : snapshot_->limits->rules) {
    if (!NamesSpeaker(rule, subject)) continue;
    ExplainRow& row = out_.rows.emplace_back();
    row.part = Part::kQuery;
    row.key = "rule." + rule.name;
    row.reason = Reason::kRule;
    row.acts = rule.enforce && snapshot_->enforcing();
    const bool asks = rule.commands == 0 || (rule.commands & BitOf(CommandKind::kQuery)) != 0;
    const bool all = rule.digest == 0 && rule.regex.empty() && rule.traits == 0 && asks;
    row.why = Does(rule.action);
    row.why += all ? " every statement" : " " + WhatIn(rule);
    const bool bars = rule.action != RuleAction::kLog && rule.action != RuleAction::kAllow;
    if (all && bars && rule_ == nullptr) row.state = RowState::kBinds;
    if (all && row.acts && rule_ == nullptr) rule_ = &rule;
  }
}

// What binds strangers only, and only above calm.
void QueryGuard::Explainer::AddUnknown() {
  if (level_ != Level::kCalm || snapshot_->limits->mode == Mode::kObserve) return;
  const auto add = [&](const Field& f) {
    const double theirs = f.get(snapshot_->limits->unknown_query);
    const double own = f.get(class_.own);
    if (!(theirs > 0) || (own > 0 && own <= theirs)) return;
    ExplainRow& row = Add(f, theirs);
    row.key = std::string("query.unknown.") + f.name;
    row.acts = snapshot_->limits->unknown_query.enforce;
    row.state = RowState::kDoesNotApply;
    row.why = class_.is_explicit ? "only for who is in no class of its own"
              : unknown_         ? "only above calm"
                                 : "not for known-good and exempt ones";
  };
  for (const auto* fields : {&kRates, &kBusy, &kRunning}) {
    std::for_each(fields->begin(), fields->end(), add);
  }
  std::for_each(kEach.begin(), kEach.end(), add);
}

void QueryGuard::Explain(const Speaker& who, Time now, Explanation& out) const {
  Explainer(*this, who, now, out).Explain();
}

}  // namespace headgate
