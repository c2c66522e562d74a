#include <boost/json.hpp>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/shadow_text.h"
#include "guard/status.h"
#include "guard/wire_status.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::string Of(const json::value& root, const char* table) {
  return Plain(At(root, {table, "now"})) + " of " + Plain(At(root, {table, "max"}));
}

std::string Monitor(const json::value& root) {
  if (At(root, {"monitor", "configured"}) != json::value(true)) {
    return "off: nobody can end a statement";
  }
  const std::string kills = Plain(At(root, {"monitor", "kills"})) + " kills";
  if (At(root, {"monitor", "up"}) == json::value(true)) return "up, " + kills;
  return "DOWN, " + kills + ": " + Plain(At(root, {"monitor", "error"}));
}

void Backends(const json::value& root, std::string& out) {
  const json::array& backends = ListAt(root, {"backends"});
  for (const json::value& b : backends) {
    const std::string state = Plain(At(b, {"state"}));
    const bool up = IsTrue(At(b, {"up"}));
    const std::string version = Plain(At(b, {"server_version"}));
    std::string line = Plain(At(b, {"name"})) + (up ? " up" : " DOWN");
    if (!version.empty()) line += " " + version;
    if (state != "up" && state != "down") line += ", " + state;
    if (IsTrue(At(b, {"read_only"}))) line += ", read-only";
    if (backends.size() > 1) line += IsTrue(At(b, {"current"})) ? ", in use" : ", not in use";
    if (const std::string error = Plain(At(b, {"error"})); !up && !error.empty()) {
      line += ": " + error;
    }
    Row(out, "backend", line);
  }
}

std::string Pressure(const json::value& root) {
  const std::string level = Plain(At(root, {"pressure", "level"}));
  const std::string cause = Plain(At(root, {"pressure", "cause"}));
  std::string text = level + " for " + SpanText(NumberOf(At(root, {"pressure", "for_s"})));
  if (!cause.empty()) text += ", by " + cause;
  if (!IsTrue(At(root, {"pressure", "enforce"}))) text += "; shown only, enforce = false";
  return text;
}

std::string Slots(const json::value& root) {
  const auto slot = [&](const char* name) { return Plain(At(root, {"slots", name})); };
  std::string text = slot("leases") + " of " + slot("capacity") + ", free " + slot("free") +
                     ", orphans " + slot("orphans") + ", foreign " + slot("foreign");
  if (slot("former") != "0") text += ", " + slot("former") + " at a server that was left";
  if (slot("server_max") != "0") text += "; the server has " + slot("server_max");
  if (const double ramp = NumberOf(At(root, {"slots", "ramp"})); ramp > 0) {
    text += absl::StrFormat("; ramping up, %.0f logins/s", ramp);
  }
  return text;
}

void Implicit(const json::value& root, std::string& out) {
  const auto part = [&](const char* name) { return Plain(At(root, {"slots", "implicit", name})); };
  if (part("pairs") == "0") return;
  Row(out, "implicit",
      part("reserve") + " slots for " + part("pairs") + " known-good pairs, " + part("unused") +
          " unused, " +
          (IsTrue(At(root, {"slots", "implicit", "binds"})) ? "kept for them now"
                                                            : "kept above calm only"));
}

void Head(const json::value& root, std::string& out) {
  Row(out, "headgate",
      Plain(At(root, {"version"})) + ", mode " + Plain(At(root, {"mode"})) + ", up " +
          Plain(At(root, {"uptime_s"})) + " s" +
          (At(root, {"draining"}) == json::value(true) ? ", draining" : ""));
  Backends(root, out);
  Row(out, "monitor", Monitor(root));
  Row(out, "pressure", Pressure(root));
  AddObserverRow(root, out);
  AddFirewallRow(root, out);
  Row(out, "slots", Slots(root));
  Implicit(root, out);
  Row(out, "pending", Of(root, "pending"));
  Row(out, "waiting", Of(root, "waiting"));
  Row(out, "logins",
      Of(root, "logins") + " in progress, " + Plain(At(root, {"logins_ok"})) + " ok, " +
          Plain(At(root, {"logins_failed"})) + " failed");
  if (At(root, {"tls", "handshakes"}) != json::value(std::int64_t{0})) {
    Row(out, "tls",
        Plain(At(root, {"tls", "sessions"})) + " clients, " +
            Plain(At(root, {"tls", "handshakes"})) + " handshakes, " +
            Plain(At(root, {"tls", "resumed"})) + " resumed");
  }
  Row(out, "connections",
      Plain(At(root, {"connections"})) + " now, " + Plain(At(root, {"accepted"})) + " accepted");
  Row(out, "statements",
      Plain(At(root, {"statements", "running"})) + " running, " +
          Plain(At(root, {"statements", "held"})) + " held, digests " + Of(root, "digests"));
  if (const std::string error = Plain(At(root, {"state", "error"})); !error.empty()) {
    Row(out, "state", "not saved: " + error);
  }
  if (const std::string error = Plain(At(root, {"page", "error"})); !error.empty()) {
    Row(out, "page", "not shown: " + error);
  }
  const json::value& warning = At(root, {"shared_address", "warning"});
  if (warning.is_string()) Row(out, "WARNING", Plain(warning));
  Row(out, "sources",
      Plain(At(root, {"sources"})) + ", banned " + Plain(At(root, {"bans"})) +
          ", known-good pairs " + Plain(At(root, {"known_good"})) + ", locked pairs " +
          Plain(At(root, {"locked_pairs"})));
}

void Classes(const json::value& root, std::string& out) {
  for (const json::value& c : ListAt(root, {"classes"})) {
    std::string line = Plain(At(c, {"name"})) + ": " + Plain(At(c, {"leases"})) + " of " +
                       Plain(At(c, {"max"})) + ", may use " + Plain(At(c, {"may_use"})) +
                       ", reserve " + Plain(At(c, {"reserve"})) + ", unproven " +
                       Plain(At(c, {"unproven"})) + ", waiting " + Plain(At(c, {"waiting"}));
    if (const std::string lent = Plain(At(c, {"lent"})); lent != "0")
      line += ", lent to it " + lent;
    if (const double wait = NumberOf(At(c, {"expected_wait_ms"})); wait > 0) {
      line += ", expected wait " + SpanText(wait / 1000);
    }
    Row(out, "class", line);
  }
}

void Rules(const json::value& root, std::string& out) {
  for (const json::value& rule : ListAt(root, {"rules"})) {
    Row(out, "rule",
        "\"" + Plain(At(rule, {"name"})) + "\": acted " + Plain(At(rule, {"acted"})) +
            ", would have acted " + Plain(At(rule, {"would_act"})));
  }
}

void Reasons(const json::value& root, const char* table, std::string_view title, std::string& out) {
  const auto* counts = At(root, {table}).if_object();
  if (counts == nullptr) return;
  for (const auto& [name, count] : *counts) {
    const std::string number = Plain(count);
    if (number == "0") continue;
    absl::StrAppendFormat(&out, "%-12s %-20s %s\n", title, std::string(name.data(), name.size()),
                          number);
  }
}

}  // namespace

std::string StatusText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  if (!root.is_object()) return text + "\n";
  std::string out;
  Head(root, out);
  Classes(root, out);
  Rules(root, out);
  Reasons(root, "acted", "acted", out);
  Reasons(root, "delayed", "delayed", out);
  Reasons(root, "would_act", "would act", out);
  AddShadowRows(root, out);
  return out;
}

std::string BansText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  const auto* bans = At(root, {"bans"}).if_array();
  if (bans == nullptr) return text + "\n";
  if (bans->empty()) return "nobody is banned\n";
  std::string out = absl::StrFormat("%-40s %9s %6s  %s\n", "SOURCE", "LEFT", "TIMES", "REASON");
  for (const json::value& ban : *bans) {
    absl::StrAppendFormat(
        &out, "%-40s %8ss %6s  %s\n", Plain(At(ban, {"source"})), Plain(At(ban, {"remaining_s"})),
        Plain(At(ban, {"times"})),
        Plain(At(ban, {"reason"})) + (IsTrue(At(ban, {"gate_only"})) ? ", through a proxy" : ""));
  }
  return out;
}

}  // namespace headgate::guard
