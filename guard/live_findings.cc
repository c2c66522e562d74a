#include "guard/live_findings.h"

#include <algorithm>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/config_values.h"
#include "guard/server_errors.h"
#include "net/mysql/session.h"

namespace headgate::guard {
namespace {

using Answer = LiveDoor::Answer;
using Judgement = LiveFinding::Level;

// Whether the monitor's login works at a server itself; `proxied`: behind a PROXY header.
bool DirectlyIn(const LiveFacts& f, bool proxied) {
  return std::any_of(f.monitors.begin(), f.monitors.end(), [proxied](const LiveMonitor& m) {
    return m.login.ok && (m.proxied || !proxied);
  });
}

// What stands there instead of a greeting. REQUIRES: the gate was asked.
LiveFinding NoGreeting(const LiveFacts& f) {
  const std::string by_reason = "`headgate status` on its host tells refusals by reason";
  const auto problem = [&f](const std::string& text, const std::string& remedy) {
    return LiveFinding{Judgement::kProblem, "gate", f.gate + text, remedy};
  };
  switch (f.door.answer) {
    case Answer::kNoConnection:
      return problem(" cannot be reached: " + f.door.error,
                     "is it running? `systemctl status headgate`; [gate] listen and the firewall "
                     "say where it can be reached; --connect HOST:PORT asks elsewhere");
    case Answer::kSilent:
      return problem(" takes the connection and says nothing",
                     "`headgate status` on its host: is it out of pending places, or is the "
                     "server down?");
    case Answer::kClosed:
      return problem(" closes the connection without a greeting",
                     by_reason + ": a ban, a rate, or no backend to greet for");
    case Answer::kError:
      return problem(absl::StrFormat(" answers with error %d: %s", f.door.code, f.door.error),
                     by_reason + ", and the backends");
    default:
      return problem(" says something that is no greeting of a MySQL server",
                     "another service has the port");
  }
}

LiveFinding WhoGreets(const LiveFacts& f) {
  const LiveDoor& door = f.door;
  if (f.config.tls.mode == net::TlsMode::kPassthrough) {
    return {Judgement::kUnknown, "gate",
            f.gate +
                " answers; in passthrough the greeting is the server's own, so it cannot show "
                "whether a gate is in between",
            ""};
  }
  if (door.connection_id < mysql::kFirstConnectionId) {
    return {Judgement::kProblem, "gate",
            absl::StrFormat("at %s the server itself answers (%s, connection id %d), not headgate",
                            f.gate, door.server_version, door.connection_id),
            "let the server listen on another port, or on loopback alone, and start the gate; see "
            "[gate] listen"};
  }
  // A server that has run for long may have come to such ids, too.
  if (f.knows_running) return {Judgement::kOk, "gate", f.gate + " answers, and it is headgate", ""};
  return {Judgement::kOk, "gate",
          absl::StrFormat("%s answers, and looks like headgate (connection id %d)", f.gate,
                          door.connection_id),
          ""};
}

void JudgeDoor(const LiveFacts& f, LiveFindings& out) {
  if (f.door.answer == LiveDoor::Answer::kNotAsked) return;
  const bool greets = f.door.answer == LiveDoor::Answer::kGreeting;
  out.push_back(greets ? WhoGreets(f) : NoGreeting(f));
}

void JudgeRunning(const LiveFacts& f, LiveFindings& out) {
  if (f.door.answer == LiveDoor::Answer::kNoConnection) return;
  if (!f.knows_running) {
    out.push_back(
        {Judgement::kUnknown, "gate", "whether it runs with this file: " + f.running_error, ""});
    return;
  }
  if (f.differs.empty()) {
    out.push_back({Judgement::kOk, "gate", "it runs with this file's settings", ""});
    return;
  }
  const std::size_t more = f.differs.size() - 1;
  out.push_back({Judgement::kProblem, "gate",
                 "it runs with other settings than this file's: " + f.differs.front() +
                     (more == 0 ? "" : absl::StrFormat(", and %d more", more)),
                 "`headgate diff FILE` lists them; `headgate reload`, or a restart, applies them"});
}

// 1130 of a server that is not a broken PROXY set-up: no account for the host that it names.
std::string NotAllowedRemedy(const LiveFacts& f, const LiveLogin& login) {
  if (RefusesHeader(login)) return ProxyRemedy(f);
  if (f.config.transparent) {
    return "no account of the server is granted to the client's own address, which it sees: CREATE "
           "USER name@'that address'";
  }
  if (f.config.proxy_to_backend == ProxyToBackend::kOff) {
    return "no account of the server is granted to the gate's address: CREATE USER "
           "name@'that address'";
  }
  const std::string grant =
      "no account of the server is granted to the host that the message names: CREATE USER "
      "name@'that host'";
  if (DirectlyIn(f, true)) return grant + " (it takes the gate's PROXY header: the monitor is in)";
  return grant + ". Is that the gate's address, and not the client's? Then " + ProxyRemedy(f);
}

std::string LoginRemedy(const LiveFacts& f, const LiveLogin& login) {
  switch (login.code) {
    case kTooMany:
      return "the gate or the server has no place for it: `headgate status` tells which, by reason";
    case kDenied:
    case kNoAccount:
      return "the server decides that: is the password right, and is the account granted to the "
             "host that the message names? see docs/identity.md";
    case kHostBlocked:
      return "the server has blocked the gate's address over max_connect_errors: FLUSH HOSTS, and "
             "skip_name_resolve = ON keeps it from happening again";
    case kNotAllowed:
      return NotAllowedRemedy(f, login);
    case kOutOfOrder:
      return "the server takes no PROXY header, as MySQL does not: proxy_to_backend = \"off\", and "
             "[gate] transparent = true shows it the clients";
    case kLost:
      return "`headgate status` on the gate's host: is the server up, and does the log say why a "
             "login is closed? A server that takes no PROXY header ends one like this";
    case kClearPlugin:
      return "who answers wants the password in clear, which it gets on its own host alone (PAM): "
             "ask there, at loopback, or with another account";
    case kNoTls:
      return "see the findings about tls";
    default:
      return "`headgate status` on the gate's host, and the log of the server";
  }
}

// The monitor's account is granted to the gate's host, which is not where this client comes from.
bool IsHostsAlone(const LiveFacts& f, const LiveLogin& login) {
  if (!f.by_monitor || RefusesHeader(login)) return false;
  // Without a header of its own the monitor's login does not tell what 1130 is about.
  const bool proxied = f.config.proxy_to_backend != ProxyToBackend::kOff;
  if (login.code == kNotAllowed) return DirectlyIn(f, proxied);
  return (login.code == kDenied || login.code == kNoAccount) && DirectlyIn(f, false);
}

void JudgePassword(const LiveFacts& f, LiveFindings& out) {
  const std::string other = "--user NAME with --password-file FILE or --password-stdin";
  if (!f.not_tried.empty()) {
    out.push_back(
        {Judgement::kUnknown, "login", "not tried: " + f.not_tried, "give one: " + other});
  }
  if (!f.account.empty()) return;
  out.push_back({Judgement::kUnknown, "login",
                 f.monitor_password == LivePassword::kNone
                     ? "not tried: no account was given, and [monitor] user names none"
                     : "not tried: no account was given, and the monitor's has no password here: " +
                           f.password_error,
                 "give one: " + other});
}

}  // namespace

const LiveLogin* BestLogin(const LiveFacts& f) {
  if (f.tls && f.tls->ok && !(f.plain && f.plain->ok)) return &*f.tls;
  if (f.plain) return &*f.plain;
  return f.tls ? &*f.tls : nullptr;
}

bool RefusesHeader(const LiveLogin& login) {
  // MariaDB's, the same in every language: "Proxy header is not accepted from 192.0.2.20".
  return login.code == kNotAllowed && login.error.find("roxy header") != std::string::npos;
}

std::string ProxyRemedy(const LiveFacts& f) {
  const bool any_unix = std::any_of(f.config.backend.begin(), f.config.backend.end(),
                                    [](const Endpoint& e) { return e.IsUnix(); });
  return "the server takes a PROXY header from nobody whom its proxy_protocol_networks does not "
         "name: put the gate's address there (over a unix socket: localhost), in the server's "
         "file below [mysqld], or with SET GLOBAL proxy_protocol_networks = '" +
         std::string(any_unix          ? "localhost"
                     : f.backend_local ? "127.0.0.0/8"
                                       : "GATE ADDRESS") +
         "'";
}

void JudgeGate(const LiveFacts& f, LiveFindings& out) {
  JudgeDoor(f, out);
  JudgeRunning(f, out);
}

void JudgeLogin(const LiveFacts& f, LiveFindings& out) {
  if (f.door.answer != LiveDoor::Answer::kGreeting) return;
  JudgePassword(f, out);
  const LiveLogin* login = BestLogin(f);
  if (login == nullptr) return;
  if (!login->ok && IsHostsAlone(f, *login)) {
    out.push_back({Judgement::kUnknown, "login",
                   "the monitor's account, which works at the server itself, is not granted to "
                   "where the server sees this client: " +
                       login->error,
                   "give another account: --user NAME with --password-file FILE or "
                   "--password-stdin"});
    return;
  }
  if (!login->ok) {
    out.push_back({Judgement::kProblem, "login",
                   absl::StrFormat("%s is refused: %s", Quoted(f.account), login->error),
                   LoginRemedy(f, *login)});
    return;
  }
  out.push_back({Judgement::kOk, "login",
                 absl::StrFormat("%s is in: USER() %s, CURRENT_USER() %s, CONNECTION_ID() %s, "
                                 "server %s",
                                 Quoted(f.account), login->user, login->current_user,
                                 login->server_id, login->server_version),
                 ""});
}

LiveFindings JudgeLive(const LiveFacts& facts) {
  LiveFindings out;
  JudgeGate(facts, out);
  JudgeLogin(facts, out);
  JudgeSeen(facts, out);
  JudgeTls(facts, out);
  JudgeMonitors(facts, out);
  JudgeServer(facts, out);
  return out;
}

bool AnyProblem(const LiveFindings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const LiveFinding& f) { return f.level == Judgement::kProblem; });
}

std::string_view Name(LiveFinding::Level level) {
  switch (level) {
    case Judgement::kOk:
      return "ok";
    case Judgement::kUnknown:
      return "unknown";
    case Judgement::kWarning:
      return "warning";
    case Judgement::kProblem:
      break;
  }
  return "problem";
}

}  // namespace headgate::guard
