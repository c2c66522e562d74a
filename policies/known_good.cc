#include "policies/known_good.h"

#include <algorithm>

namespace headgate {
namespace {

PairKey ByPrefix(const PairKey& pair) { return {PrefixOf(pair.source), pair.user}; }

template <typename Table, typename Key>
void Increment(Table& table, const Key& key) {
  typename Table::Id id = table.Find(key);
  if (id == Table::kNone) id = table.Insert(key);
  ++table[id];
}

template <typename Table, typename Key>
void Decrement(Table& table, const Key& key) {
  const typename Table::Id id = table.Find(key);
  if (--table[id] == 0) table.Erase(id);
}

}  // namespace

KnownGood::KnownGood(KeyedHash hash, std::uint32_t capacity)
    : pairs_(hash, capacity), sources_(hash, capacity), prefixes_(hash, capacity) {}

void KnownGood::Promote(Pairs::Id id) {
  pairs_.MoveTo(id, kGood);
  Increment(sources_, pairs_.KeyOf(id).source);
  Increment(prefixes_, ByPrefix(pairs_.KeyOf(id)));
}

void KnownGood::Forget(Pairs::Id id) {
  if (pairs_.ListOf(id) == kGood) {
    Decrement(sources_, pairs_.KeyOf(id).source);
    Decrement(prefixes_, ByPrefix(pairs_.KeyOf(id)));
  }
  pairs_.Erase(id);
}

KnownGood::Pairs::Id KnownGood::FindOrMake(const PairKey& pair, Time now) {
  const Pairs::Id found = pairs_.Find(pair);
  if (found != Pairs::kNone) return found;
  if (pairs_.size() == pairs_.capacity()) {
    Pairs::Id out = pairs_.Oldest(kCandidate);
    if (out == Pairs::kNone) {
      out = pairs_.Oldest(kGood);
      if (out == Pairs::kNone || pairs_[out].last_minute >= MinuteOf(now - kForgotten)) {
        return Pairs::kNone;
      }
    }
    Forget(out);
  }
  return pairs_.Insert(pair, kCandidate);
}

bool KnownGood::OnStatement(const PairKey& pair, const KnownGoodLimits& limits, Time now,
                            bool calm) {
  const Pairs::Id id = calm ? FindOrMake(pair, now) : pairs_.Find(pair);
  if (id == Pairs::kNone) return false;
  pairs_.MoveTo(id, pairs_.ListOf(id));
  Earned& e = pairs_[id];
  const std::int64_t minute = MinuteOf(now);
  if (minute <= e.last_minute) return false;
  e.last_minute = minute;
  if (!calm || pairs_.ListOf(id) == kGood) return false;
  if (++e.minutes < std::max<std::uint32_t>(limits.minutes, 1)) return false;
  Promote(id);
  return true;
}

bool KnownGood::IsKnownGood(const PairKey& pair) const {
  const Pairs::Id id = pairs_.Find(pair);
  return id != Pairs::kNone && pairs_.ListOf(id) == kGood;
}

bool KnownGood::IsKnownGoodSource(const Address& source) const {
  return sources_.Find(source) != sources_.kNone;
}

bool KnownGood::IsKnownUserFromKnownPrefix(const PairKey& pair) const {
  return prefixes_.Find(ByPrefix(pair)) != prefixes_.kNone;
}

}  // namespace headgate
