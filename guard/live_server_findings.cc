#include <algorithm>
#include <charconv>

#include <absl/strings/str_format.h>
#include "guard/config_values.h"
#include "guard/live_findings.h"

namespace headgate::guard {
namespace {

using Level = LiveFinding::Level;

constexpr unsigned kDenied = 1045, kNotAllowed = 1130, kOutOfOrder = 1156, kNoAccount = 1698;
// The monitor gives up on the server after two; a look-up that nobody answers takes five.
constexpr Duration kSlow = std::chrono::seconds(1);

// 'headgate'@'192.0.2.20' of headgate@192.0.2.20, as a GRANT has it.
std::string Grantee(const std::string& account) {
  const std::size_t at = std::min(account.rfind('@'), account.size());
  const auto quoted = [](const std::string& text) {
    std::string out = "'";
    for (const char c : text) out += c == '\'' ? "''" : std::string(1, c);
    return out + "'";
  };
  return quoted(account.substr(0, at)) + "@" +
         quoted(at < account.size() ? account.substr(at + 1) : "%");
}

// {10, 11} of "5.5.5-10.11.6-MariaDB" (the prefix is for old replicas); {8, 0} of "8.0.36".
std::pair<int, int> VersionOf(std::string_view text) {
  constexpr std::string_view kPrefix = "5.5.5-";
  if (text.substr(0, kPrefix.size()) == kPrefix) text.remove_prefix(kPrefix.size());
  std::pair<int, int> version{0, 0};
  const char* end = text.data() + text.size();
  const auto major = std::from_chars(text.data(), end, version.first);
  if (major.ptr != end) std::from_chars(major.ptr + 1, end, version.second);
  return version;
}

// What the second privilege is called there: docs/monitor.md.
std::string_view PrivilegeName(const std::string& needed, const std::string& server) {
  if (needed != "CONNECTION ADMIN") return needed;
  const auto version = VersionOf(server);
  if (server.find("MariaDB") != std::string::npos) {
    return version < std::pair(10, 5) ? "SUPER" : "CONNECTION ADMIN";
  }
  return version < std::pair(8, 0) ? "SUPER" : "CONNECTION_ADMIN";
}

std::string GrantFor(const LiveMonitor& m) {
  std::string list;
  for (const std::string& needed : m.lacks) {
    list += (list.empty() ? "" : ", ") + std::string(PrivilegeName(needed, m.login.server_version));
  }
  return "GRANT " + list + " ON *.* TO " + Grantee(m.login.current_user);
}

std::string Where(const LiveFacts& f, const LiveMonitor& m) {
  return Quoted(f.config.monitor.user) + " at " + m.backend;
}

std::string RefusedRemedy(const LiveFacts& f, const LiveMonitor& m) {
  if (m.proxied && RefusesHeader(m.login)) return ProxyRemedy(f);
  if (m.proxied && m.login.code == kOutOfOrder) {
    return "the server takes no PROXY header, as MySQL does not: proxy_to_backend = \"off\", and "
           "[gate] transparent = true shows it the clients";
  }
  if (m.login.code == kDenied || m.login.code == kNoAccount || m.login.code == kNotAllowed) {
    return "docs/monitor.md has the account: is it granted to the gate's address, and is the "
           "password file's first line its password?";
  }
  return "is the server up, and does [gate] backend (or [monitor] address) say where it is?";
}

void JudgeMonitor(const LiveFacts& f, const LiveMonitor& m, LiveFindings& out) {
  if (!m.login.ok) {
    out.push_back({Level::kProblem, "monitor", Where(f, m) + " cannot log in: " + m.login.error,
                   RefusedRemedy(f, m)});
    return;
  }
  if (!m.knows_privileges) {
    out.push_back({Level::kUnknown, "monitor",
                   Where(f, m) + " is in; what it may do is not known: " + m.privileges_error, ""});
  } else if (!m.lacks.empty()) {
    const std::string lacks = m.lacks.front() + (m.lacks.size() > 1 ? " and " + m.lacks[1] : "");
    out.push_back({Level::kProblem, "monitor", Where(f, m) + " is in, and lacks " + lacks,
                   GrantFor(m) + " (to the account itself, not through a role)"});
  } else {
    out.push_back({Level::kOk, "monitor",
                   absl::StrFormat("%s is in as %s, with PROCESS and CONNECTION ADMIN, server %s",
                                   Where(f, m), m.login.current_user, m.login.server_version),
                   ""});
  }
  if (m.login.took < kSlow) return;
  out.push_back({Level::kWarning, "monitor",
                 absl::StrFormat("its login at %s took %.1f s: the gate's monitor gives up after 2",
                                 m.backend, std::chrono::duration<double>(m.login.took).count()),
                 "a server that looks up names and gets no answer does that: skip_name_resolve = "
                 "ON"});
}

void JudgeNames(const LiveSettings& s, LiveFindings& out) {
  if (!s.skip_name_resolve) {
    out.push_back({Level::kUnknown, "server", "skip_name_resolve: it does not say", ""});
  } else if (*s.skip_name_resolve) {
    out.push_back({Level::kOk, "server",
                   "skip_name_resolve is on: no login waits for DNS, and max_connect_errors blocks "
                   "nobody",
                   ""});
  } else {
    const std::string most =
        s.max_connect_errors ? absl::StrFormat(" after %d in a row", *s.max_connect_errors) : "";
    out.push_back(
        {Level::kWarning, "server",
         "skip_name_resolve is off: without DNS each login stalls for seconds, and broken "
         "logins can block an address, the gate's as well (error 1129" +
             most + ")",
         "skip_name_resolve = ON (grants to host names then no longer hold), or a large "
         "max_connect_errors"});
  }
}

bool IsLoopbackOnly(const std::string& bind) {
  return bind == "localhost" || bind == "::1" || bind.rfind("127.", 0) == 0;
}

void JudgeBypass(const LiveFacts& f, LiveFindings& out) {
  if (!f.backend_local) {
    out.push_back({Level::kUnknown, "bypass",
                   "whether others than the gate reach the server cannot be seen from here",
                   "let its firewall, or its accounts' hosts, admit nobody but the gate"});
    return;
  }
  const LiveSettings& s = f.settings;
  if (s.skip_networking.value_or(false)) {
    out.push_back({Level::kOk, "bypass", "the server has no TCP port (skip_networking)", ""});
  } else if (!s.bind_address) {
    out.push_back({Level::kUnknown, "bypass", "bind_address: the server does not say", ""});
  } else if (IsLoopbackOnly(*s.bind_address)) {
    out.push_back({Level::kOk, "bypass",
                   "the server listens on loopback alone (bind_address " + *s.bind_address +
                       "): nobody comes past the gate",
                   ""});
  } else {
    const std::string where = s.bind_address->empty() ? "every address" : *s.bind_address;
    out.push_back({Level::kWarning, "bypass",
                   "the server listens on " + where + ", port " + s.port.value_or("unknown") +
                       ": clients come past the gate there, unless a firewall is in the way",
                   "bind_address = 127.0.0.1, or a firewall rule"});
  }
}

}  // namespace

void JudgeMonitors(const LiveFacts& f, LiveFindings& out) {
  if (f.config.monitor.user.empty()) {
    out.push_back({Level::kOk, "monitor", "none is set up ([monitor] user)", ""});
    return;
  }
  switch (f.monitor_password) {
    case LivePassword::kMissing:
    case LivePassword::kNone:
      out.push_back({Level::kOk, "monitor", "none is set up: " + f.password_error,
                     "what one adds, and its account: docs/monitor.md"});
      return;
    case LivePassword::kUnreadable:
      out.push_back({Level::kUnknown, "monitor", f.password_error,
                     "run this as root or as the gate's user, which has to be able to read it"});
      return;
    case LivePassword::kUnusable:
      out.push_back(
          {Level::kProblem, "monitor", "its password is not used by the gate", f.password_error});
      return;
    case LivePassword::kGiven:
      break;
  }
  if (!f.own_host) {
    out.push_back({Level::kUnknown, "monitor",
                   "not asked: its account is the gate host's, and this is another one",
                   "run this on the gate's host as well"});
  }
  for (const LiveMonitor& monitor : f.monitors) JudgeMonitor(f, monitor, out);
}

void JudgeServer(const LiveFacts& f, LiveFindings& out) {
  if (!f.settings.known) {
    out.push_back({Level::kUnknown, "server", "its settings: no login could ask for them", ""});
    return;
  }
  JudgeNames(f.settings, out);
  JudgeBypass(f, out);
}

}  // namespace headgate::guard
