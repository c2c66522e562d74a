// How those fare whom the gate is there for: known-good (source, user) pairs, and who comes from
// the networks of a class with a reserve.
#include <algorithm>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

constexpr Duration kCountedFor = std::chrono::seconds(5);

bool Meet(const Cidr& a, const Cidr& b) {
  return (a.bits <= b.bits && a.Contains(b.address)) || (b.bits <= a.bits && b.Contains(a.address));
}

}  // namespace

// Under the admission lock. Who waits only because he failed before (a pair's delay) is not told.
void Engine::Impl::ReadProtected(EngineStatus& s, Time now) const {
  s.protected_known = std::any_of(limits->classes.begin(), limits->classes.end(), IsReserved);
  room.ForEachTurn(UINT32_MAX, [&](void* who, std::uint32_t) {
    const Ticket& t = *static_cast<const Ticket*>(who);
    if (!t.of_protected) return;
    ++s.protected_waiting;
    s.protected_longest_wait = std::max<Duration>(s.protected_longest_wait, now - t.waits_since);
  });
}

// Under the trust lock. Counted anew when a ban has come or gone, and now and then: others become
// known-good.
std::uint32_t Engine::Impl::ProtectedBans(const Limits& l, Time now) {
  const std::uint64_t version = ban_version.load(std::memory_order_relaxed);
  BansCount& counted = protected_bans;
  if (counted.version == version && now - counted.at < kCountedFor) return counted.bans;
  counted = {version, now, 0};
  if (l.mode != Mode::kEnforce) return 0;
  const bool own_act = Acts(l, Reason::kBanned);
  bans.ForEach(now, [&](const Cidr& banned, bool by_operator) {
    if ((own_act || by_operator) && BindsProtected(l, banned)) ++counted.bans;
  });
  return counted.bans;
}

bool Engine::Impl::BindsProtected(const Limits& l, const Cidr& banned) const {
  const bool source = banned == SourceNetwork(banned.address);
  if (source ? known_good.IsKnownGoodSource(banned.address)
             : known_good.IsKnownGoodNetwork(banned)) {
    return true;
  }
  return std::any_of(l.classes.begin(), l.classes.end(), [&](const ClassLimits& c) {
    return IsReserved(c) && std::any_of(c.sources.begin(), c.sources.end(),
                                        [&](const Cidr& network) { return Meet(network, banned); });
  });
}

}  // namespace headgate
