// The backends by their names: what the file calls them, and what is connected to once names of
// hosts are looked up; and what `headgate backend` answers.
//
// Threads: immutable once settled; functions without state. Lifetime: none.
#pragma once

#include <boost/json.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/config.h"
#include "net/gate.h"

namespace headgate::guard {

struct BackendNames {
  std::vector<std::string> shown;    // "db.example:3306"
  std::vector<std::string> connect;  // "192.0.2.10:3306", at the same place
  std::string start;                 // of `connect`: the one in use at first
  bool collapsed = false;            // identity, over any of them
  std::vector<std::string> warnings;

  // What the file calls it; `name` itself where it is none of them.
  [[nodiscard]] std::string ShownOf(const std::string& name) const;
  // What is connected to, for either name of it.
  [[nodiscard]] std::optional<std::string> ConnectOf(const std::string& name) const;
  // Those of `connect` that are no unix sockets.
  [[nodiscard]] std::vector<Address> Addresses() const;
};

// Each name is looked up once, and what came of it is both judged and connected to. `remembered`
// was in use before a restart, by either name; empty: nothing is known of that. One that cannot be
// looked up is left out with a warning, as long as another is there; where it is the one to start
// with, that is an error unless failover is sticky.
[[nodiscard]] absl::StatusOr<BackendNames> SettleBackends(
    const Config& config, const std::function<std::vector<Address>(const std::string&)>& resolve,
    const std::string& remembered = "");

// The one in use; null where there is none.
[[nodiscard]] const net::BackendStatus* CurrentOf(const std::vector<net::BackendStatus>& backends);

// [{"name","current","up","state","for_s","error","server_version","read_only","monitor":{...}}]
[[nodiscard]] boost::json::array BackendList(const net::GateStatus& gate, Time now);
// {"backends":[...],"failover":"sticky"}
[[nodiscard]] std::string BackendsJson(const net::GateStatus& gate, Failover failover, Time now);
// For a terminal; what is no such JSON comes back as it is.
[[nodiscard]] std::string BackendsText(const std::string& json);
// The same of what POST /backend answers.
[[nodiscard]] std::string UsingText(const std::string& json);

}  // namespace headgate::guard
