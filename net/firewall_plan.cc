#include "net/firewall_plan.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace headgate::net {
namespace {

constexpr Duration kLinger = std::chrono::milliseconds(1500);

// Each ban once, by its set, in the order of addresses.
std::array<std::vector<BanElement>, kBanSets> BySet(std::span<const WantedBan> wanted, Time now) {
  KernelBans merged;
  for (const WantedBan& ban : wanted) {
    if (ban.until <= now) continue;
    KernelBan& kept = merged[KernelNetwork(ban.network)];
    if (ban.until > kept.until) kept = {ban.until, ban.by_operator};
  }
  std::array<std::vector<BanElement>, kBanSets> sets;
  for (const auto& [network, ban] : merged) {
    sets[static_cast<std::size_t>(SetOf(network))].push_back({network, ban.until, ban.by_operator});
  }
  return sets;
}

// Networks nest or are apart, and in order the outer one comes first.
void LeaveOutCovered(std::vector<BanElement>& networks, PushableBans& out) {
  std::vector<BanElement> kept;
  for (const BanElement& e : networks) {
    if (kept.empty() || !kept.back().network.Contains(e.network.address)) {
      kept.push_back(e);
      continue;
    }
    ++out.covered;
    if (e.until > kept.back().until) out.again = std::min(out.again, kept.back().until);
  }
  networks = std::move(kept);
}

void LeaveOutSurplus(std::vector<BanElement>& bans, std::uint32_t most, PushableBans& out) {
  if (bans.size() <= most) return;
  const auto before = [](const BanElement& a, const BanElement& b) {
    return std::tie(a.by_operator, a.until, a.network) >
           std::tie(b.by_operator, b.until, b.network);
  };
  std::nth_element(bans.begin(), bans.begin() + most, bans.end(), before);
  out.unpushed += bans.size() - most;
  bans.resize(most);
}

std::span<const BanElement> TakeSome(std::span<const BanElement>& from, std::size_t& room) {
  const std::size_t n = std::min(room, from.size());
  const auto taken = from.first(n);
  from = from.subspan(n);
  room -= n;
  return taken;
}

}  // namespace

bool SameEnd(Time a, Time b, Duration tolerance, Time now) {
  const auto [first, last] = std::minmax(a, b);
  return last - first <= tolerance || first - now > kLongestBan - std::chrono::hours(24 * 30);
}

PushableBans Pushable(std::span<const WantedBan> wanted, std::uint32_t hosts,
                      std::uint32_t networks, Time now) {
  PushableBans out;
  auto sets = BySet(wanted, now);
  for (std::size_t i = 0; i < kBanSets; ++i) {
    const bool wide = HoldsNetworks(static_cast<BanSet>(i));
    if (wide) LeaveOutCovered(sets[i], out);
    LeaveOutSurplus(sets[i], wide ? networks : hosts, out);
    for (const BanElement& e : sets[i]) out.bans[e.network] = {e.until, e.by_operator};
  }
  return out;
}

BanPlan Difference(const KernelBans& want, const KernelBans& have, Duration tolerance, Time now) {
  BanPlan plan;
  for (const auto& [network, ban] : have) {
    if (want.contains(network)) continue;
    const bool wide = HoldsNetworks(SetOf(network));
    if (ban.until <= now && !wide) continue;
    plan.gone.push_back({network, ban.until, ban.by_operator});
  }
  for (const auto& [network, ban] : want) {
    const BanElement element{network, ban.until, ban.by_operator};
    const auto it = have.find(network);
    if (it == have.end()) {
      plan.added.push_back(element);
    } else if (it->second.by_operator != ban.by_operator ||
               !SameEnd(it->second.until, ban.until, tolerance, now)) {
      plan.changed.push_back(element);
    }
  }
  return plan;
}

std::vector<BanBatch> Batches(const BanPlan& plan, std::size_t most) {
  std::span<const BanElement> gone(plan.gone), changed(plan.changed), added(plan.added);
  std::vector<BanBatch> batches;
  while (!gone.empty() || !changed.empty() || !added.empty()) {
    std::size_t room = std::max<std::size_t>(most, 1);
    BanBatch batch;
    if (!gone.empty()) {
      batch.gone = TakeSome(gone, room);
    } else {
      batch.changed = TakeSome(changed, room);
      batch.added = TakeSome(added, room);
    }
    batches.push_back(batch);
  }
  return batches;
}

void Apply(const BanBatch& batch, KernelBans& have) {
  for (const BanElement& e : batch.gone) have.erase(e.network);
  for (const BanElement& e : batch.changed) have[e.network] = {e.until, e.by_operator};
  for (const BanElement& e : batch.added) have[e.network] = {e.until, e.by_operator};
}

void Expire(KernelBans& have, Time now) {
  absl::erase_if(have, [now](const auto& e) { return e.second.until <= now - kLinger; });
}

}  // namespace headgate::net
