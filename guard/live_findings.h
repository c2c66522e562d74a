// What the facts of a `check --live` mean, a line each, with the remedy.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "guard/live_facts.h"

namespace headgate::guard {

struct LiveFinding {
  // kUnknown: it could not be found out, and the text says why. Only kProblem is a "no".
  enum class Level : std::uint8_t { kOk, kUnknown, kWarning, kProblem };
  Level level = Level::kOk;
  std::string about;  // "gate", "login", "identity", "tls", "monitor", "server", "bypass"
  std::string text;
  std::string remedy;  // empty: nothing has to be done
};
using LiveFindings = std::vector<LiveFinding>;

[[nodiscard]] LiveFindings JudgeLive(const LiveFacts& facts);
[[nodiscard]] bool AnyProblem(const LiveFindings& findings);
[[nodiscard]] std::string_view Name(LiveFinding::Level level);

// The parts of JudgeLive(), each in a source of its own.

// Live*Door, settings that differ, the login itself.
void JudgeGate(const LiveFacts& facts, LiveFindings& out);
void JudgeLogin(const LiveFacts& facts, LiveFindings& out);
// Whether the server sees the client's own address.
void JudgeSeen(const LiveFacts& facts, LiveFindings& out);
// TLS of the client's leg and of the backend's, and the gate's certificate.
void JudgeTls(const LiveFacts& facts, LiveFindings& out);
void JudgeMonitors(const LiveFacts& facts, LiveFindings& out);
// Settings of the server that defeat a gate, and ways around it.
void JudgeServer(const LiveFacts& facts, LiveFindings& out);

// The login to go by: one that succeeded where there is one; null: none was tried.
[[nodiscard]] const LiveLogin* BestLogin(const LiveFacts& facts);
// Whether an account, "user@host" as CURRENT_USER() has it, is sure to be the one that is asked
// for from `client`: "%", a pattern of addresses, or that address. Never so for a host's name.
[[nodiscard]] bool CoversAddress(const std::string& account, const Address& client);
// Why the account of `f` should not log in through the gate: it would give the monitor's password
// to who is no gate, or could only fail. Empty: it should. REQUIRES: the monitor was asked first.
[[nodiscard]] std::string WhyNotTried(const LiveFacts& f);
// Whether the server said that it takes no PROXY header from there: its 1130 may mean that, or that
// no account is granted to the host.
[[nodiscard]] bool RefusesHeader(const LiveLogin& login);
// How the server's proxy_protocol_networks is set.
[[nodiscard]] std::string ProxyRemedy(const LiveFacts& facts);

}  // namespace headgate::guard
