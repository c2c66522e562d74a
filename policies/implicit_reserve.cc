#include "policies/implicit_reserve.h"

#include <algorithm>
#include <numeric>
#include <span>
#include <tuple>

#include "policies/address.h"

namespace headgate {
namespace {

struct Demanded {
  ReserveDemand demand;
  Address prefix, wide_prefix;
  std::uint32_t granted = 0;
};
using Rows = std::span<Demanded>;

// The steps of the division, each inside a group of the one before.
enum class By : std::uint8_t { kRest, kCohort, kUser, kGeneration, kWidePrefix, kPrefix, kPair };

By Next(By by) { return static_cast<By>(static_cast<int>(by) + 1); }
// One group after the other; else max-min.
bool InTurn(By by) { return by == By::kRest || by == By::kCohort || by == By::kGeneration; }

bool OlderFirst(const Demanded& a, const Demanded& b) {
  return std::tie(a.demand.rests, b.demand.age, a.demand.pair) <
         std::tie(b.demand.rests, a.demand.age, b.demand.pair);
}

bool InOrder(By by, const Demanded& a, const Demanded& b) {
  if (InTurn(by)) return OlderFirst(a, b);
  const auto key = [](const Demanded& r) {
    return std::tie(r.demand.pair.user, r.wide_prefix, r.prefix, r.demand.pair.source);
  };
  return key(a) < key(b);
}

// `first` is the first of the group, in order: the oldest where that matters.
bool InOneGroup(By by, const Demanded& first, const Demanded& row) {
  switch (by) {
    case By::kRest:
      return row.demand.rests == first.demand.rests;
    case By::kCohort:
      return row.demand.age >= first.demand.age / 2;
    case By::kUser:
      return row.demand.pair.user == first.demand.pair.user;
    case By::kGeneration:
      return row.demand.age >= first.demand.age - kTogether;
    case By::kWidePrefix:
      return row.wide_prefix == first.wide_prefix;
    case By::kPrefix:
      return row.prefix == first.prefix;
    case By::kPair:
      return &row == &first;
  }
  return false;
}

std::uint64_t DemandOf(Rows rows) {
  return std::accumulate(rows.begin(), rows.end(), std::uint64_t{0},
                         [](std::uint64_t sum, const Demanded& r) { return sum + r.demand.slots; });
}

struct Group {
  Rows rows;
  std::uint64_t demand = 0;
};

std::vector<Group> Split(Rows rows, By by) {
  std::sort(rows.begin(), rows.end(),
            [by](const Demanded& a, const Demanded& b) { return InOrder(by, a, b); });
  std::vector<Group> groups;
  while (!rows.empty()) {
    const auto end = std::find_if_not(rows.begin(), rows.end(), [&](const Demanded& r) {
      return InOneGroup(by, rows.front(), r);
    });
    const auto size = static_cast<std::size_t>(end - rows.begin());
    groups.push_back({rows.first(size), DemandOf(rows.first(size))});
    rows = rows.subspan(size);
  }
  return groups;
}

void Divide(Rows rows, std::uint64_t slots, By by) {
  if (slots == 0) return;
  if (DemandOf(rows) <= slots) {
    for (Demanded& r : rows) r.granted = r.demand.slots;
    return;
  }
  if (rows.size() == 1) {
    rows.front().granted = static_cast<std::uint32_t>(slots);
    return;
  }
  std::vector<Group> groups = Split(rows, by);
  const bool in_turn = InTurn(by);
  // Max-min: those that want least first, each up to an equal part of what is left, rounded up.
  if (!in_turn) {
    std::stable_sort(groups.begin(), groups.end(),
                     [](const Group& a, const Group& b) { return a.demand < b.demand; });
  }
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const std::uint64_t sharers = in_turn ? 1 : groups.size() - i;
    const std::uint64_t part = (slots + sharers - 1) / sharers;
    const std::uint64_t gets = std::min(groups[i].demand, part);
    Divide(groups[i].rows, gets, Next(by));
    slots -= gets;
  }
}

}  // namespace

std::vector<ImplicitReserve> ShareOut(const std::vector<ReserveDemand>& demands,
                                      std::uint32_t slots) {
  std::vector<Demanded> rows;
  rows.reserve(demands.size());
  for (const ReserveDemand& d : demands) {
    if (d.slots == 0) continue;
    Demanded& row = rows.emplace_back();
    row.demand = d;
    row.demand.age = std::max(d.age, Duration::zero());
    row.prefix = PrefixOf(d.pair.source);
    row.wide_prefix = WidePrefixOf(d.pair.source);
  }
  Divide(rows, slots, By::kRest);
  std::erase_if(rows, [](const Demanded& r) { return r.granted == 0; });
  std::sort(rows.begin(), rows.end(), OlderFirst);
  std::vector<ImplicitReserve> reserves(rows.size());
  std::transform(rows.begin(), rows.end(), reserves.begin(), [](const Demanded& r) {
    return ImplicitReserve{r.demand.pair, r.granted};
  });
  return reserves;
}

}  // namespace headgate
