#include <algorithm>
#include <string_view>
#include <vector>

#include <absl/strings/ascii.h>
#include <absl/strings/str_format.h>
#include <absl/strings/str_split.h>
#include "guard/live_findings.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

using Judgement = LiveFinding::Level;

// One whose settings are judged.
struct Server {
  std::string name;  // begins each text about it; empty: there is no other
  std::string_view version;
  const LiveSettings* settings;
  bool local;
};

void JudgeNames(const Server& server, LiveFindings& out) {
  const LiveSettings& s = *server.settings;
  if (!s.skip_name_resolve) {
    out.push_back(
        {Judgement::kUnknown, "server", server.name + "skip_name_resolve: it does not say", ""});
  } else if (*s.skip_name_resolve) {
    out.push_back(
        {Judgement::kOk, "server",
         server.name +
             "skip_name_resolve is on: no login waits for DNS, and max_connect_errors blocks "
             "nobody",
         ""});
  } else {
    const std::string most =
        s.max_connect_errors ? absl::StrFormat(" after %d in a row", *s.max_connect_errors) : "";
    out.push_back(
        {Judgement::kWarning, "server",
         server.name +
             "skip_name_resolve is off: without DNS each login stalls for seconds, and broken "
             "logins can block an address, the gate's as well (error 1129" +
             most + ")",
         "skip_name_resolve = ON (grants to host names then no longer hold), or a large "
         "max_connect_errors"});
  }
}

// One address of a list as bind_address has it, "127.0.0.1" or MySQL's "127.0.0.1/name of netns".
bool IsLoopbackPlace(std::string place) {
  place.resize(std::min(place.find('/'), place.size()));
  absl::StripAsciiWhitespace(&place);
  if (place == "localhost") return true;
  const auto address = net::ParseAddress(place);
  return address && address->IsLoopback();
}

bool IsLoopbackOnly(const std::string& list) {
  const std::vector<std::string> places = absl::StrSplit(list, ',');
  return std::all_of(places.begin(), places.end(), IsLoopbackPlace);
}

// A port of the server's, by the names of its settings.
struct Way {
  std::string_view name;
  std::string address;
  std::string port;
};

std::vector<Way> WaysIn(const LiveSettings& s) {
  std::vector<Way> ways = {{"bind_address", *s.bind_address, s.port.value_or("unknown")}};
  if (s.x_address) {
    ways.push_back({"mysqlx_bind_address", *s.x_address, s.x_port.value_or("unknown")});
  }
  if (!s.admin_address.value_or("").empty()) {
    ways.push_back({"admin_address", *s.admin_address, s.admin_port.value_or("unknown")});
  }
  return ways;
}

// MariaDB has neither of the other ways in; a MySQL that does not speak of one may have it.
bool KnowsAllWays(const Server& server) {
  const LiveSettings& s = *server.settings;
  return server.version.find("MariaDB") != std::string_view::npos ||
         (s.x_address && s.admin_address);
}

void JudgeWays(const Server& server, LiveFindings& out) {
  std::string closed;
  bool open = false;
  for (const Way& way : WaysIn(*server.settings)) {
    if (IsLoopbackOnly(way.address)) {
      closed += absl::StrFormat("%sport %s listens on loopback alone (%s %s)",
                                closed.empty() ? "" : ", ", way.port, way.name, way.address);
      continue;
    }
    open = true;
    const std::string where = way.address.empty() ? "every address" : way.address;
    out.push_back({Judgement::kWarning, "bypass",
                   absl::StrFormat("%sthe server listens on %s, port %s: clients come past the "
                                   "gate there, unless a firewall is in the way",
                                   server.name, where, way.port),
                   absl::StrFormat("%s = 127.0.0.1, or a firewall rule", way.name)});
  }
  if (closed.empty()) return;
  if (!open && KnowsAllWays(server)) closed += ": nobody from another host comes past the gate";
  out.push_back({Judgement::kOk, "bypass", server.name + closed, ""});
}

void JudgeBypass(const Server& server, LiveFindings& out) {
  const LiveSettings& s = *server.settings;
  if (!server.local) {
    out.push_back(
        {Judgement::kUnknown, "bypass",
         server.name + "whether others than the gate reach the server cannot be seen from here",
         "let its firewall, or its accounts' hosts, admit nobody but the gate"});
  } else if (s.skip_networking.value_or(false)) {
    out.push_back({Judgement::kOk, "bypass",
                   server.name + "the server has no TCP port (skip_networking)", ""});
  } else if (!s.bind_address) {
    out.push_back(
        {Judgement::kUnknown, "bypass", server.name + "bind_address: the server does not say", ""});
  } else {
    JudgeWays(server, out);
  }
}

// Those whose settings are known; one alone needs no name.
std::vector<Server> ServersOf(const LiveFacts& f) {
  std::vector<Server> out;
  const bool several = f.config.backend.size() > 1;
  for (const LiveMonitor& m : f.monitors) {
    if (!m.login.settings.known) continue;
    out.push_back(
        {several ? m.backend + ": " : "", m.login.server_version, &m.login.settings, m.local});
  }
  if (!out.empty()) return out;
  for (const auto* login : {&f.plain, &f.tls}) {
    if (!*login || !(*login)->settings.known) continue;
    return {{several ? "of the backend that the login came to: " : "", (*login)->server_version,
             &(*login)->settings, f.backend_local}};
  }
  return out;
}

}  // namespace

void JudgeServer(const LiveFacts& f, LiveFindings& out) {
  const std::vector<Server> servers = ServersOf(f);
  for (const Server& server : servers) {
    JudgeNames(server, out);
    JudgeBypass(server, out);
  }
  const std::size_t backends = std::max<std::size_t>(f.config.backend.size(), 1);
  if (servers.empty()) {
    out.push_back({Judgement::kUnknown, "server", "its settings: no login could ask for them", ""});
  } else if (servers.size() < backends) {
    out.push_back({Judgement::kUnknown, "server",
                   absl::StrFormat("the settings of %d of %d backends: no login could ask for them",
                                   backends - servers.size(), backends),
                   ""});
  }
}

}  // namespace headgate::guard
