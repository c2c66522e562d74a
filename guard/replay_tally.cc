#include "guard/replay_tally.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "guard/limit_key.h"
#include "guard/printable.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

// At most so often for each bucket of the timeline.
constexpr int kLooksABucket = 4;

std::size_t IndexOf(Outcome::What what) { return static_cast<std::size_t>(what); }

// Ends that no limit of a configuration decides: the server's own, and the gate's state.
bool IsOfNoLimit(Reason r) {
  return (r >= Reason::kBackendUnreachable && r <= Reason::kBackendClosed) ||
         (r >= Reason::kClientClosed && r != Reason::kBanApplied);
}

bool Waits(Outcome::What what) {
  return what == Outcome::What::kQueued || what == Outcome::What::kDelayed;
}

}  // namespace

ReplayTally::ReplayTally(const Origins& origins, Duration shortly)
    // The same input gives the same report, so the key is no secret.
    : origins_(origins), shortly_(shortly), hash_(0, 0), sources_({kMostSources}) {
  report_.shortly = shortly;
}

void ReplayTally::OnEvent(const EngineEvent& event) {
  if (!timeline_) {
    timeline_.emplace(event.at);
    report_.begin = report_.end = event.at;
  }
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

bool ReplayTally::IsProtected(const Outcome& o) const {
  return o.of_protected || (also_ && also_(o.peer, o.user, o.class_name));
}

bool ReplayTally::IsHarm(const Outcome& o) const {
  if (!o.enforced || o.what == Outcome::What::kNoted || IsOfNoLimit(o.reason)) return false;
  if (Waits(o.what)) return o.how_long >= shortly_;
  if (o.what == Outcome::What::kRefused) return IsDenial(o.reason);
  return o.reason == Reason::kReclaimed || !LimitKey(o.reason, o.class_name, o.rule).empty();
}

ReplayTally::Limit& ReplayTally::LimitOf(const Outcome& o) {
  const std::string title = LimitTitle(o.reason, o.class_name, o.rule);
  const auto [it, added] = limits_.try_emplace({o.reason, title});
  if (added) {
    ReplayLimit& row = it->second.row;
    row.reason = o.reason;
    row.rule = Printable(o.rule);
    row.title = Printable(title);
    const std::string key = LimitKey(o.reason, o.class_name, o.rule);
    if (!key.empty()) row.where = origins_.Of(key);
    row.first = o.at;
  }
  return it->second;
}

void ReplayTally::OnOutcome(const Outcome& o) {
  if (!timeline_) timeline_.emplace(o.at);
  const bool is_protected = IsProtected(o);
  const bool touched = is_protected && IsHarm(o);
  Limit& limit = LimitOf(o);
  ++(o.enforced ? limit.row.acted : limit.row.would_act)[IndexOf(o.what)];
  limit.row.last = o.at;
  limit.row.longest = std::max(limit.row.longest, o.how_long);
  limit.sources.Add(hash_(SourceOf(o.peer)));
  if (touched) ++limit.row.touched;
  ReplayBucket& bucket = timeline_->At(o.at);
  if (o.enforced) {
    ++bucket.acted[static_cast<std::size_t>(o.reason)];
  } else {
    ++bucket.would_act;
  }
  bucket.touched += touched ? 1 : 0;
  if (is_protected) report_.anybody_protected = true;
  if (is_protected && o.enforced && Waits(o.what) && !touched) ++report_.held_shortly;
  CountSource(o, is_protected, touched);
  if (touched) CountTouch(o, limit);
}

void ReplayTally::CountSource(const Outcome& o, bool is_protected, bool touched) {
  const Address source = SourceOf(o.peer);
  const std::uint64_t hash = hash_(source);
  refused_sources_.Add(hash);
  const auto id = sources_.Add(hash, source);
  Source& s = sources_[id];
  ReplaySource& row = s.row;
  if (row.source.empty()) {
    row.source = net::SourceText(o.peer);
    row.first = o.at;
  }
  if (!o.user.empty()) row.user = Printable(o.user);
  if (!o.class_name.empty()) row.class_name = Printable(o.class_name);
  row.reason = o.reason;
  row.last = o.at;
  row.is_protected = row.is_protected || is_protected;
  row.touched += touched ? 1 : 0;
  if (!o.enforced) {
    ++row.would_act;
    return;
  }
  ++row.acted[IndexOf(o.what)];
  s.over_time.Add(timeline_->IndexOf(o.at), timeline_->halvings());
}

void ReplayTally::CountTouch(const Outcome& o, const Limit& limit) {
  ++report_.touched;
  if (report_.touches.size() >= kMostTouches) return;
  report_.touches.push_back({.at = o.at,
                             .what = o.what,
                             .source = net::SourceText(o.peer),
                             .user = Printable(o.user),
                             .class_name = Printable(o.class_name),
                             .title = limit.row.title,
                             .where = limit.row.where,
                             .reason = o.reason,
                             .digest = o.digest,
                             .how_long = o.how_long});
}

void ReplayTally::OnStatus(const EngineStatus& status, Time now) {
  if (!timeline_) return;
  ReplayBucket seen;
  seen.leases = status.leases;
  seen.waiting = status.waiting;
  seen.pending = status.pending;
  seen.running = status.statements_running;
  seen.capacity = status.slots_capacity;
  seen.level = status.level;
  timeline_->At(now).Merge(seen);
  next_look_ = now + timeline_->width() / kLooksABucket;
  report_.anybody_protected = report_.anybody_protected || status.protected_known;
  report_.classes.resize(std::max(report_.classes.size(), status.classes.size()));
  for (std::size_t i = 0; i < status.classes.size(); ++i) {
    const ClassStatus& c = status.classes[i];
    ReplayClass& row = report_.classes[i];
    row.name = c.name;
    row.reserve = c.reserve;
    row.max = c.max;
    row.most_waiting = std::max(row.most_waiting, c.waiting);
    if (c.leases > row.most_leases) {
      row.most_leases = c.leases;
      row.when = now;
    }
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

ReplayReport ReplayTally::Report() const {
  ReplayReport out = report_;
  out.traffic.sources = all_sources_.Estimate();
  out.sources_refused = refused_sources_.Estimate();
  for (const auto& [name, limit] : limits_) {
    out.limits.push_back(limit.row);
    out.limits.back().sources = limit.sources.Estimate();
  }
  const auto weight = [](const ReplayLimit& l) { return Sum(l.acted) + Sum(l.would_act); };
  std::stable_sort(out.limits.begin(), out.limits.end(), [&](const auto& a, const auto& b) {
    return a.touched != b.touched ? a.touched > b.touched : weight(a) > weight(b);
  });
  out.sources = SourceRows();
  if (!timeline_) return out;
  out.bucket = timeline_->width();
  out.timeline.assign(timeline_->buckets().begin(), timeline_->buckets().end());
  return out;
}

}  // namespace headgate::guard
