// What follows from the histories: the reserves, and what is kept across restarts.
#include <algorithm>
#include <optional>

#include "policies/known_good.h"

namespace headgate {
namespace {

using std::chrono::minutes;

// Those to be kept when not all fit first.
std::vector<const KnownGoodRecord*> ByWorth(const std::vector<KnownGoodRecord>& records) {
  std::vector<const KnownGoodRecord*> by_worth(records.size());
  std::transform(records.begin(), records.end(), by_worth.begin(),
                 [](const KnownGoodRecord& r) { return &r; });
  std::stable_sort(by_worth.begin(), by_worth.end(), [](const auto* a, const auto* b) {
    return a->good != b->good ? a->good : a->quiet < b->quiet;
  });
  return by_worth;
}

}  // namespace

const KnownGood::Neighbours& KnownGood::NeighboursOf(Pairs::Id id) const {
  const PairKey& pair = pairs_.KeyOf(id);
  return prefixes_[prefixes_.Find({PrefixOf(pair.source), pair.user})];
}

std::vector<ReserveDemand> KnownGood::Demands(Time now) const {
  std::vector<ReserveDemand> demands;
  const std::int64_t minute = MinuteOf(now);
  for (Pairs::Id id = pairs_.Oldest(kGood); id != Pairs::kNone; id = pairs_.Newer(id)) {
    const PairHistory& history = pairs_[id];
    const Neighbours& neighbours = NeighboursOf(id);
    const minutes quiet(minute - history.last_minute());
    const minutes replaced(neighbours.last - history.last_minute());
    if (quiet >= kDemandKept) continue;
    demands.push_back({.pair = pairs_.KeyOf(id),
                       .slots = history.Demand(),
                       .age = minutes(minute - neighbours.since),
                       .rests = quiet > kResting || replaced > kReplaced});
  }
  return demands;
}

std::vector<KnownGoodRecord> KnownGood::Export(Time now) const {
  std::vector<KnownGoodRecord> records;
  records.reserve(pairs_.size());
  for (const int list : {kGood, kCandidate}) {
    for (Pairs::Id id = pairs_.Oldest(list); id != Pairs::kNone; id = pairs_.Newer(id)) {
      KnownGoodRecord& record = records.emplace_back(pairs_[id].Export(MinuteOf(now)));
      record.pair = pairs_.KeyOf(id);
      record.good = list == kGood;
    }
  }
  return records;
}

void KnownGood::Restore(const std::vector<KnownGoodRecord>& records, Duration elapsed, Time now) {
  std::vector<Pairs::Id> restored;
  for (const KnownGoodRecord* record : ByWorth(records)) {
    if (pairs_.size() == pairs_.capacity()) break;
    const bool can_be_found = record->pair.source == SourceOf(record->pair.source);
    if (!can_be_found || pairs_.Find(record->pair) != Pairs::kNone) continue;
    std::optional<PairHistory> history = PairHistory::From(*record, elapsed, now);
    if (!history) continue;
    const Pairs::Id id = restored.emplace_back(pairs_.Insert(record->pair, kCandidate));
    pairs_[id] = *history;
    if (record->good) Promote(id);
  }
  // Who is longest silent is to be the oldest of its list.
  for (auto id = restored.rbegin(); id != restored.rend(); ++id) {
    pairs_.MoveTo(*id, pairs_.ListOf(*id));
  }
}

}  // namespace headgate
