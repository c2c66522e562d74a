#include "guard/replay_tally.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "guard/limit_key.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

std::size_t IndexOf(Outcome::What what) { return static_cast<std::size_t>(what); }

// Ends that no limit of a configuration decides: the server's own, and the gate's state.
bool IsOfNoLimit(Reason r) {
  return (r >= Reason::kBackendUnreachable && r <= Reason::kBackendClosed) ||
         (r >= Reason::kClientClosed && r != Reason::kBanApplied);
}

bool Waits(Outcome::What what) {
  return what == Outcome::What::kQueued || what == Outcome::What::kDelayed;
}

// What a client brings about by its own silence or its own bytes, and a configuration all the same:
// with another deadline it would have got in.
bool NeedsService(Reason r) {
  return r == Reason::kPendingDeadline || r == Reason::kLoginDeadline ||
         r == Reason::kPasswordlessUser || r == Reason::kTlsNotOffered;
}

ReplayBucket SeenIn(const EngineStatus& status) {
  ReplayBucket seen;
  seen.leases = status.leases;
  seen.waiting = status.waiting;
  seen.pending = status.pending;
  seen.running = status.statements_running;
  seen.capacity = status.slots_capacity;
  seen.level = status.level;
  return seen;
}

}  // namespace

ReplayTally::ReplayTally(const Origins& origins, Duration shortly)
    : origins_(origins),
      shortly_(shortly),
      // The same input gives the same report, so the key is no secret.
      hash_(0, 0),
      claims_(hash_, [this](const ReplayMet& met) { CountTouch(met); }),
      sources_({kMostSources}) {
  report_.shortly = shortly;
}

void ReplayTally::Protect(Protects also, std::shared_ptr<const Limits> limits) {
  claims_.Protect(std::move(also), std::move(limits));
}

void ReplayTally::OnEvent(const EngineEvent& event) {
  if (!timeline_) {
    timeline_.emplace(event.at);
    report_.begin = report_.end = event.at;
    last_look_ = next_look_ = timeline_->begin();
  }
  if (timeline_->Reach(event.at) && next_look_ > last_look_) {
    next_look_ = timeline_->EndOf(last_look_);
  }
  claims_.OnEvent(event);
  ReplayTraffic& t = report_.traffic;
  ++t.events;
  report_.end = std::max(report_.end, event.at);
  if (const auto* accepted = std::get_if<event::Accepted>(&event.what)) {
    ++t.connects;
    ++timeline_->At(event.at).connects;
    all_sources_.Add(hash_(SourceOf(accepted->peer)));
  } else if (std::holds_alternative<event::LoginOk>(event.what)) {
    ++t.logins_ok;
    ++timeline_->At(event.at).logins;
  } else if (std::holds_alternative<event::LoginFailed>(event.what)) {
    ++t.logins_failed;
  } else if (std::holds_alternative<event::Command>(event.what)) {
    ++t.commands;
    ++timeline_->At(event.at).commands;
  }
}

// By where it came from, or as the engine knows it; what it claims is for later.
bool ReplayTally::IsProtected(const Outcome& o) const {
  if (o.of_protected) return true;
  if (o.what == Outcome::What::kBanned) return claims_.IsProtectedSource(SourceOf(o.peer));
  return claims_.IsProtectedPeer(o.peer);
}

std::optional<ReplayTally::Harm> ReplayTally::HarmOf(const Outcome& o) const {
  if (o.what == Outcome::What::kNoted || IsOfNoLimit(o.reason)) return std::nullopt;
  if (Waits(o.what)) {
    return std::max(o.how_long, o.behind) >= shortly_ ? Harm::kAnyway : Harm::kNone;
  }
  if (o.what == Outcome::What::kRefused) {
    if (NeedsService(o.reason)) return Harm::kIfServed;
    return IsDenial(o.reason) ? std::optional(Harm::kAnyway) : std::nullopt;
  }
  const bool by_limit =
      o.reason == Reason::kReclaimed || !LimitKey(o.reason, o.class_name, o.rule).empty();
  return by_limit ? std::optional(Harm::kAnyway) : std::nullopt;
}

std::size_t ReplayTally::LimitOf(const Outcome& o) {
  auto& last = last_limit_;
  if (limits_.empty() || last.reason != o.reason || last.class_name != o.class_name ||
      last.rule != o.rule) {
    last.place = FindLimit(o);
    last.reason = o.reason;
    last.class_name = o.class_name;
    last.rule = o.rule;
  }
  return last.place;
}

std::size_t ReplayTally::FindLimit(const Outcome& o) {
  const std::string title = LimitTitle(o.reason, o.class_name, o.rule);
  const auto [it, added] = limit_places_.try_emplace({o.reason, title}, limits_.size());
  if (added) {
    ReplayLimit& row = limits_.emplace_back().row;
    row.reason = o.reason;
    row.rule = Printable(o.rule);
    row.title = Printable(title);
    const std::string key = LimitKey(o.reason, o.class_name, o.rule);
    if (!key.empty()) row.where = Printable(origins_.Of(key));
    row.first = o.at;
  }
  return it->second;
}

void ReplayTally::OnOutcome(const Outcome& o) {
  if (!timeline_) timeline_.emplace(o.at);
  const std::size_t place = LimitOf(o);
  Limit& limit = limits_[place];
  ++(o.enforced ? limit.row.acted : limit.row.would_act)[IndexOf(o.what)];
  limit.row.last = o.at;
  limit.row.longest = std::max(limit.row.longest, o.how_long);
  limit.sources.Add(hash_(SourceOf(o.peer)));
  ReplayBucket& bucket = timeline_->At(o.at);
  if (o.enforced) {
    ++bucket.acted[static_cast<std::size_t>(o.reason)];
  } else {
    ++bucket.would_act;
  }
  const bool is_protected = IsProtected(o);
  if (is_protected) SawProtected();
  CountSource(o, is_protected);
  if (!is_protected && claims_.empty()) return;
  const auto harm = HarmOf(o);
  if (!harm) return;
  claims_.Meet(o.id, {.at = o.at,
                      .what = o.what,
                      .reason = o.reason,
                      .harm = *harm,
                      .enforced = o.enforced,
                      .unfinished = o.unfinished,
                      .by_peer = is_protected,
                      .limit = place,
                      .peer = o.peer,
                      .digest = o.digest,
                      .how_long = o.how_long,
                      .user = Printable(o.user),
                      .class_name = Printable(o.class_name)});
}

void ReplayTally::CountSource(const Outcome& o, bool is_protected) {
  const Address source = SourceOf(o.peer);
  const std::uint64_t hash = hash_(source);
  refused_sources_.Add(hash);
  Source& s = sources_[sources_.Add(hash, source)];
  ReplaySource& row = s.row;
  if (row.source.empty()) {
    row.source = net::SourceText(o.peer);
    row.first = o.at;
  }
  const auto name = [](std::string_view sent, std::string& before, std::string& shown) {
    if (sent.empty() || sent == before) return;
    before = sent;
    shown = Printable(sent);
  };
  name(o.user, s.user, row.user);
  name(o.class_name, s.class_name, row.class_name);
  row.reason = o.reason;
  row.last = o.at;
  row.is_protected = row.is_protected || is_protected;
  if (!o.enforced) {
    ++row.would_act;
    return;
  }
  ++row.acted[IndexOf(o.what)];
  s.over_time.Add(timeline_->IndexOf(o.at), timeline_->halvings());
}

void ReplayTally::CountTouch(const ReplayMet& met) {
  const Address source = SourceOf(met.peer);
  const auto id = sources_.Find(hash_(source), source);
  const bool known = id != decltype(sources_)::kNone;
  if (known) sources_[id].row.is_protected = true;
  if (!met.enforced) {
    if (met.harm != Harm::kNone) ++report_.would_touch;
    return;
  }
  if (met.harm == Harm::kNone) {
    ++report_.held_shortly;
    return;
  }
  Limit& limit = limits_[met.limit];
  ++report_.touched;
  ++limit.row.touched;
  ++timeline_->At(met.at).touched;
  if (known) ++sources_[id].row.touched;
  AddTouch({.at = met.at,
            .what = met.what,
            .source = net::SourceText(met.peer),
            .user = met.user,
            .class_name = met.class_name,
            .title = limit.row.title,
            .where = limit.row.where,
            .reason = met.reason,
            .digest = met.digest,
            .how_long = met.how_long,
            .unfinished = met.unfinished});
}

// The first ones; some are found late.
void ReplayTally::AddTouch(ReplayTouch touch) {
  std::vector<ReplayTouch>& all = report_.touches;
  if (all.size() < kMostTouches) return all.push_back(std::move(touch));
  const auto earlier = [](const ReplayTouch& a, const ReplayTouch& b) { return a.at < b.at; };
  const auto last = std::max_element(all.begin(), all.end(), earlier);
  if (earlier(touch, *last)) *last = std::move(touch);
}

void ReplayTally::OnLevel(const LevelChange& change) {
  if (!timeline_) return;
  ReplayBucket& bucket = timeline_->At(change.at);
  bucket.level = std::max({bucket.level, change.from, change.to});
}

void ReplayTally::OnPeaks(const Reenactment::Peaks& peaks) {
  if (!timeline_) return;
  ReplayBucket& bucket = timeline_->At(peaks.at);
  bucket.leases = std::max(bucket.leases, peaks.room.leases);
  bucket.waiting = std::max(bucket.waiting, peaks.room.waiting);
  bucket.pending = std::max(bucket.pending, peaks.room.pending);
  bucket.capacity = std::max(bucket.capacity, peaks.room.capacity);
  bucket.running = std::max(bucket.running, peaks.running);
  const auto& classes = peaks.room.classes;
  report_.classes.resize(std::max(report_.classes.size(), classes.size()));
  for (std::size_t i = 0; i < classes.size(); ++i) {
    ReplayClass& row = report_.classes[i];
    row.most_waiting = std::max(row.most_waiting, classes[i].waiting);
    if (classes[i].leases <= row.most_leases) continue;
    row.most_leases = classes[i].leases;
    row.when = peaks.at;
  }
}

void ReplayTally::OnStatus(const EngineStatus& status, Time now) {
  if (!timeline_) return;
  timeline_->Reach(now);
  const Time from = next_look_ > last_look_ ? timeline_->EndOf(last_look_) : now;
  for (Time t = from; t < now; t = timeline_->EndOf(t)) timeline_->At(t).Merge(last_seen_);
  last_seen_ = SeenIn(status);
  timeline_->At(now).Merge(last_seen_);
  last_look_ = now;
  next_look_ = timeline_->EndOf(now);
  if (status.known_good > 0) SawProtected();
  report_.anybody_protected = report_.anybody_protected || status.protected_known;
  report_.classes.resize(std::max(report_.classes.size(), status.classes.size()));
  for (std::size_t i = 0; i < status.classes.size(); ++i) {
    const ClassStatus& c = status.classes[i];
    ReplayClass& row = report_.classes[i];
    row.name = c.name;
    row.reserve = c.reserve;
    row.max = c.max;
  }
}

std::vector<ReplaySource> ReplayTally::SourceRows() const {
  std::vector<std::pair<std::uint64_t, ReplaySource>> rows;
  for (std::uint32_t id = 0; id < sources_.places(); ++id) {
    if (!sources_.Holds(id)) continue;
    ReplaySource row = sources_[id].row;
    row.over_time = sources_[id].over_time.Values(timeline_->halvings());
    rows.emplace_back(sources_.count(id), std::move(row));
  }
  const auto first = [](const auto& a, const auto& b) {
    if (a.second.touched != b.second.touched) return a.second.touched > b.second.touched;
    return a.first != b.first ? a.first > b.first : a.second.source < b.second.source;
  };
  std::sort(rows.begin(), rows.end(), first);
  std::vector<ReplaySource> out;
  for (auto& [count, row] : rows) {
    if (out.size() < kMostRows) out.push_back(std::move(row));
  }
  return out;
}

std::vector<ReplayLimit> ReplayTally::LimitRows() const {
  std::vector<ReplayLimit> rows;
  for (const auto& [name, place] : limit_places_) {
    rows.push_back(limits_[place].row);
    rows.back().sources = limits_[place].sources.Estimate();
  }
  const auto weight = [](const ReplayLimit& l) { return Sum(l.acted) + Sum(l.would_act); };
  std::stable_sort(rows.begin(), rows.end(), [&](const auto& a, const auto& b) {
    return a.touched != b.touched ? a.touched > b.touched : weight(a) > weight(b);
  });
  return rows;
}

ReplayReport ReplayTally::Report() const {
  ReplayReport out = report_;
  out.anybody_protected = out.anybody_protected || saw_protected() || !claims_.empty();
  out.protected_seen = saw_protected();
  out.traffic.sources = all_sources_.Estimate();
  out.sources_refused = refused_sources_.Estimate();
  out.limits = LimitRows();
  std::stable_sort(out.touches.begin(), out.touches.end(),
                   [](const ReplayTouch& a, const ReplayTouch& b) { return a.at < b.at; });
  out.sources = SourceRows();
  if (!timeline_) return out;
  out.bucket = timeline_->width();
  out.timeline.assign(timeline_->buckets().begin(), timeline_->buckets().end());
  return out;
}

}  // namespace headgate::guard
