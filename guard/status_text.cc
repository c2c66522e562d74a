#include <boost/json.hpp>

#include <absl/strings/str_format.h>
#include "guard/config_text.h"
#include "guard/status.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

std::string Plain(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string().c_str());
  return json::serialize(value);
}

// The field at a path of names; null where there is none.
const json::value& At(const json::value& root, std::initializer_list<const char*> path) {
  static const json::value nothing;
  const json::value* at = &root;
  for (const char* name : path) {
    const auto* object = at->if_object();
    at = object == nullptr ? nullptr : object->if_contains(name);
    if (at == nullptr) return nothing;
  }
  return *at;
}

std::string Of(const json::value& root, const char* table) {
  return Plain(At(root, {table, "now"})) + " of " + Plain(At(root, {table, "max"}));
}

void Row(std::string& out, std::string_view name, const std::string& value) {
  absl::StrAppendFormat(&out, "%-12s %s\n", name, value);
}

std::string Monitor(const json::value& root) {
  if (At(root, {"monitor", "configured"}) != json::value(true)) {
    return "off: nobody can end a statement";
  }
  const std::string kills = Plain(At(root, {"monitor", "kills"})) + " kills";
  if (At(root, {"monitor", "up"}) == json::value(true)) return "up, " + kills;
  return "DOWN, " + kills + ": " + Plain(At(root, {"monitor", "error"}));
}

void Head(const json::value& root, std::string& out) {
  const bool up = At(root, {"backend", "up"}) == json::value(true);
  Row(out, "headgate",
      Plain(At(root, {"version"})) + ", mode " + Plain(At(root, {"mode"})) + ", up " +
          Plain(At(root, {"uptime_s"})) + " s" +
          (At(root, {"draining"}) == json::value(true) ? ", draining" : ""));
  Row(out, "backend",
      Plain(At(root, {"backend", "address"})) + (up ? " up " : " DOWN ") +
          Plain(At(root, {"backend", "server_version"})));
  Row(out, "monitor", Monitor(root));
  Row(out, "slots",
      Plain(At(root, {"slots", "leases"})) + " of " + Plain(At(root, {"slots", "capacity"})) +
          ", orphans " + Plain(At(root, {"slots", "orphans"})));
  Row(out, "pending", Of(root, "pending"));
  Row(out, "waiting", Of(root, "waiting"));
  Row(out, "logins",
      Of(root, "logins") + " in progress, " + Plain(At(root, {"logins_ok"})) + " ok, " +
          Plain(At(root, {"logins_failed"})) + " failed");
  Row(out, "connections",
      Plain(At(root, {"connections"})) + " now, " + Plain(At(root, {"accepted"})) + " accepted");
  Row(out, "statements",
      Plain(At(root, {"statements", "running"})) + " running, " +
          Plain(At(root, {"statements", "held"})) + " held, digests " + Of(root, "digests"));
  Row(out, "sources",
      Plain(At(root, {"sources"})) + ", banned " + Plain(At(root, {"bans"})) +
          ", known-good pairs " + Plain(At(root, {"known_good"})) + ", locked pairs " +
          Plain(At(root, {"locked_pairs"})));
}

void Classes(const json::value& root, std::string& out) {
  const auto* classes = At(root, {"classes"}).if_array();
  if (classes == nullptr) return;
  for (const json::value& c : *classes) {
    Row(out, "class",
        Plain(At(c, {"name"})) + ": " + Plain(At(c, {"leases"})) + " of " + Plain(At(c, {"max"})) +
            ", reserve " + Plain(At(c, {"reserve"})) + ", unproven " + Plain(At(c, {"unproven"})) +
            ", waiting " + Plain(At(c, {"waiting"})));
  }
}

void Rules(const json::value& root, std::string& out) {
  const auto* rules = At(root, {"rules"}).if_array();
  if (rules == nullptr) return;
  for (const json::value& rule : *rules) {
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
  json::error_code error;
  const json::value root = json::parse(text, error);
  if (error || !root.is_object()) return text + "\n";
  std::string out;
  Head(root, out);
  Classes(root, out);
  Rules(root, out);
  Reasons(root, "acted", "acted", out);
  Reasons(root, "delayed", "delayed", out);
  Reasons(root, "would_act", "would act", out);
  return out;
}

std::string BansText(const std::string& text) {
  json::error_code error;
  const json::value root = json::parse(text, error);
  const auto* bans = At(root, {"bans"}).if_array();
  if (error || bans == nullptr) return text + "\n";
  if (bans->empty()) return "nobody is banned\n";
  std::string out = absl::StrFormat("%-40s %9s %6s  %s\n", "SOURCE", "LEFT", "TIMES", "REASON");
  for (const json::value& ban : *bans) {
    absl::StrAppendFormat(&out, "%-40s %8ss %6s  %s\n", Plain(At(ban, {"source"})),
                          Plain(At(ban, {"remaining_s"})), Plain(At(ban, {"times"})),
                          Plain(At(ban, {"reason"})));
  }
  return out;
}

}  // namespace headgate::guard
