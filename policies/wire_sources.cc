#include "policies/wire_sources.h"

#include <algorithm>
#include <tuple>

namespace headgate {
namespace {

HeavyHitters<Address, WireSources::State, 2>::Capacities Both(std::uint32_t each) {
  each = std::clamp(each, 1U, WireSources::kMost);
  return {each, each};
}

// Greater first; addresses differ, so there are no ties.
bool Before(const WireSource& a, const WireSource& b) {
  const auto rank = [](const WireSource& s) {
    return std::tuple(s.verified, s.counts.syn + s.error, s.counts.bytes);
  };
  return rank(a) != rank(b) ? rank(a) > rank(b) : a.source < b.source;
}

void KeepGreatest(std::vector<WireSource>& sources, std::uint32_t most) {
  const auto kept = static_cast<std::ptrdiff_t>(std::min<std::size_t>(most, sources.size()));
  std::partial_sort(sources.begin(), sources.begin() + kept, sources.end(), Before);
  sources.resize(static_cast<std::size_t>(kept));
}

}  // namespace

WireSources::WireSources(std::uint32_t each, Tick verified_for)
    : table_(Both(each)), verified_for_(verified_for) {}

WireSources::Handle WireSources::Verify(std::uint64_t hash, const Address& source, Tick now) {
  const Table::Id id = table_.Place(hash, source, kVerified);
  table_[id].proof = now;
  return HandleOf(id);
}

WireSource WireSources::Seen(Table::Id id) const {
  const State& s = table_[id];
  return {.source = table_.KeyOf(id),
          .counts = s.counts,
          .verified = table_.tier(id) == kVerified,
          .error = table_.error(id),
          .half_open = s.half_open};
}

std::vector<WireSource> WireSources::EndInterval(std::uint32_t most, Tick now) {
  std::array<std::vector<WireSource>, 2> by_tier;
  for (Table::Id id = 0; id < table_.places(); ++id) {
    if (!table_.Holds(id)) continue;
    const State& s = table_[id];
    if (s.counts.packets == 0 && s.counts.abandoned == 0 && s.half_open == 0) continue;
    std::vector<WireSource>& tier = by_tier[table_.tier(id)];
    tier.push_back(Seen(id));
    // So that a flood from everywhere does not copy the table.
    if (tier.size() >= 4 * std::size_t{most} + 1024) KeepGreatest(tier, most);
  }
  Reset(now);
  for (std::vector<WireSource>& tier : by_tier) KeepGreatest(tier, most);
  std::vector<WireSource>& top = by_tier[kVerified];
  top.insert(top.end(), by_tier[kUnverified].begin(), by_tier[kUnverified].end());
  return std::move(top);
}

void WireSources::Reset(Tick now) {
  for (Table::Id id = 0; id < table_.places(); ++id) {
    if (!table_.Holds(id)) continue;
    table_[id].counts = {};
    if (table_.tier(id) == kVerified && now - table_[id].proof > verified_for_) table_.Erase(id);
  }
  table_.NewRound();
}

std::uint64_t WireSources::HalfOpen() const {
  std::uint64_t sum = 0;
  for (Table::Id id = 0; id < table_.places(); ++id)
    sum += table_.Holds(id) ? table_[id].half_open : 0;
  return sum;
}

}  // namespace headgate
