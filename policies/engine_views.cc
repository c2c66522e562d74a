// Who is connected, one by one and by source: what operators look at.
#include <algorithm>
#include <tuple>
#include <utility>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

using Shown = SessionStatus::State;
Shown ShownAs(Ticket::State state) {
  switch (state) {
    case Ticket::State::kPending:
      return Shown::kPending;
    case Ticket::State::kWaiting:
      return Shown::kWaiting;
    case Ticket::State::kLogin:
    case Ticket::State::kReauth:
      return Shown::kLogin;
    case Ticket::State::kIn:
      return Shown::kIn;
    case Ticket::State::kOrphan:
      return Shown::kOrphan;
    case Ticket::State::kFailed:
    case Ticket::State::kRefused:
      return Shown::kEnding;
  }
  return Shown::kEnding;
}

bool IsBusy(const Ticket& t) {
  return t.state == Ticket::State::kIn &&
         t.idle_since.load(std::memory_order_relaxed) == Ticket::kBusy;
}

bool InTransaction(const Ticket& t) { return t.in_transaction.load(std::memory_order_relaxed); }

void CountIn(SourceStatus& row, Ticket::State state) {
  switch (ShownAs(state)) {
    case Shown::kPending:
      ++row.pending;
      return;
    case Shown::kWaiting:
      ++row.waiting;
      return;
    case Shown::kLogin:
      ++row.logins;
      return;
    case Shown::kIn:
      ++row.in;
      return;
    case Shown::kOrphan:
      ++row.orphans;
      return;
    case Shown::kEnding:
      return;
  }
}

SessionStatus StatusOf(const Ticket& t, Time now) {
  SessionStatus row;
  row.id = t.id;
  row.peer = t.peer;
  row.user = t.names.user();
  row.database = t.names.database();
  row.class_name = t.names.class_name();
  row.state = ShownAs(t.state);
  row.age = now - t.came;
  row.busy = IsBusy(t);
  if (row.state == Shown::kIn && !row.busy) {
    const Time since{Duration(t.idle_since.load(std::memory_order_relaxed))};
    row.idle = std::clamp<Duration>(now - since, Duration::zero(), row.age);
  }
  row.in_transaction = InTransaction(t);
  row.known_good = t.known_good;
  return row;
}

}  // namespace

// The lock is held for a copy of two fields of each ticket; the sums are made without.
std::vector<SourceStatus> Engine::Impl::ConnectedSources(Time now) const {
  std::vector<std::pair<Address, Ticket::State>> all;
  {
    const std::lock_guard lock(admission_mutex);
    all.reserve(ticket_count);
    for (const Ticket* t = tickets; t != nullptr; t = t->next)
      all.emplace_back(t->source(), t->state);
  }
  absl::flat_hash_map<Address, SourceStatus, KeyedHash> rows(0, hash);
  for (const auto& [source, state] : all) CountIn(rows[source], state);
  for (const RefusalWatch::Row& refused : decisions.Refused(now)) {
    SourceStatus& row = rows[refused.source];
    row.refused = refused.refused;
    row.refused_per_second = refused.per_second;
    row.reason = refused.reason;
    row.acted = refused.acted;
  }
  std::vector<SourceStatus> out;
  out.reserve(rows.size());
  for (auto& [source, row] : rows) {
    row.source = source;
    out.push_back(row);
  }
  return out;
}

std::uint32_t Engine::TrackedSources() const {
  std::uint32_t sources = 0;
  for (const auto& shard : impl_->shards) {
    const std::lock_guard lock(shard->mutex);
    sources += shard->sources.size();
  }
  return sources;
}

std::uint32_t Engine::Connections() const {
  const std::lock_guard lock(impl_->admission_mutex);
  return impl_->ticket_count;
}

std::vector<SourceStatus> Engine::Sources(std::size_t limit, SourceOrder order, Time now) const {
  Impl& m = *impl_;
  std::vector<SourceStatus> rows = m.ConnectedSources(now);
  const auto first = [order](const SourceStatus& a, const SourceStatus& b) {
    const auto key = [order](const SourceStatus& s) {
      const double connections = s.connections();
      const auto refused = static_cast<double>(s.refused);
      return order == SourceOrder::kRefused ? std::pair(refused, connections)
                                            : std::pair(connections, refused);
    };
    const auto left = key(a), right = key(b);
    return left != right ? left > right : a.source < b.source;
  };
  const std::size_t most = std::min(limit, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(most), rows.end(),
                    first);
  rows.resize(most);
  const std::lock_guard lock(m.trust_mutex);
  for (SourceStatus& row : rows) {
    row.known_good = m.known_good.IsKnownGoodSource(row.source);
    row.banned_until = m.bans.BannedUntil(row.source, now);
  }
  return rows;
}

std::vector<SessionStatus> Engine::Sessions(std::size_t limit, Time now) const {
  const Impl& m = *impl_;
  const auto rank = [](const Ticket& t) {
    return std::tuple(!IsBusy(t), !InTransaction(t), t.came, t.id);
  };
  std::vector<SessionStatus> rows;
  const std::lock_guard lock(m.admission_mutex);
  std::vector<std::pair<decltype(rank(*m.tickets)), const Ticket*>> all;
  all.reserve(m.ticket_count);
  for (const Ticket* t = m.tickets; t != nullptr; t = t->next) all.emplace_back(rank(*t), t);
  const std::size_t most = std::min(limit, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(most), all.end());
  rows.reserve(most);
  for (std::size_t i = 0; i < most; ++i) rows.push_back(StatusOf(*all[i].second, now));
  return rows;
}

}  // namespace headgate
