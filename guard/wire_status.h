// What `status` and `status --wire` say of the observer and of the firewall.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>

#include "guard/wire.h"
#include "net/firewall_status.h"
#include "policies/time.h"

namespace headgate::guard {

// Their parts of StatusJson().
[[nodiscard]] boost::json::object ObserverJson(const std::optional<Wire::View>& view);
[[nodiscard]] boost::json::object FirewallJson(const net::FirewallStatus& firewall, Time now);
// And of StatusText().
void AddObserverRow(const boost::json::value& root, std::string& out);
void AddFirewallRow(const boost::json::value& root, std::string& out);

// {"observer":{...},"last":{...}}: what StatusJson() has, and the last interval as a whole.
[[nodiscard]] std::string WireJson(const std::optional<Wire::View>& view);
// For a terminal: the counters, and the greatest sources as a table.
[[nodiscard]] std::string WireText(const std::string& json);

}  // namespace headgate::guard
