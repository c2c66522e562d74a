#include "policies/refusal_watch.h"

#include <algorithm>

namespace headgate {
namespace {

// Of one that has just begun less is made than it may be: two strays are no attack.
constexpr Duration kShortest = std::chrono::seconds(5);

}  // namespace

RefusalWatch::RefusalWatch(KeyedHash hash) : hash_(hash) {}

std::uint64_t RefusalWatch::RoundOf(Time now) {
  return static_cast<std::uint64_t>(now.time_since_epoch() / kRound);
}

void RefusalWatch::CatchUp(Tally& tally, std::uint64_t round) {
  if (tally.round == round) return;
  tally.before = tally.round + 1 == round ? tally.count : 0;
  tally.count = 0;
  tally.round = round;
}

void RefusalWatch::OnRefusal(const Address& peer, Reason reason, bool acted, Time now) {
  const Address source = SourceOf(peer);
  const std::uint64_t hash = hash_.Quick(source.bytes);
  Part& part = parts_[(hash >> 40) % kParts];
  const std::lock_guard lock(part.mutex);
  // Threads may bring their clocks in another order.
  const std::uint64_t round = std::max(part.round, RoundOf(now));
  if (round != part.round) part.sources.NewRound();
  part.round = round;
  Tally& tally = part.sources[part.sources.Add(hash, source)];
  CatchUp(tally, round);
  if (tally.count + tally.before == 0) tally.first = now;
  ++tally.count;
  tally.reason = reason;
  tally.acted = acted;
}

std::vector<RefusalWatch::Row> RefusalWatch::Rows(Time now) const {
  std::vector<Row> rows;
  for (const Part& part : parts_) {
    const std::lock_guard lock(part.mutex);
    const std::uint64_t round = std::max(part.round, RoundOf(now));
    for (std::uint32_t id = 0; id < part.sources.places(); ++id) {
      if (!part.sources.Holds(id)) continue;
      Tally tally = part.sources[id];
      CatchUp(tally, round);
      const std::uint64_t refused = tally.count + tally.before;
      if (refused == 0) continue;
      const Duration span = std::clamp<Duration>(now - tally.first, kShortest, 2 * kRound);
      rows.push_back({part.sources.KeyOf(id), refused, static_cast<double>(refused) / Seconds(span),
                      tally.reason, tally.acted});
    }
  }
  return rows;
}

}  // namespace headgate
