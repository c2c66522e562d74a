// How a tape begins: with what is there already, told as the events that would have led there.
#include <algorithm>
#include <cstddef>
#include <vector>

#include "policies/engine_impl.h"

namespace headgate {
namespace {

constexpr std::size_t kRecordsAtOnce = std::size_t{16} * 1024;

// In parts, so that none is too long for what takes it.
void TellGood(Tape& to, const std::vector<KnownGoodRecord>& good, Time now) {
  for (std::size_t from = 0; from < good.size(); from += kRecordsAtOnce) {
    const auto begin = good.begin() + static_cast<std::ptrdiff_t>(from);
    const std::size_t n = std::min(kRecordsAtOnce, good.size() - from);
    const std::vector<KnownGoodRecord> part(begin, begin + static_cast<std::ptrdiff_t>(n));
    to.On({.at = now, .id = {}, .what = event::KnownGoodRestored{&part, {}}}, {});
  }
}

// A connection that holds something, or may come to. Of what it runs nothing is known.
void TellTicket(Tape& to, const Ticket& t, Time now) {
  using State = Ticket::State;
  const auto tell = [&](auto what) { to.On({.at = now, .id = t.id, .what = what}, {}); };
  tell(event::Accepted{t.peer, t.arrival, /*found=*/true});
  if (t.state == State::kPending) return;
  tell(event::Login{{.user = t.names.user(), .database = t.names.database()}});
  if (t.state == State::kWaiting || t.state == State::kLogin) return;
  if (t.state == State::kFailed) return tell(event::LoginFailed{LoginFailure::kBackendRefused});
  if (t.opaque) {
    tell(event::Opaque{});
  } else {
    tell(event::LoginOk{});
  }
  if (t.state == State::kOrphan) tell(event::ClientGone{});
}

}  // namespace

std::uint32_t Engine::SetTape(Tape* tape, Time now) {
  Impl& m = *impl_;
  const std::lock_guard lock(m.taping.mutex);
  if (m.taping.to.exchange(tape, std::memory_order_relaxed) == nullptr) m.taping.at = now;
  return tape == nullptr ? 0 : m.TellWhatIs(*tape, now);
}

std::uint32_t Engine::Impl::TellWhatIs(Tape& to, Time now) {
  std::vector<KnownGoodRecord> good;
  std::vector<BanRecord> banned;
  {
    const std::lock_guard lock(trust_mutex);
    good = known_good.Export(now);
    banned = bans.Export(now);
  }
  TellGood(to, good, now);
  if (!banned.empty()) to.On({.at = now, .id = {}, .what = event::BansRestored{&banned, {}}}, {});
  const std::lock_guard lock(admission_mutex);
  if (server != ServerFacts{}) to.On({.at = now, .id = {}, .what = event::ServerTold{server}}, {});
  if (!backend_up) to.On({.at = now, .id = {}, .what = event::Backend{false}}, {});
  std::uint32_t found = 0;
  for (const Ticket* t = tickets; t != nullptr; t = t->next) {
    if (t->state == Ticket::State::kRefused) continue;
    TellTicket(to, *t, now);
    ++found;
  }
  return found;
}

}  // namespace headgate
