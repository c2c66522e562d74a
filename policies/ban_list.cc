#include "policies/ban_list.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace headgate {
namespace {

constexpr Duration kLongestBan = std::chrono::hours(24 * 3650);

Duration Doubled(Duration base, std::uint32_t times, Duration most) {
  Duration d = std::min(base, most);
  for (std::uint32_t i = 0; i < times && d < most; ++i) d = d > most / 2 ? most : d * 2;
  return d;
}

}  // namespace

BanList::BanList(KeyedHash hash, std::uint32_t capacity)
    : table_(hash, std::max<std::uint32_t>(capacity, 1)) {}

BanList::Order BanList::OrderOf(const Entry& e, Id id) {
  return {e.kind, e.kind == Kind::kEnded ? e.forget : e.until, id};
}

void BanList::Set(Id id, Entry entry) {
  Entry& e = table_[id];
  order_.erase(OrderOf(e, id));
  running_ -= e.kind != Kind::kEnded;
  e = std::move(entry);
  running_ += e.kind != Kind::kEnded;
  order_.insert(OrderOf(e, id));
}

void BanList::Drop(Id id) {
  const Cidr key = table_.KeyOf(id);
  if (IsWide(key)) {
    const auto width = widths_.find(key.bits);
    if (--width->second == 0) widths_.erase(width);
  }
  order_.erase(OrderOf(table_[id], id));
  running_ -= table_[id].kind != Kind::kEnded;
  table_.Erase(id);
}

Cidr BanList::KeyOf(const Cidr& network) {
  const Cidr source = SourceNetwork(network.address);
  if (network.bits >= source.bits) return source;
  return {Masked(network.address, network.bits), network.bits};
}

BanList::Id BanList::FindOrMake(const Cidr& key, Kind kind, Time now) {
  Id id = table_.Find(key);
  if (id != 0) return id;
  if (table_.size() == table_.capacity()) Expire(now);
  if (table_.size() == table_.capacity()) {
    const Order first = *order_.begin();
    if (first.kind > kind) return 0;
    Drop(first.id);
  }
  if (IsWide(key)) ++widths_[key.bits];
  return table_.Insert(key);
}

bool BanList::Runs(const Cidr& key, Kind least, Time now) const {
  const Id id = table_.Find(key);
  return id != 0 && table_[id].kind >= least && now < table_[id].until;
}

bool BanList::Binds(const Address& source, Kind least, Time now) const {
  if (Runs(SourceNetwork(source), least, now)) return true;
  const bool v4 = source.IsV4();
  return std::any_of(widths_.begin(), widths_.end(), [&](const auto& width) {
    return (width.first >= kV4Bits) == v4 &&
           Runs({Masked(source, width.first), width.first}, least, now);
  });
}

bool BanList::IsBanned(const Address& source, Time now) const {
  return Binds(source, Kind::kOwn, now);
}

bool BanList::IsBannedByOperator(const Address& source, Time now) const {
  return Binds(source, Kind::kOperator, now);
}

BanInfo BanList::InfoOf(Id id) const {
  const Entry& e = table_[id];
  const bool by_operator = e.kind == Kind::kOperator;
  return {table_.KeyOf(id), e.until, e.times, e.reason, by_operator, e.gate_only};
}

std::optional<BanInfo> BanList::Find(const Address& source, Time now) const {
  std::optional<Id> best;
  const auto rank = [&](Id id) { return std::pair(table_[id].kind, table_[id].until); };
  ForEachOn(source, now, [&](Id id) {
    if (!best || rank(*best) < rank(id)) best = id;
  });
  return best ? std::optional(InfoOf(*best)) : std::nullopt;
}

std::optional<Time> BanList::BannedUntil(const Address& source, Time now) const {
  std::optional<Time> until;
  ForEachOn(source, now,
            [&](Id id) { until = std::max(until.value_or(table_[id].until), table_[id].until); });
  return until;
}

Time BanList::Escalate(const Address& source, Duration ban, Duration ban_max,
                       std::string_view reason, Time now, bool gate_only) {
  const Id id = FindOrMake(SourceNetwork(source), Kind::kOwn, now);
  if (id == 0) return now;
  Entry e = table_[id];
  const bool running = e.kind != Kind::kEnded && now < e.until;
  if (running && e.kind == Kind::kOperator) return e.until;
  if (now >= e.forget) e.times = 0;
  const Time until = now + Doubled(ban, e.times, std::min(ban_max, kLongestBan));
  e.until = running ? std::max(e.until, until) : until;
  e.forget = e.until + std::clamp(ban_max, Duration::zero(), kLongestBan);
  e.times = std::min<std::uint32_t>(e.times + 1, 64);
  e.kind = Kind::kOwn;
  e.gate_only = gate_only && (!running || e.gate_only);
  e.reason = reason.substr(0, kMaxReasonBytes);
  const Time end = e.until;
  Set(id, std::move(e));
  return end;
}

bool BanList::NoteDirect(const Address& source, Time now) {
  const Id id = table_.Find(SourceNetwork(source));
  if (id == 0) return false;
  Entry& e = table_[id];
  return e.kind == Kind::kOwn && now < e.until && std::exchange(e.gate_only, false);
}

bool BanList::Ban(const Cidr& network, Duration how_long, std::string_view reason, Time now) {
  const Id id = FindOrMake(KeyOf(network), Kind::kOperator, now);
  if (id == 0) return false;
  Entry e = table_[id];
  e.until = now + std::clamp(how_long, Duration::zero(), kLongestBan);
  e.forget = std::max(e.forget, e.until);
  e.times = std::min<std::uint32_t>(e.times + 1, 64);
  e.kind = Kind::kOperator;
  e.gate_only = false;
  e.reason = reason.substr(0, kMaxReasonBytes);
  Set(id, std::move(e));
  return true;
}

bool BanList::Unban(const Cidr& network, Time now) {
  const Cidr key = KeyOf(network);
  const bool banned = Runs(key, Kind::kOwn, now);
  if (const Id id = table_.Find(key); id != 0) Drop(id);
  return banned;
}

std::size_t BanList::UnbanAll(Time now) {
  Expire(now);
  const std::size_t banned = running_;
  while (!order_.empty()) Drop(order_.begin()->id);
  return banned;
}

std::vector<BanInfo> BanList::List(Time now) const {
  std::vector<BanInfo> bans;
  bans.reserve(running_);
  for (const Order& o : order_) {
    const Entry& e = table_[o.id];
    if (e.kind == Kind::kEnded || e.until <= now) continue;
    bans.push_back(InfoOf(o.id));
  }
  return bans;
}

std::vector<BanRecord> BanList::Export(Time now) const {
  std::vector<BanRecord> records;
  records.reserve(table_.size());
  for (const Order& o : order_) {
    const Entry& e = table_[o.id];
    if (now >= e.forget && now >= e.until) continue;
    records.push_back({.network = table_.KeyOf(o.id),
                       .left = std::max(e.until - now, Duration::zero()),
                       .forget = std::max(e.forget - now, Duration::zero()),
                       .times = e.times,
                       .by_operator = e.kind == Kind::kOperator,
                       .gate_only = e.gate_only,
                       .reason = e.reason});
  }
  return records;
}

void BanList::Restore(const BanRecord& record, Duration elapsed, Time now) {
  const Duration left = std::min(record.left, kLongestBan) - elapsed;
  const Duration forget = std::min(record.forget, kLongestBan) - elapsed;
  if (left <= Duration::zero() && forget <= Duration::zero()) return;
  Kind kind = record.by_operator ? Kind::kOperator : Kind::kOwn;
  if (left <= Duration::zero()) kind = Kind::kEnded;
  const Cidr key = KeyOf(record.network);
  Entry next{.until = now + left,
             .forget = now + std::max(forget, left),
             .times = std::min<std::uint32_t>(record.times, 64),
             .kind = kind,
             .gate_only = record.gate_only,
             .reason = record.reason.substr(0, kMaxReasonBytes)};
  if (const Id there = table_.Find(key); there != 0) {
    const Entry& e = table_[there];
    next.until = std::max(next.until, e.until);
    next.forget = std::max(next.forget, e.forget);
    next.times = std::max(next.times, e.times);
    next.kind = std::max(next.kind, e.kind);
    next.gate_only = next.gate_only && e.gate_only;
    if (!e.reason.empty()) next.reason = e.reason;
  }
  const Id id = FindOrMake(key, next.kind, now);
  if (id != 0) Set(id, std::move(next));
}

void BanList::ExpireKind(Kind kind, Time now) {
  while (true) {
    const auto it = order_.lower_bound(Order{kind, Time::min(), 0});
    if (it == order_.end() || it->kind != kind || now < it->at) return;
    const Id id = it->id;
    if (now >= table_[id].forget) {
      Drop(id);
    } else {
      Entry ended = table_[id];
      ended.kind = Kind::kEnded;
      Set(id, std::move(ended));
    }
  }
}

void BanList::Expire(Time now) {
  ExpireKind(Kind::kOwn, now);
  ExpireKind(Kind::kOperator, now);
  ExpireKind(Kind::kEnded, now);
}

}  // namespace headgate
