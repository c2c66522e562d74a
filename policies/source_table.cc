#include "policies/source_table.h"

namespace headgate {

SourceTable::SourceTable(KeyedHash hash, std::uint32_t capacity) : table_(hash, capacity) {}

SourceTable::Handle SourceTable::Touch(const Address& source) {
  const SourceName name(source);
  const Handle h = table_.Find(name);
  if (h != Table::kNone) {
    if (table_[h].live == kMostLive) return kOverflow;
    if (table_.ListOf(h) == kIdle) table_.MoveTo(h, kIdle);
    return h;
  }
  if (table_.size() == table_.capacity()) {
    const Handle oldest = table_.Oldest(kIdle);
    if (oldest == Table::kNone) return kOverflow;
    table_.Erase(oldest);
  }
  return table_.Insert(name, kIdle);
}

SourceTable::Handle SourceTable::Find(const Address& source) const {
  return table_.Find(SourceName(source));
}

bool SourceTable::TakeConnect(Handle h, const Rate& rate, Time now) {
  return h == kOverflow || table_[h].connects.Take(rate, now);
}

bool SourceTable::TakeSqueezed(Handle h, const Rate& rate, Time now) {
  return h == kOverflow || table_[h].squeezed.Take(rate, now);
}

bool SourceTable::MayConnect(Handle h, const Rate& rate, Time now) const {
  return h == kOverflow || table_[h].connects.Ready(rate, now);
}

bool SourceTable::MayConnectSqueezed(Handle h, const Rate& rate, Time now) const {
  return h == kOverflow || table_[h].squeezed.Ready(rate, now);
}

SourceTable::Used SourceTable::UsedOf(Handle h, const SourceLimits& limits, const Rate& squeezed,
                                      Time now) const {
  if (h == kOverflow) return {};
  const Entry& e = table_[h];
  return {e.connects.Debt(limits.connect_rate, now), e.squeezed.Debt(squeezed, now),
          e.refusals.Debt(limits.ban_after, now)};
}

bool SourceTable::TakeRefusal(Handle h, const Rate& ban_after, Time now) {
  return h == kOverflow || table_[h].refusals.Take(ban_after, now);
}

void SourceTable::AddLive(Handle h) {
  if (h == kOverflow) {
    ++overflow_.live;
  } else if (table_[h].live++ == 0) {
    table_.MoveTo(h, kLive);
  }
}

void SourceTable::DropLive(Handle h) {
  if (h == kOverflow) {
    --overflow_.live;
  } else if (--table_[h].live == 0) {
    table_.MoveTo(h, kIdle);
  }
}

void SourceTable::AddGood(Handle h) { h == kOverflow ? ++overflow_.good : ++table_[h].good; }
void SourceTable::DropGood(Handle h) { h == kOverflow ? --overflow_.good : --table_[h].good; }

std::uint32_t SourceTable::Live(Handle h) const {
  return h == kOverflow ? overflow_.live : table_[h].live;
}
std::uint32_t SourceTable::Good(Handle h) const {
  return h == kOverflow ? overflow_.good : table_[h].good;
}

std::uint32_t SourceTable::Expire(Time now, std::uint32_t most) {
  std::uint32_t dropped = 0;
  while (dropped < most) {
    const Handle oldest = table_.Oldest(kIdle);
    if (oldest == Table::kNone) break;
    const Entry& e = table_[oldest];
    if (!e.connects.Idle(now) || !e.squeezed.Idle(now) || !e.refusals.Idle(now)) break;
    table_.Erase(oldest);
    ++dropped;
  }
  return dropped;
}

}  // namespace headgate
