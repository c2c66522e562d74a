// What `status` and `bans` answer: as JSON from the gate, and as text for people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "guard/config.h"
#include "guard/host_figures.h"
#include "guard/shadow.h"
#include "guard/state_keeper.h"
#include "guard/wire.h"
#include "net/firewall_status.h"
#include "net/gate.h"
#include "policies/engine.h"
#include "policies/limits.h"

namespace headgate::guard {

struct ReloadCounts {
  std::uint64_t done = 0;
  std::uint64_t refused = 0;
  std::string last = "never";  // "never", "ok", "refused"
};

// The page on [admin] http.
struct PageStatus {
  std::string address;  // empty: there is to be none
  bool up = false;
  std::string error;  // why not
};

struct StatusFacts {
  Mode mode = Mode::kEnforce;
  Failover failover = Failover::kOff;
  bool pressure_enforced = true;
  Time now{};
  Duration uptime{};
  bool draining = false;
  std::vector<std::string> listening;
  net::GateStatus gate;
  EngineStatus engine;
  ReloadCounts reloads;
  StateStatus state;
  std::optional<Wire::View> wire;
  net::FirewallStatus firewall;
  PageStatus page;
  std::optional<ShadowStatus> shadow;  // none: there is none
  std::uint64_t log_dropped = 0;
  HostFigures host;
  ProcessFigures process;
};

// One line of JSON; every reason has its count in "acted", "would_act", "delayed" and
// "of_protected" (see EngineStatus), zeros included.
[[nodiscard]] std::string StatusJson(const StatusFacts& facts);
// {"bans":[{"source","remaining_s","times","operator","gate_only","reason"}]}, those that end first
// in front.
[[nodiscard]] std::string BansJson(std::vector<BanInfo> bans, Time now);

// For a terminal; what is no such JSON comes back as it is.
[[nodiscard]] std::string StatusText(const std::string& json);
[[nodiscard]] std::string BansText(const std::string& json);

}  // namespace headgate::guard
