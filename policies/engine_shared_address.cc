// Looks now and then whether one address stands for many clients, and nothing in the limits says
// so.
#include <algorithm>
#include <array>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

// Nothing takes a source for one client then.
bool LimitsBySource(const Limits& l) {
  const auto off = [](const Share& share) { return share.kind == Share::Kind::kOff; };
  const SourceLimits& s = l.source;
  return !(s.connect_rate.Off() && off(s.connections) && s.ban_after.Off());
}

bool ProvidedFor(const Limits& l, const Address& source) {
  return AnyTouches(l.source.exempt, source) ||
         std::any_of(l.classes.begin(), l.classes.end(),
                     [&](const ClassLimits& c) { return AnyTouches(c.sources, source); });
}

bool IsIn(const Ticket& t) { return t.state == Ticket::State::kIn; }

}  // namespace

// Holds no lock when called.
void Engine::Impl::LookForSharedAddress(Time now) {
  shared_due.store(now + SharedAddressWatch::kRound, std::memory_order_relaxed);
  AddressLoad knocks = MostConnects();
  const Admission admission(*this, now);
  const auto last = shared_addresses.last();
  if (last && (ProvidedFor(*limits, last->load.source) ||
               last->of_proxy != AnyTouches(limits->proxies, last->load.source))) {
    shared_addresses.Forget();
  }
  if (!LimitsBySource(*limits)) return shared_addresses.Forget();
  AddressLoad sits{.source = MostSessions()};
  for (AddressLoad* load : {&knocks, &sits}) {
    CountSessions(*load);
    const auto sign = LooksShared(*load);
    if (!sign || ProvidedFor(*limits, load->source)) continue;
    const SharedAddress found{*sign, *load, AnyTouches(limits->proxies, load->source)};
    if (shared_addresses.Note(found, now)) decisions.Tell(found);
    return;
  }
}

// A source is always of the same shard, so who has more than half of all has it in that shard.
AddressLoad Engine::Impl::MostConnects() {
  AddressLoad most;
  std::uint64_t all = 0;
  for (const auto& shard : shards) {
    AddressLoad load;
    {
      const std::lock_guard lock(shard->mutex);
      load = shard->tally.EndRound();
    }
    all += load.all_connects;
    if (load.connects >= most.connects) most = load;
  }
  most.all_connects = all;
  return most;
}

// As MajorityTally, in one go.
Address Engine::Impl::MostSessions() const {
  Address candidate;
  std::uint32_t votes = 0;
  for (const Ticket* t = tickets; t != nullptr; t = t->next) {
    if (!IsIn(*t) || !IsTallied(*limits, t->source(), t->arrival)) continue;
    if (votes == 0) candidate = t->source();
    t->source() == candidate ? ++votes : --votes;
  }
  return candidate;
}

void Engine::Impl::CountSessions(AddressLoad& load) const {
  std::array<PairKey, kSeveralUsers> users;
  for (const Ticket* t = tickets; t != nullptr; t = t->next) {
    if (!IsIn(*t)) continue;
    ++load.all_sessions;
    if (t->source() != load.source || !IsTallied(*limits, t->source(), t->arrival)) continue;
    ++load.sessions;
    const auto end = users.begin() + load.users;
    if (load.users == kSeveralUsers || std::find(users.begin(), end, t->proven()) != end) continue;
    users[load.users++] = t->proven();
  }
}

}  // namespace headgate
