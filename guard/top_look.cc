#include "guard/top_look.h"

#include <boost/json.hpp>
#include <unordered_set>
#include <utility>

#include <absl/status/status.h>
#include "guard/json_text.h"
#include "policies/reason.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

double Amount(const json::value& row, const char* name) { return NumberOf(At(row, {name})); }

bool Yes(const json::value& row, const char* name) {
  const json::value& found = At(row, {name});
  return IsTrue(found) || NumberOf(found) > 0;
}

TopGauge Gauge(const json::value& root, const char* name) {
  return {NumberOf(At(root, {name, "now"})), NumberOf(At(root, {name, "max"}))};
}

TopClass ParseClass(const json::value& row) {
  TopClass c;
  c.name = TextAt(row, "name");
  c.used = Amount(row, "leases");
  c.reserve = Amount(row, "reserve");
  c.max = Amount(row, "max");
  c.waiting = Amount(row, "waiting");
  c.lent = Amount(row, "lent");
  c.unproven = Amount(row, "unproven");
  c.expected_wait_ms = Amount(row, "expected_wait_ms");
  return c;
}

TopBackend ParseBackend(const json::value& row) {
  TopBackend b;
  b.name = TextAt(row, "name");
  b.state = TextAt(row, "state");
  b.error = TextAt(row, "error");
  b.version = TextAt(row, "server_version");
  b.current = Yes(row, "current");
  b.up = Yes(row, "up");
  b.read_only = Yes(row, "read_only");
  b.for_s = Amount(row, "for_s");
  const json::value& monitor = At(row, {"monitor"});
  b.connections = Amount(monitor, "threads_connected");
  b.max_connections = Amount(monitor, "max_connections");
  b.running = Amount(monitor, "threads_running");
  return b;
}

TopSource ParseSource(const json::value& row) {
  TopSource s;
  s.source = TextAt(row, "source");
  s.reason = TextAt(row, "reason");
  if (!s.reason.empty() && At(row, {"acted"}) == json::value(false)) s.reason += ", dry run";
  s.known_good = Yes(row, "known_good");
  s.pending = Amount(row, "pending");
  s.waiting = Amount(row, "waiting");
  s.in = Amount(row, "in");
  s.connections = Amount(row, "connections");
  s.refused = Amount(row, "refused");
  s.refused_per_s = Amount(row, "refused_per_s");
  if (const json::value& left = At(row, {"banned_s"}); left.is_number()) {
    s.banned_s = NumberOf(left);
  }
  return s;
}

TopDigest ParseDigest(const json::value& row) {
  TopDigest d;
  d.digest = TextAt(row, "digest");
  d.class_name = TextAt(row, "class");
  d.text = TextAt(row, "text");
  d.count = Amount(row, "count");
  d.total_ms = Amount(row, "total_ms");
  d.share = Amount(row, "share");
  d.p99_ms = Amount(row, "p99_ms");
  d.errors = Amount(row, "errors");
  d.refused = Amount(row, "refused");
  return d;
}

TopBan ParseBan(const json::value& row) {
  TopBan b;
  b.source = TextAt(row, "source");
  b.reason = TextAt(row, "reason");
  b.remaining_s = Amount(row, "remaining_s");
  b.times = Amount(row, "times");
  b.by_operator = Yes(row, "operator");
  return b;
}

template <class Row>
std::vector<Row> Rows(const json::value& root, const char* name, Row (*parse)(const json::value&)) {
  std::vector<Row> out;
  for (const json::value& row : ListAt(root, {name})) out.push_back(parse(row));
  return out;
}

bool CountsAsRefusal(std::string_view name) {
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (Name(reason) == name) return IsRefusal(reason);
  }
  return false;  // of a gate that is newer than this program
}

std::vector<TopReason> ParseReasons(const json::value& root) {
  std::vector<TopReason> out;
  const auto* acted = At(root, {"acted"}).if_object();
  if (acted == nullptr) return out;
  for (const auto& [key, count] : *acted) {
    TopReason reason;
    reason.name = std::string(key.data(), key.size());
    reason.acted = NumberOf(count);
    reason.would_act = NumberOf(At(root, {"would_act", reason.name.c_str()}));
    reason.of_protected = NumberOf(At(root, {"of_protected", reason.name.c_str()}));
    reason.refusal = CountsAsRefusal(reason.name);
    if (reason.acted > 0 || reason.would_act > 0) out.push_back(std::move(reason));
  }
  return out;
}

// What needs no look at anything else to be worth a line.
std::string Warning(const json::value& root) {
  if (Yes(root, "draining")) return "the gate is shutting down and lets nobody in";
  if (Yes(At(root, {"monitor"}), "configured") && !Yes(At(root, {"monitor"}), "up")) {
    return "monitor down, so no statement can be ended: " + TextAt(At(root, {"monitor"}), "error");
  }
  return TextAt(At(root, {"shared_address"}), "warning");
}

void ParseStatus(const json::value& root, TopLook& look) {
  look.version = TextAt(root, "version");
  look.mode = TextAt(root, "mode");
  look.uptime_s = Amount(root, "uptime_s");
  look.draining = Yes(root, "draining");
  const json::value& pressure = At(root, {"pressure"});
  look.level = TextAt(pressure, "level");
  look.cause = TextAt(pressure, "cause");
  look.level_for_s = Amount(pressure, "for_s");
  look.level_acts = Yes(pressure, "enforce");
  look.backends = Rows(root, "backends", ParseBackend);
  look.classes = Rows(root, "classes", ParseClass);
  look.reasons = ParseReasons(root);
  look.pending = Gauge(root, "pending");
  look.waiting = Gauge(root, "waiting");
  look.lane = Gauge(root, "logins");
  look.clients = {Amount(root, "connections"), Amount(root, "max_clients")};
  const json::value& slots = At(root, {"slots"});
  look.slots = {Amount(slots, "leases"), Amount(slots, "capacity")};
  look.orphans = Amount(slots, "orphans");
  look.foreign = Amount(slots, "foreign");
  look.free = Amount(slots, "free");
  look.implicit_pairs = Amount(At(slots, {"implicit"}), "pairs");
  look.implicit_reserve = Amount(At(slots, {"implicit"}), "reserve");
  const json::value& cared_for = At(root, {"protected"});
  look.protected_known = Yes(cared_for, "known");
  look.protected_waiting = Amount(cared_for, "waiting");
  look.protected_longest_ms = Amount(cared_for, "longest_wait_ms");
  look.protected_banned = Amount(cared_for, "banned");
  look.accepted = Amount(root, "accepted");
  look.logins_ok = Amount(root, "logins_ok");
  look.logins_failed = Amount(root, "logins_failed");
  look.known_good = Amount(root, "known_good");
  look.tracked = Amount(root, "sources");
  look.warning = Warning(root);
}

}  // namespace

json::array MergedSources(const TopAnswers& answers) {
  json::array out;
  std::unordered_set<std::string> seen;
  for (const std::string* body : {&answers.refused, &answers.busiest}) {
    const json::value root = ParseAnswer(*body);
    for (const json::value& row : ListAt(root, {"sources"})) {
      if (seen.insert(TextAt(row, "source")).second) out.push_back(row);
    }
  }
  return out;
}

absl::StatusOr<TopLook> ParseLook(TopAnswers answers, Time at) {
  const json::value root = ParseAnswer(answers.status);
  if (!At(root, {"pressure"}).is_object()) {
    return absl::InvalidArgumentError("what listens there does not answer as a headgate does");
  }
  TopLook look;
  look.at = at;
  ParseStatus(root, look);
  look.sources_known = At(ParseAnswer(answers.refused), {"sources"}).is_array();
  for (const json::value& row : MergedSources(answers)) look.sources.push_back(ParseSource(row));
  const json::value digests = ParseAnswer(answers.digests);
  look.digests = Rows(digests, "digests", ParseDigest);
  look.digests_total = Amount(digests, "total");
  look.bans = Rows(ParseAnswer(answers.bans), "bans", ParseBan);
  look.raw = std::move(answers);
  return look;
}

}  // namespace headgate::guard
