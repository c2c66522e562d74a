// What a login meets: the claim, its class, slots, the lane, the waiting room.
#include <algorithm>
#include <string>

#include "policies/explainer.h"
#include "policies/login_name.h"
#include "policies/own_key.h"

namespace headgate {
namespace {

using Lane = LoginLane::Answer;
using Outlook = ExplainOutlook::Kind;

// Bytes after which no more classes are told of.
constexpr std::size_t kMostWhy = 120;
constexpr std::string_view kLeases = "connections";
constexpr std::string_view kLogins = "logins in progress";
constexpr std::string_view kWaiting = "clients waiting";

const char* NameOf(LoginLane::Part part) {
  switch (part) {
    case LoginLane::Part::kStrangers:
      return "of strangers";
    case LoginLane::Part::kNotKnownGood:
      return "of those that are not known-good";
    case LoginLane::Part::kNotMembers:
      return "of all but the sources of classes with a reserve";
    case LoginLane::Part::kAll:
      break;
  }
  return "";
}

const char* NameOf(ClassMiss miss) {
  switch (miss) {
    case ClassMiss::kNothing:
      return "nothing";
    case ClassMiss::kSource:
      return "the address";
    case ClassMiss::kUser:
      return "the user";
    case ClassMiss::kDatabase:
      return "the database";
    case ClassMiss::kSubject:
      return "the certificate";
  }
  return "";
}

}  // namespace

void Engine::Impl::Explainer::AskLogin() {
  if (q_.user) AskClaim();
  ChooseClass();
  if (!m_.backend_up) {
    ExplainRow& row = Add(Part::kLogin, "backend", Reason::kBackendUnreachable);
    row.state = State::kBinds;
    row.why = "the server cannot be reached";
    Refuse(Reason::kBackendUnreachable);
  }
  AskSeat();
}

void Engine::Impl::Explainer::AskClaim() {
  const std::string_view user = CanonicalUser(*q_.user);
  if (l_->identity_collapsed && MeansOneOf(l_->localhost_users, user)) {
    const bool refused = RefusedUser(*l_, probe_, user);
    ExplainRow& row = Add(Part::kLogin, "gate.localhost_only_users", Reason::kPasswordlessUser);
    row.state = refused ? State::kBinds : State::kApplies;
    row.why = refused ? "everybody looks like localhost to the server, which may ask no password"
                      : "the address is in [gate] local_sources";
    if (refused) Refuse(Reason::kPasswordlessUser);
  }
  if (l_->login.failures.Off()) return;
  const bool slowed = pair_.delay > Duration::zero();
  ExplainRow& row =
      Count(Part::kLogin, pair_.locked ? "login.lock" : "login.failures", Reason::kPairLocked,
            failures_, l_->login.failures.burst, pair_.locked || slowed, "failures of the burst");
  row.left = pair_.locked ? pair_.until - now_ : pair_.delay;
  row.why = pair_.locked ? "this user is locked from this source"
            : slowed     ? "each login of this user from this source is held back"
                         : "";
  if (pair_.locked && row.acts) Refuse(Reason::kPairLocked);
}

void Engine::Impl::Explainer::ChooseClass() {
  class_index_ = m_.matcher->Match(probe_.peer, probe_.names.user(), q_.database);
  probe_.class_id = m_.class_ids[class_index_];
  probe_.names.SetClass(m_.limits->classes[class_index_].name);
  out_.class_name = probe_.names.class_name();
  out_.class_why = WhyClass(class_index_);
}

// What of the class it matched; for the default class, what it missed in those before.
std::string Engine::Impl::Explainer::WhyClass(std::size_t index) const {
  const auto& classes = m_.limits->classes;
  std::string why, unknown;
  for (std::size_t i = 0; i < index; ++i) {
    const ClassMiss miss = MissOf(classes[i], probe_.peer, probe_.names.user(), q_.database, {});
    const bool open = miss == ClassMiss::kSubject || (miss == ClassMiss::kUser && !q_.user);
    std::string& to = open ? unknown : why;
    if (to.size() > kMostWhy) continue;
    to += (to.empty() ? "" : ", ") + classes[i].name;
    to += open ? (miss == ClassMiss::kUser ? " (by its user)" : " (by its certificate)")
               : " is not by " + std::string(NameOf(miss));
  }
  if (index + 1 < classes.size()) {
    const ClassLimits& c = classes[index];
    why.clear();
    const auto by = [&](bool named, const char* what) {
      if (named) why += (why.empty() ? "by " : " and ") + std::string(what);
    };
    by(!c.sources.empty(), "the address");
    by(!c.users.empty(), "the user");
    by(!c.databases.empty(), "the database");
  } else if (classes.size() == 1) {
    why = "there is no [[class]]";
  }
  if (!unknown.empty()) why += (why.empty() ? "may be " : "; may be ") + unknown;
  return why;
}

void Engine::Impl::Explainer::AskSeat() {
  const Duration delay = Acts(*l_, Reason::kPairLocked) ? trust_.delay : Duration::zero();
  const Lack lack = m_.Missing(probe_, probe_.class_id, now_);
  AddClass(lack);
  AddSlots(lack);
  AddLane(lack.lane);
  AskRoom(m_.WaitsFor(probe_.class_id, lack, delay), delay);
}

void Engine::Impl::Explainer::AskRoom(Reason lacks, Duration delay) {
  const bool waits = lacks != Reason::kNone;
  Reason no_room = Reason::kNone;
  if (waits) {
    no_room = m_.NoRoom(lacks,
                        m_.room.Ask(probe_.source(), probe_.tier, m_.WaitingOf(probe_).per_source));
    if (no_room != Reason::kNone && Acts(*m_.limits, no_room)) Refuse(no_room);
  }
  AddWaiting(no_room);
  if (!waits || out_.connection.kind != Outlook::kPasses) return;
  const Duration queue = m_.QueueOf(probe_);
  const bool ends = Acts(*m_.limits, Reason::kWaitingDeadline);
  const SlotLedger::ClassId id = probe_.class_id;
  out_.connection.kind = Outlook::kWaits;
  out_.connection.reason = lacks;
  out_.connection.at_most = ends ? delay + queue : Duration::max();
  out_.connection.expected = lacks == Reason::kPairLocked
                                 ? delay
                                 : m_.TurnsOf(id).Expected(m_.room.QueuedOf(id) + 1, queue, now_);
}

std::string Engine::Impl::Explainer::ClassKey(std::string_view key) const {
  const bool is_default = class_index_ + 1 == m_.limits->classes.size();
  if (is_default) return "default_class." + std::string(key);
  return "class." + std::string(probe_.names.class_name()) + kOfClass + std::string(key);
}

void Engine::Impl::Explainer::AddClass(const Lack& lack) {
  const SlotLedger::ClassId id = probe_.class_id;
  const SlotLedger::ClassCounts counts = m_.ledger.Counts(id);
  const auto lacks = [&](Reason r) { return lack.slot == r || lack.dry == r; };
  if (counts.reserve > 0) {
    ExplainRow& row = Count(Part::kLogin, ClassKey("reserve"), Reason::kNone,
                            counts.reserve - counts.reserve_unused, counts.reserve, false, kLeases);
    row.state = State::kApplies;
    if (m_.StandingOf(probe_.known_good, id) == SlotLedger::Standing::kUnproven) {
      Skip(row, "not for a login that the server has not confirmed");
    }
  }
  ExplainRow& max = Count(Part::kLogin, ClassKey("max"), Reason::kClassFull, counts.leases,
                          counts.max, lacks(Reason::kClassFull), kLeases);
  max.acts = m_.ActsFor(id, Reason::kClassFull);
  ExplainRow& unproven =
      Count(Part::kLogin, ClassKey("unproven"), Reason::kUnprovenFull, counts.unproven,
            counts.unproven_max, lacks(Reason::kUnprovenFull), "logins not confirmed yet");
  unproven.acts = m_.ActsFor(id, Reason::kUnprovenFull);
  if (m_.StandingOf(probe_.known_good, id) != SlotLedger::Standing::kUnproven) {
    Skip(unproven, probe_.known_good ? "known-good" : "the address is of a class with a reserve");
  }
}

void Engine::Impl::Explainer::AddSlots(const Lack& lack) {
  const std::uint32_t slots = m_.ledger.capacity(), free = m_.ledger.free_slots();
  const bool lacks = lack.slot == Reason::kNoSlot;
  ExplainRow& row = Count(Part::kLogin, "slots.max_connections", Reason::kNoSlot,
                          slots - std::min(slots, free), slots, lacks, kLeases);
  row.why = std::to_string(free) + " free";
  if (lacks && free > 0) row.why += ", all of them kept for others";
  if (lack.owed) row.why += "; one is called back for it";
  const std::uint32_t implicit = m_.ledger.implicit_reserve();
  if (implicit == 0) return;
  const bool bound = m_.acting_level.load(std::memory_order_relaxed) != Level::kCalm;
  const SlotLedger::StakeId stake = m_.StakeOf(probe_);
  const bool own = stake != SlotLedger::kNoStake;
  const Reserve reserve = m_.ledger.StakeReserve(stake);
  ExplainRow& share =
      Count(Part::kLogin, "known_good.share", Reason::kNone,
            own ? std::min(reserve.used, reserve.slots) : implicit - m_.ledger.implicit_unused(),
            own ? reserve.slots : implicit, false, kLeases);
  share.state = State::kApplies;
  share.why = own ? "kept for this user from this source" : "kept for known-good logins";
  if (!bound) Skip(share, share.why + " above calm");
}

void Engine::Impl::Explainer::AddLane(Lane answer) {
  const LoginLane& all = m_.lane;
  const LoginLimits& login = l_->login;
  const LoginLane::Rank rank = m_.LaneRankOf(probe_.RanksAsKnownGood(), probe_.class_id);
  const bool known = rank == LoginLane::Rank::kKnownGood;
  const bool stranger = rank == LoginLane::Rank::kStranger;
  const Reason reason = Reason::kLoginLane;
  const LoginLane::Part part = all.PartOf(rank);
  ExplainRow& row = Count(Part::kLogin, "login.in_progress", reason, all.In(part), all.MostIn(part),
                          answer == Lane::kFull, kLogins);
  row.why = NameOf(part);
  if (probe_.IsSlow()) row.why += "; known-good, but its logins were slow";
  const std::uint32_t own = all.CountOf(probe_.source(), rank);
  ExplainRow& each = Count(Part::kLogin, "login.per_source", reason, own, all.MostOf(rank),
                           answer == Lane::kSourceFull, kLogins);
  if (known) each.why = "known-good: half of in_progress";
  if (!login.rate.Off()) {
    ExplainRow& rate = Count(Part::kLogin, "login.rate", reason, all.RateUsed(now_),
                             login.rate.burst, answer == Lane::kRate, "of the burst");
    rate.left = answer == Lane::kRate ? all.NextToken(now_) - now_ : Duration{};
    rate.why = "of all strangers together";
    if (known) Skip(rate, "known-good");
    if (!known && !stranger) Skip(rate, "the address is of a class with a reserve");
  }
  if (all.ramp.active()) {
    ExplainRow& ramp = Add(Part::kLogin, "slots.start_ramp", reason);
    ramp.limit = all.ramp.rate();
    ramp.unit = "logins a second";
    ramp.state = answer == Lane::kRamp ? State::kBinds : State::kApplies;
    ramp.left = all.ramp.ReadyAt(now_) - now_;
    ramp.why = "the server has just come back";
  }
  ExplainRow& deadline = Add(Part::kLogin, "login.deadline", Reason::kLoginDeadline);
  deadline.limit = Seconds(login.deadline);
  deadline.unit = "s";
}

void Engine::Impl::Explainer::AddWaiting(Reason no_room) {
  const WaitingLimits& waiting = m_.WaitingOf(probe_);
  const WaitingLimits& base = m_.limits->waiting;
  const Level level = m_.acting_level.load(std::memory_order_relaxed);
  const auto key = [&](bool of_level, std::string_view name) {
    const std::string table = of_level ? "pressure." + std::string(Name(level)) + "." : "";
    return table + "waiting." + std::string(name);
  };
  const bool off = base.max == 0;
  ExplainRow& max = Count(Part::kLogin, "waiting.max", Reason::kWaitingFull, m_.room.size(),
                          base.max, no_room == Reason::kWaitingFull, kWaiting);
  if (off) Skip(max, "waiting is off: who would have to is refused");
  const std::uint32_t own = m_.room.CountOf(probe_.source());
  ExplainRow& each = Count(Part::kLogin, key(waiting.per_source != base.per_source, "per_source"),
                           Reason::kWaitingPerSource, own, waiting.per_source,
                           no_room == Reason::kWaitingPerSource, kWaiting);
  if (2 * std::size_t{m_.room.size()} < base.max || off) {
    Skip(each, "only while half of the room is taken");
  }
  const bool of_class = m_.LimitsOf(probe_.class_id).queue > Duration::zero();
  ExplainRow& queue =
      Add(Part::kLogin, of_class ? ClassKey("queue") : key(waiting.queue != base.queue, "queue"),
          Reason::kWaitingDeadline);
  queue.limit = Seconds(m_.QueueOf(probe_));
  queue.unit = "s";
}

}  // namespace headgate
