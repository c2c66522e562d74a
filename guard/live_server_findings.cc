#include <algorithm>
#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_values.h"
#include "guard/live_findings.h"
#include "guard/server_errors.h"

namespace headgate::guard {
namespace {

using Judgement = LiveFinding::Level;

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
    out.push_back({Judgement::kProblem, "monitor", Where(f, m) + " cannot log in: " + m.login.error,
                   RefusedRemedy(f, m)});
    return;
  }
  if (!m.knows_privileges) {
    out.push_back({Judgement::kUnknown, "monitor",
                   Where(f, m) + " is in; what it may do is not known: " + m.privileges_error, ""});
  } else if (!m.lacks.empty()) {
    const std::string lacks = m.lacks.front() + (m.lacks.size() > 1 ? " and " + m.lacks[1] : "");
    out.push_back({Judgement::kProblem, "monitor", Where(f, m) + " is in, and lacks " + lacks,
                   GrantFor(m) + " (to the account itself, not through a role)"});
  } else {
    out.push_back({Judgement::kOk, "monitor",
                   absl::StrFormat("%s is in as %s, with PROCESS and CONNECTION ADMIN, server %s",
                                   Where(f, m), m.login.current_user, m.login.server_version),
                   ""});
  }
  if (m.login.took < kSlow) return;
  out.push_back({Judgement::kWarning, "monitor",
                 absl::StrFormat("its login at %s took %.1f s: the gate's monitor gives up after 2",
                                 m.backend, std::chrono::duration<double>(m.login.took).count()),
                 "a server that looks up names and gets no answer does that: skip_name_resolve = "
                 "ON"});
}

// Why no monitor could be asked; nothing: it could.
std::optional<LiveFinding> NoMonitor(const LiveFacts& f) {
  if (f.config.monitor.user.empty()) {
    return LiveFinding{Judgement::kOk, "monitor", "none is set up ([monitor] user)", ""};
  }
  switch (f.monitor_password) {
    case LivePassword::kMissing:
    case LivePassword::kNone:
      return LiveFinding{Judgement::kOk, "monitor", "none is set up: " + f.password_error,
                         "what one adds, and its account: docs/monitor.md"};
    case LivePassword::kUnreadable:
      return LiveFinding{Judgement::kUnknown, "monitor", f.password_error,
                         "run this as root or as the gate's user, which has to be able to read it"};
    case LivePassword::kUnusable:
      return LiveFinding{Judgement::kProblem, "monitor", "its password is not used by the gate",
                         f.password_error};
    case LivePassword::kGiven:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

void JudgeMonitors(const LiveFacts& f, LiveFindings& out) {
  if (auto finding = NoMonitor(f)) {
    out.push_back(std::move(*finding));
    return;
  }
  if (!f.own_host) {
    out.push_back({Judgement::kUnknown, "monitor",
                   "not asked: its account is the gate host's, and this is another one",
                   "run this on the gate's host as well"});
  }
  for (const LiveMonitor& monitor : f.monitors) JudgeMonitor(f, monitor, out);
}

}  // namespace headgate::guard
