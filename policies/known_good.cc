#include "policies/known_good.h"

#include <algorithm>

namespace headgate {
namespace {

PairKey ByPrefix(const PairKey& pair) { return {PrefixOf(pair.source), pair.user}; }

template <typename Table, typename Key>
typename Table::Id FindOrInsert(Table& table, const Key& key) {
  const typename Table::Id id = table.Find(key);
  return id != Table::kNone ? id : table.Insert(key);
}

}  // namespace

KnownGood::KnownGood(KeyedHash hash, std::uint32_t capacity)
    : pairs_(hash, capacity), sources_(hash, capacity), prefixes_(hash, capacity) {}

void KnownGood::Promote(Pairs::Id id) {
  pairs_.MoveTo(id, kGood);
  const PairKey& pair = pairs_.KeyOf(id);
  ++sources_[FindOrInsert(sources_, pair.source)];
  ++prefixes_[FindOrInsert(prefixes_, ByPrefix(pair))].count;
  NoteNeighbours(id);
}

// What its neighbours go by. REQUIRES: it is known-good.
void KnownGood::NoteNeighbours(Pairs::Id id) {
  Neighbours& neighbours = prefixes_[prefixes_.Find(ByPrefix(pairs_.KeyOf(id)))];
  neighbours.since = std::min(neighbours.since, pairs_[id].first_minute());
  neighbours.last = std::max(neighbours.last, pairs_[id].last_minute());
}

void KnownGood::Forget(Pairs::Id id) {
  if (IsGood(id)) {
    const PairKey& pair = pairs_.KeyOf(id);
    const auto source = sources_.Find(pair.source);
    if (--sources_[source] == 0) sources_.Erase(source);
    const auto prefix = prefixes_.Find(ByPrefix(pair));
    if (--prefixes_[prefix].count == 0) prefixes_.Erase(prefix);
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
      if (out == Pairs::kNone || pairs_[out].last_minute() >= MinuteOf(now - kForgotten)) {
        return Pairs::kNone;
      }
    }
    Forget(out);
  }
  return pairs_.Insert(pair, kCandidate);
}

bool KnownGood::OnStatement(const PairKey& pair, const KnownGoodLimits& limits, Time now, bool calm,
                            bool first) {
  const Pairs::Id id = calm ? FindOrMake(pair, now) : pairs_.Find(pair);
  if (id == Pairs::kNone) return false;
  pairs_.MoveTo(id, pairs_.ListOf(id));
  PairHistory& history = pairs_[id];
  const PairHistory::Report report{.minute = MinuteOf(now), .calm = calm, .first = first};
  const std::int64_t before = history.last_minute();
  const bool earned = history.Note(report, IsGood(id), limits.growth);
  if (IsGood(id)) {
    if (history.last_minute() > before) NoteNeighbours(id);
    return false;
  }
  if (!earned || history.minutes() < std::max<std::uint32_t>(limits.minutes, 1)) return false;
  Promote(id);
  return true;
}

void KnownGood::OnSessionEnded(const PairKey& pair) {
  const Pairs::Id id = pairs_.Find(pair);
  if (id != Pairs::kNone) pairs_[id].OnSessionEnded();
}

bool KnownGood::OnSlowLogin(const PairKey& pair, Time now) {
  const Pairs::Id id = pairs_.Find(pair);
  return id != Pairs::kNone && IsGood(id) && pairs_[id].slow_logins.Note(now);
}

bool KnownGood::IsSlow(const PairKey& pair, Time now) const {
  const Pairs::Id id = pairs_.Find(pair);
  return id != Pairs::kNone && IsGood(id) && pairs_[id].slow_logins.Bind(now);
}

bool KnownGood::IsKnownGood(const PairKey& pair) const {
  const Pairs::Id id = pairs_.Find(pair);
  return id != Pairs::kNone && IsGood(id);
}

bool KnownGood::IsKnownGoodSource(const Address& source) const {
  return sources_.Find(source) != sources_.kNone;
}

bool KnownGood::IsKnownUserFromKnownPrefix(const PairKey& pair) const {
  return prefixes_.Find(ByPrefix(pair)) != prefixes_.kNone;
}

}  // namespace headgate
