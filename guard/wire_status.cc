#include "guard/wire_status.h"

#include <boost/json.hpp>

#include <absl/strings/str_format.h>
#include "guard/json_text.h"
#include "guard/printable.h"
#include "guard/wire_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;

json::object Counts(const WireCounts& c) {
  return {{"packets", c.packets},
          {"bytes", c.bytes},
          {"syn", c.syn},
          {"syn_ack", c.syn_ack},
          {"completed", c.completed},
          {"abandoned", c.abandoned},
          {"rst", c.rst},
          {"retransmissions", c.retransmissions},
          {"zero_windows", c.zero_windows}};
}

json::value Maybe(const net::KernelCounters::Count& count) {
  return count ? json::value(*count) : json::value();
}

json::object Kernel(const net::KernelCounters& k) {
  return {{"listen_overflows", Maybe(k.listen_overflows)},
          {"listen_drops", Maybe(k.listen_drops)},
          {"syn_cookies_sent", Maybe(k.syn_cookies_sent)},
          {"request_queue_drops", Maybe(k.request_queue_drops)},
          {"conntrack_count", Maybe(k.conntrack_count)},
          {"conntrack_max", Maybe(k.conntrack_max)}};
}

std::uint64_t FramesOf(const net::ObserverStatus& capture) {
  std::uint64_t frames = 0;
  for (const std::uint64_t count : capture.frames) frames += count;
  return frames;
}

// "3/s"
std::string WithRate(const json::value& root, const char* name) {
  const double seconds = NumberOf(At(root, {"observer", "interval_ms"})) / 1000;
  const double last = NumberOf(At(root, {"observer", "last", name}));
  return absl::StrFormat("%.0f/s", seconds > 0 ? last / seconds : 0);
}

}  // namespace

json::object ObserverJson(const std::optional<Wire::View>& view) {
  if (!view) return {{"interface", ""}};
  const WireStatus& w = view->wire;
  json::array alarms;
  for (const std::string_view name : w.standing) alarms.push_back(JsonText(name));
  const auto length = w.last.to - w.last.from;
  return {{"interface", JsonText(view->interface)},
          {"up", view->capture.up},
          {"error", Printable(view->capture.error)},
          {"frames", FramesOf(view->capture)},
          {"decode_errors", view->capture.decode_errors()},
          {"dropped", view->capture.kernel.dropped},
          {"interface_dropped", view->capture.kernel.interface_dropped},
          {"intervals", w.intervals},
          {"interval_ms", std::chrono::duration_cast<std::chrono::milliseconds>(length).count()},
          {"last", Counts(w.last.counts)},
          {"half_open", w.last.half_open},
          {"flows", w.last.flows},
          {"sources", w.last.sources},
          {"entropy", w.last.entropy},
          {"total", Counts(w.total)},
          {"untracked", w.untracked},
          {"bypass", w.bypass},
          {"alarms_raised", w.alarms},
          {"alarms", alarms},
          {"kernel", Kernel(w.kernel)}};
}

json::object FirewallJson(const net::FirewallStatus& f, Time now) {
  json::array rules;
  for (const net::FirewallRuleCount& rule : f.rules) {
    rules.push_back(json::object{{"rule", JsonText(rule.rule)},
                                 {"drops", rule.drops},
                                 {"packets", rule.packets},
                                 {"bytes", rule.bytes}});
  }
  json::value age;
  if (f.last_sync) {
    age = std::chrono::duration_cast<std::chrono::milliseconds>(now - *f.last_sync).count();
  }
  return {
      {"enforce", f.enforced},
      {"table", JsonText(f.table)},
      {"redirects", f.redirects},
      {"wanted", f.wanted},
      {"in_kernel", f.in_kernel},
      {"would_push", f.would_push},
      {"unpushed", f.unpushed},
      {"covered", f.covered},
      {"synced_ms_ago", age},
      {"sync_took_us", std::chrono::duration_cast<std::chrono::microseconds>(f.sync_took).count()},
      {"drift",
       {{"missing", f.drift.missing},
        {"foreign", f.drift.foreign},
        {"changed", f.drift.changed},
        {"table_lost", f.drift.table_lost},
        {"rules_changed", f.drift.rules_changed},
        {"repairs", f.drift.repairs}}},
      {"failures", f.failures},
      {"failing", f.failing},
      {"error", Printable(f.last_error)},
      {"dropped_packets", f.dropped_packets},
      {"dropped_bytes", f.dropped_bytes},
      {"rules", rules}};
}

void AddObserverRow(const json::value& root, std::string& out) {
  const std::string interface = Plain(At(root, {"observer", "interface"}));
  if (interface.empty()) return Row(out, "observer", "off: nothing is watched");
  std::string line = interface;
  if (!IsTrue(At(root, {"observer", "up"}))) {
    line += " DOWN: " + Plain(At(root, {"observer", "error"}));
    return Row(out, "observer", line);
  }
  line += ": " + WithRate(root, "packets") + " packets, " + WithRate(root, "syn") + " SYNs, " +
          WithRate(root, "completed") + " connections, half-open " +
          Plain(At(root, {"observer", "half_open"})) + ", missed " +
          Plain(At(root, {"observer", "dropped"}));
  if (const std::string bypass = Plain(At(root, {"observer", "bypass"})); bypass != "0") {
    line += ", past the gate " + bypass;
  }
  std::string alarms;
  for (const json::value& alarm : ListAt(root, {"observer", "alarms"})) {
    alarms += (alarms.empty() ? "" : ", ") + Plain(alarm);
  }
  if (!alarms.empty()) line += "; UNUSUAL: " + alarms;
  Row(out, "observer", line);
}

void AddFirewallRow(const json::value& root, std::string& out) {
  const auto part = [&](const char* name) { return Plain(At(root, {"firewall", name})); };
  if (!IsTrue(At(root, {"firewall", "enforce"}))) {
    return Row(out, "firewall",
               "dry run: would have " + part("would_push") + " bans in the kernel");
  }
  std::string line = part("in_kernel") + " of " + part("wanted") + " bans in table " +
                     part("table") + ", dropped " + part("dropped_packets") + " SYNs, repaired " +
                     Plain(At(root, {"firewall", "drift", "repairs"}));
  if (IsTrue(At(root, {"firewall", "redirects"}))) line += ", redirect on";
  if (part("unpushed") != "0") line += ", no room for " + part("unpushed");
  if (IsTrue(At(root, {"firewall", "failing"}))) line += "; FAILING: " + part("error");
  Row(out, "firewall", line);
}

std::string WireJson(const std::optional<Wire::View>& view) {
  std::string out = "{\"observer\":" + json::serialize(ObserverJson(view));
  if (view) out += ",\"last\":" + IntervalJson(view->wire.last);
  return out + "}";
}

std::string WireText(const std::string& text) {
  const json::value root = ParseAnswer(text);
  if (!root.is_object()) return text + "\n";
  std::string out;
  AddObserverRow(root, out);
  const json::array& top = ListAt(root, {"last", "top"});
  if (top.empty()) return out;
  absl::StrAppendFormat(&out, "%-40s %8s %8s %8s %8s %8s  %s\n", "SOURCE", "SYN", "DONE", "HALF",
                        "RST", "PACKETS", "ADDRESS");
  for (const json::value& s : top) {
    absl::StrAppendFormat(
        &out, "%-40s %8s %8s %8s %8s %8s  %s\n", Plain(At(s, {"source"})), Plain(At(s, {"syn"})),
        Plain(At(s, {"completed"})), Plain(At(s, {"half_open"})), Plain(At(s, {"rst"})),
        Plain(At(s, {"packets"})), IsTrue(At(s, {"may_be_spoofed"})) ? "may be spoofed" : "known");
  }
  return out;
}

}  // namespace headgate::guard
