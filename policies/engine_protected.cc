// How those fare whom the gate is there for: known-good (source, user) pairs, and who comes from
// the networks of a class with a reserve.
#include <algorithm>
#include <vector>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

constexpr Duration kCountedFor = std::chrono::seconds(5);

}  // namespace

// Under the admission lock. Who waits only because he failed before (a pair's delay) is not told.
void Engine::Impl::ReadProtected(EngineStatus& s, Time now) const {
  s.protected_known = HasMembers(*limits);
  room.ForEachTurn(UINT32_MAX, [&](void* who, std::uint32_t) {
    const Ticket& t = *static_cast<const Ticket*>(who);
    if (!t.IsProtected()) return;
    ++s.protected_waiting;
    s.protected_longest_wait = std::max<Duration>(s.protected_longest_wait, now - t.waits_since);
  });
}

// Under the trust lock. Counted anew now and then, and at once after an operator's act: under an
// attack bans come all the time.
std::uint32_t Engine::Impl::ProtectedBans(const Limits& l, Time now) {
  BansCount& counted = protected_bans;
  if (!counted.stale && now - counted.at < kCountedFor) return counted.bans;
  counted = {false, now, 0};
  if (l.mode != Mode::kEnforce) return 0;
  std::vector<Cidr> binding;
  const auto note = [&, own_act = Acts(l, Reason::kBanned)](const Cidr& banned, bool by_operator) {
    if (own_act || by_operator) binding.push_back(banned);
  };
  if (bans.size() > 0) {
    known_good.ForEachSource([&](const Address& source) { bans.ForEachOver(source, now, note); });
    bans.ForEach(now, [&](const Cidr& banned, bool by_operator) {
      if (MeetsReserved(l, banned)) note(banned, by_operator);
    });
  }
  std::sort(binding.begin(), binding.end());
  const auto end = std::unique(binding.begin(), binding.end());
  counted.bans = static_cast<std::uint32_t>(end - binding.begin());
  return counted.bans;
}

bool Engine::Impl::MeetsReserved(const Limits& l, const Cidr& banned) {
  return std::any_of(l.classes.begin(), l.classes.end(), [&](const ClassLimits& c) {
    return IsReserved(c) && AnyOverlaps(c.sources, banned);
  });
}

}  // namespace headgate
