// Who it is asked about, what trust and bans say of it, and the parts all steps share.
#include "policies/explainer.h"

#include <algorithm>
#include <utility>

#include "policies/login_name.h"

namespace headgate {
namespace {

constexpr double kNearly = 0.8;

}  // namespace

ExplainRow::State StateOf(bool binds, double now, double limit) {
  if (binds) return ExplainRow::State::kBinds;
  return limit > 0 && now >= kNearly * limit ? ExplainRow::State::kNear
                                             : ExplainRow::State::kApplies;
}

// A balancer's own address is asked about as the client that shares it, or as a check that names
// nobody: who connects from it directly has to say who it speaks for.
Engine::Impl::Explainer::Explainer(Impl& m, const ExplainQuestion& q, Time now)
    : m_(m),
      q_(q),
      now_(now),
      l_(m.Snapshot()),
      probe_(m, {}, q.peer,
             AnyContains(l_->proxies, q.peer) ? Arrival::kProxyItself : Arrival::kDirect, now) {
  out_.peer = q.peer;
  out_.source = SourceNetwork(q.peer);
  out_.database = q.database.substr(0, ClaimedNames::kKept);
  if (q.user) {
    const std::string_view user = CanonicalUser(*q.user);
    probe_.claimed_user = m.hash(user);
    probe_.names.SetLogin(user, q.database);
    out_.user = probe_.names.user();
  } else {
    probe_.names.SetLogin({}, q.database);
  }
  probe_.exempt = AnyContains(l_->source.exempt, q.peer);
  probe_.reserved_source = IsReservedSource(*l_, q.peer);
  out_.exempt = probe_.exempt;
  out_.balancer = probe_.arrival != Arrival::kDirect;
  out_.mode = l_->mode;
  out_.level_binds = l_->pressure.enforce;
  out_.level = m.true_level.load(std::memory_order_relaxed);
  out_.scarce = m.scarce.load(std::memory_order_relaxed);
}

Explanation Engine::Impl::Explainer::Explain() {
  AskTrust();
  AskSource();
  {
    const std::lock_guard lock(m_.admission_mutex);
    CountTickets();
    AskPrefix();
    AskPending();
    AskLogin();
  }
  Speaker who = SpeakerOf(probe_);
  who.known = probe_.known_good || probe_.known_source || probe_.exempt;
  m_.guard.Explain(who, now_, out_);
  return std::move(out_);
}

ExplainRow& Engine::Impl::Explainer::Add(Part part, std::string key, Reason reason) {
  ExplainRow& row = out_.rows.emplace_back();
  row.part = part;
  row.key = std::move(key);
  row.reason = reason;
  row.acts = Acts(*l_, reason);
  return row;
}

ExplainRow& Engine::Impl::Explainer::Count(Part part, std::string key, Reason reason, double now,
                                           double limit, bool binds, std::string_view unit) {
  ExplainRow& row = Add(part, std::move(key), reason);
  row.now = now;
  if (limit < UINT32_MAX) row.limit = limit;
  row.unit = unit;
  row.state = StateOf(binds, now, limit);
  return row;
}

void Engine::Impl::Explainer::Skip(ExplainRow& row, std::string why) {
  if (why.empty()) return;
  row.state = State::kDoesNotApply;
  row.why = std::move(why);
}

// What is met first is what it is told.
void Engine::Impl::Explainer::Refuse(Reason reason) {
  if (out_.connection.kind != ExplainOutlook::Kind::kPasses) return;
  out_.connection.kind = ExplainOutlook::Kind::kRefused;
  out_.connection.reason = reason;
}

void Engine::Impl::Explainer::AskTrust() {
  {
    const std::lock_guard lock(m_.trust_mutex);
    probe_.known_source =
        m_.known_good.size() > 0 && m_.known_good.IsKnownGoodSource(probe_.source());
    out_.ban = m_.bans.Find(probe_.source(), now_);
    if (m_.LookUpBan(*l_, probe_.source(), now_).acts) Refuse(Reason::kBanned);
    if (q_.user) {
      pair_ = m_.pairs.Ask(probe_.pair(), l_->login, now_);
      failures_ = m_.pairs.Failures(probe_.pair(), l_->login, now_);
    }
  }
  if (q_.user) {
    trust_ = m_.AskTrust(probe_.pair(), *l_, now_);
    TakeTrust(probe_, trust_);
  }
  out_.known_source = probe_.known_source;
  out_.known_good = trust_.known_good;
  out_.known_neighbour = trust_.known_neighbour;
  if (out_.ban) AddBan();
}

void Engine::Impl::Explainer::AddBan() {
  out_.ban_left = out_.ban->until - now_;
  const bool by_operator = out_.ban->by_operator;
  ExplainRow& row = Add(Part::kAccept, by_operator ? "ban" : "source.ban", Reason::kBanned);
  row.acts = row.acts || (by_operator && l_->mode == Mode::kEnforce);
  row.state = State::kBinds;
  row.network = out_.ban->network;
  row.left = out_.ban_left;
  row.why = by_operator ? "by an operator" : "by the gate";
  if (!out_.ban->reason.empty()) row.why += ": " + out_.ban->reason;
  if (!by_operator && AnyTouches(l_->proxies, probe_.source())) Skip(row, "it is a load balancer");
}

void Engine::Impl::Explainer::CountTickets() {
  using Is = Ticket::State;
  for (const Ticket* t = m_.tickets; t != nullptr; t = t->next) {
    if (t->source() != probe_.source() || t->state == Is::kRefused) continue;
    ++out_.connections;
    out_.pending += t->state == Is::kPending ? 1 : 0;
    out_.waiting += t->state == Is::kWaiting ? 1 : 0;
    out_.logins += t->state == Is::kLogin ? 1 : 0;
    const bool in = t->state == Is::kIn || t->state == Is::kReauth;
    out_.in += in ? 1 : 0;
    out_.of_user += in && q_.user && t->names.user() == probe_.names.user() ? 1 : 0;
    out_.orphans += t->state == Is::kOrphan || t->state == Is::kFailed ? 1 : 0;
  }
  out_.free_slots = m_.ledger.free_slots();
  out_.slots = m_.ledger.capacity();
}

std::string Engine::Impl::Explainer::WhySpared() const {
  if (probe_.exempt) return "the address is in [source] exempt";
  if (probe_.known_source) return "some user of this source is known-good";
  return "";
}

// Of what a level lays over the limits; empty: it binds this one.
std::string Engine::Impl::Explainer::WhyNotAt(Level level) const {
  if (out_.level != level) return "the level is " + std::string(Name(out_.level));
  if (m_.acting_level.load(std::memory_order_relaxed) != level) {
    return l_->mode == Mode::kObserve ? "mode = observe" : "[pressure] enforce = false";
  }
  if (std::string spared = WhySpared(); !spared.empty()) return spared;
  if (probe_.reserved_source) return "the address is of a class with a reserve";
  return "";
}

Explanation Engine::Explain(const ExplainQuestion& question, Time now) const {
  return Impl::Explainer(*impl_, question, now).Explain();
}

}  // namespace headgate
