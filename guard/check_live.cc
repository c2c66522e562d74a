#include "guard/check_live.h"

#include <unistd.h>

#include <boost/json.hpp>
#include <cerrno>
#include <csignal>
#include <iostream>

#include "guard/config_commands.h"
#include "guard/core_dumps.h"
#include "guard/exit_status.h"
#include "guard/json_text.h"
#include "guard/live_findings.h"
#include "guard/live_gather.h"
#include "guard/printable.h"
#include "guard/say_error.h"
#include "net/address_text.h"
#include "net/monitor_questions.h"
#include "net/server_client.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr std::size_t kLongestPassword = 1024;

// The first line of standard input; an account may have none.
absl::StatusOr<std::string> PasswordFromInput() {
  if (isatty(STDIN_FILENO) == 1) {
    return absl::InvalidArgumentError(
        "--password-stdin: typed here it would be seen; give it from a file or a pipe, or use "
        "--password-file");
  }
  std::string line;
  for (char c = 0; line.size() <= kLongestPassword;) {
    const ssize_t n = read(STDIN_FILENO, &c, 1);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0 || c == '\n') break;
    line.push_back(c);
  }
  if (!line.empty() && line.back() == '\r') line.pop_back();
  if (line.size() <= kLongestPassword) return line;
  return absl::InvalidArgumentError("--password-stdin: the first line is no password");
}

absl::StatusOr<LiveAccount> ReadAccount(const CheckLiveOptions& o) {
  LiveAccount account;
  if (o.user.empty()) return account;
  // A password on the command line itself would be there for every user of the host to read.
  if (!o.password_stdin && o.password_file.empty()) {
    return absl::InvalidArgumentError("--user needs --password-file or --password-stdin");
  }
  account.user = o.user;
  auto password = o.password_stdin ? PasswordFromInput() : net::ReadPassword(o.password_file);
  if (!password.ok()) return password.status();
  account.password = std::move(*password);
  return account;
}

json::value LoginJson(const std::optional<LiveLogin>& login) {
  if (!login) return nullptr;
  const LiveLogin& l = *login;
  return json::object{
      {"ok", l.ok},
      {"error_code", l.code},
      {"error", Printable(l.error)},
      {"client_address", net::ToText(l.local)},
      {"user", Printable(l.user)},
      {"current_user", Printable(l.current_user)},
      {"connection_id", Printable(l.server_id)},
      {"server_version", Printable(l.server_version)},
      {"client_tls", TextList({l.version, l.cipher})},
      {"backend_tls", TextList({Printable(l.server_tls_version), Printable(l.server_cipher)})}};
}

json::array ToJson(const LiveFindings& findings) {
  json::array out;
  for (const LiveFinding& f : findings) {
    out.push_back(json::object{{"level", JsonText(Name(f.level))},
                               {"about", f.about},
                               {"text", Printable(f.text)},
                               {"remedy", Printable(f.remedy)}});
  }
  return out;
}

void PrintJson(const Loaded& loaded, const LiveFacts& facts, const LiveFindings& findings) {
  json::object all = CheckJson(loaded);
  all["ok"] = !AnyProblem(findings);
  all["gate"] = facts.gate;
  all["findings"] = ToJson(findings);
  all["login"] = LoginJson(facts.plain);
  all["tls_login"] = LoginJson(facts.tls);
  std::cout << json::serialize(all) << "\n";
}

void PrintText(const LiveFindings& findings) {
  for (const LiveFinding& f : findings) {
    std::cout << Name(f.level) << ": " << f.about << ": " << Printable(f.text)
              << (f.remedy.empty() ? "" : "; " + Printable(f.remedy)) << "\n";
  }
}

}  // namespace

int RunCheckLive(const std::string& config, const CheckLiveOptions& o, bool as_json) {
  // OpenSSL writes without MSG_NOSIGNAL: a gate that closes must not end this.
  signal(SIGPIPE, SIG_IGN);
  // A password is in this process's memory, too.
  if (const auto status = ForbidCoreDumps(); !status.ok()) {
    SayError(std::string(status.message()), as_json);
    return kExitNo;
  }
  const Loaded loaded = LoadConfig(config);
  if (!as_json || !loaded.config) PrintCheck(config, loaded, as_json);
  if (!loaded.config) return kExitUsage;
  const auto account = ReadAccount(o);
  if (!account.ok()) {
    SayError(std::string(account.status().message()), as_json);
    return kExitUsage;
  }
  const net::ServerClient::EnterThread library;
  const auto facts = GatherLive(*loaded.config, *account, o.connect);
  if (!facts.ok()) {
    SayError(std::string(facts.status().message()), as_json);
    return kExitUsage;
  }
  const LiveFindings findings = JudgeLive(*facts);
  if (as_json) {
    PrintJson(loaded, *facts, findings);
  } else {
    PrintText(findings);
  }
  return AnyProblem(findings) ? kExitNo : kExitDone;
}

}  // namespace headgate::guard
