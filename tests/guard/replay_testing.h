// Replays made by hand: what a tally is told, in a few words.
//
// Threads: one. Lifetime: as of the tally.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "guard/replay_tally.h"
#include "net/address_text.h"

namespace headgate::guard::testing {

inline Address Peer(const std::string& text) { return *net::ParseAddress(text); }

// Seconds since 2026-01-31 12:00 UTC.
inline Time At(double seconds) {
  return Time(std::chrono::nanoseconds(1769860800LL * 1'000'000'000) +
              std::chrono::nanoseconds(static_cast<std::int64_t>(seconds * 1e9)));
}

inline EngineEvent Connects(double at, const std::string& peer, std::uint64_t serial = 1) {
  return {At(at), {0, serial}, event::Accepted{Peer(peer), Arrival::kDirect}};
}

inline Outcome Made(double at, Outcome::What what, Reason reason, const std::string& peer,
                    std::string_view user = {}, std::string_view class_name = {}) {
  Outcome o;
  o.at = At(at);
  o.what = what;
  o.reason = reason;
  o.peer = Peer(peer);
  o.user = user;
  o.class_name = class_name;
  return o;
}

}  // namespace headgate::guard::testing
