#include "guard/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <regex>
#include <set>
#include <string>

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// Everything there can be: each metric has a sample of it.
StatusFacts Everything() {
  StatusFacts f;
  f.now = Time(seconds(1000));
  f.uptime = seconds(77);
  f.state.path = "/state";
  f.state.saves = 3;
  f.state.saved_unix_ms = 1'700'000'000'500;
  f.page = {.address = "127.0.0.1:9933", .up = true, .error = ""};
  f.engine.server_max = 151;
  f.engine.protected_known = true;
  f.engine.classes = {{.name = "shop", .leases = 4, .reserve = 20}, {.name = "default"}};
  f.engine.rules = {{.name = "no-dumps", .acted = 2, .would_act = 1}};
  f.engine.latency.statement.buckets[0] = 5;
  f.engine.latency.statement.buckets[kLatencyBuckets - 1] = 2;
  f.engine.latency.statement.sum = milliseconds(30'250);
  net::BackendStatus db, spare;
  db.name = "db:3306";
  db.current = db.up = true;
  spare.name = "spare:3306";
  db.monitor.configured = db.monitor.up = true;
  db.monitor.looked = Time(seconds(999));
  db.monitor.figures = {.max_connections = 151,
                        .threads_connected = 12,
                        .buffer_pool_read_requests = 1000,
                        .uptime = 5,
                        .replica = true,
                        .replica_lag = 3};
  f.gate.backends = {db, spare};
  f.host = {.cpu_used = 0.5,
            .cpu = CpuTicks{.busy = 100, .total = 1000},
            .memory_total = 1,
            .memory_available = 1,
            .disk_total = 1,
            .disk_free = 1,
            .error_log_bytes = 1,
            .looked_ago = seconds(1),
            .disk_looked_ago = seconds(1)};
  f.process = {.resident_bytes = 1,
               .virtual_bytes = 1,
               .cpu_seconds = 1,
               .open_descriptors = 1,
               .max_descriptors = 1,
               .threads = 1,
               .start_unix_s = 1};
  f.shadow.emplace();
  f.wire.emplace();
  net::KernelCounters& k = f.wire->wire.kernel;
  k.listen_overflows = k.listen_drops = k.syn_cookies_sent = k.request_queue_drops = 1;
  k.conntrack_count = k.conntrack_max = 1;
  f.firewall.last_sync = Time(seconds(990));
  f.firewall.rules = {{.rule = "drop-banned", .drops = true, .packets = 9}};
  return f;
}

const MetricFamily& Family(const MetricSet& set, std::string_view name) {
  const auto found = std::find_if(set.families().begin(), set.families().end(),
                                  [&](const auto& f) { return f.info->name == name; });
  EXPECT_NE(found, set.families().end()) << name;
  return *found;
}

std::map<std::string, double> Samples(const MetricSet& set, std::string_view name) {
  std::map<std::string, double> out;
  for (const MetricSample& s : Family(set, name).samples) out[s.label] = s.value;
  return out;
}

TEST(MetricNames, AreValidUniqueAndByTheConventions) {
  const std::regex name("(headgate|process)_[a-z0-9]+(_[a-z0-9]+)*");
  std::set<std::string_view> seen;
  for (const MetricInfo& m : AllMetrics()) {
    const std::string text(m.name);
    EXPECT_TRUE(seen.insert(m.name).second) << text << " is there twice";
    EXPECT_TRUE(std::regex_match(text, name)) << text;
    EXPECT_EQ(text.ends_with("_total"), m.kind == MetricKind::kCounter) << text;
    for (const char* suffix : {"_count", "_sum", "_bucket", "_ms", "_percent", "_milliseconds"}) {
      EXPECT_FALSE(text.ends_with(suffix)) << text;
    }
  }
}

TEST(MetricNames, EachSaysWhatItIs) {
  for (const MetricInfo& m : AllMetrics()) {
    EXPECT_GT(m.help.size(), 5u) << m.name;
    EXPECT_TRUE(m.help.ends_with('.')) << m.name;
  }
}

// What may be told apart by a label: what the operator configured, and nothing outsiders choose.
TEST(MetricNames, LabelsAreOfTheFewThatAreBounded) {
  const std::set<std::string_view> allowed{"",        "class",     "reason", "rule",
                                           "backend", "direction", "version"};
  for (const MetricInfo& m : AllMetrics()) EXPECT_TRUE(allowed.contains(m.label)) << m.name;
}

TEST(Metrics, EveryMetricIsCollectedAndNothingElse) {
  const MetricSet set = CollectMetrics(Everything());
  EXPECT_THAT(set.faults(), IsEmpty());
  for (const MetricFamily& f : set.families()) {
    EXPECT_FALSE(f.samples.empty()) << f.info->name << " is never set";
  }
}

TEST(Metrics, EveryReasonOnceInRefusalsOrEventsAndOnceInTheOthers) {
  StatusFacts f = Everything();
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    f.engine.acted[i] = i;
    f.engine.would_act[i] = 1000 + i;
    f.engine.delayed[i] = 0;
  }
  const MetricSet set = CollectMetrics(f);
  const auto refusals = Samples(set, "headgate_refusals_total");
  const auto events = Samples(set, "headgate_events_total");
  const auto would = Samples(set, "headgate_would_act_total");
  const auto delayed = Samples(set, "headgate_delayed_total");
  EXPECT_EQ(refusals.size() + events.size(), kReasonCount - 1);
  const auto denied = Samples(set, "headgate_protected_refusals_total");
  EXPECT_EQ(would.size(), kReasonCount - 1);
  EXPECT_EQ(delayed.size(), kReasonCount - 1) << "zeros included";
  for (std::size_t i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string name(Name(reason));
    EXPECT_EQ(refusals.contains(name), IsRefusal(reason)) << name;
    EXPECT_NE(refusals.contains(name), events.contains(name)) << name;
    EXPECT_EQ((IsRefusal(reason) ? refusals : events).at(name), static_cast<double>(i));
    EXPECT_EQ(denied.contains(name), IsDenial(reason)) << name;
    EXPECT_EQ(would.at(name), 1000 + static_cast<double>(i));
  }
}

TEST(Metrics, WhatIsNotKnownIsAbsentAndNotZero) {
  StatusFacts f = Everything();
  f.host = {};
  f.process = {};
  f.wire.reset();
  f.state = {};
  f.page = {};
  f.firewall.last_sync.reset();
  f.engine.server_max = 0;
  f.engine.protected_known = false;
  for (auto& b : f.gate.backends) b.monitor.up = false;
  const MetricSet set = CollectMetrics(f);
  const std::string text = MetricsText(set);
  EXPECT_THAT(set.faults(), IsEmpty());
  for (const char* part :
       {"headgate_host_", "process_", "headgate_observer_", "headgate_kernel_", "headgate_server_",
        "headgate_state_", "headgate_page", "sync_age", "slots_server_max", "protected_waiting",
        "protected_longest", "protected_bans"}) {
    EXPECT_THAT(text, Not(HasSubstr(part)));
  }
  EXPECT_EQ(Samples(set, "headgate_monitor_up"),
            (std::map<std::string, double>{{"db:3306", 0}, {"spare:3306", 0}}));
}

TEST(Metrics, ThoseItIsThereFor) {
  StatusFacts f = Everything();
  f.engine.protected_waiting = 3;
  f.engine.protected_banned = 2;
  f.engine.protected_longest_wait = milliseconds(1500);
  const MetricSet set = CollectMetrics(f);
  EXPECT_EQ(Samples(set, "headgate_protected_waiting").at(""), 3);
  EXPECT_EQ(Samples(set, "headgate_protected_bans").at(""), 2);
  EXPECT_EQ(Samples(set, "headgate_protected_longest_wait_seconds").at(""), 1.5);
}

TEST(Metrics, FiguresOfAServerThatSaidNoStatusYetAreAbsent) {
  StatusFacts f = Everything();
  f.gate.backends[0].monitor.figures = {.max_connections = 151};
  const MetricSet set = CollectMetrics(f);
  EXPECT_EQ(Samples(set, "headgate_server_max_connections").at("db:3306"), 151);
  EXPECT_THAT(Samples(set, "headgate_server_threads_running"), IsEmpty());
  EXPECT_THAT(Samples(set, "headgate_server_replication_lag_seconds"), IsEmpty());
}

TEST(Metrics, ValuesComeInBaseUnits) {
  const MetricSet set = CollectMetrics(Everything());
  EXPECT_EQ(Samples(set, "headgate_uptime_seconds").at(""), 77);
  EXPECT_EQ(Samples(set, "headgate_state_saved_timestamp_seconds").at(""), 1'700'000'000.5);
  EXPECT_EQ(Samples(set, "headgate_firewall_sync_age_seconds").at(""), 10);
}

TEST(MetricSet, FaultsAreNotedAndDropped) {
  MetricSet set;
  set.Set("headgate_no_such_metric", 1);
  set.Set("headgate_slots_free", "a label that it has not", 1);
  set.Set("headgate_refusals_total", 1);
  set.Set("headgate_statement_duration_seconds", 1);
  set.Set("headgate_slots_free", LatencyCounts());
  EXPECT_EQ(set.faults().size(), 5u);
  set.Set("headgate_slots_free", 1);
  set.Set("headgate_slots_free", 2);
  EXPECT_EQ(set.faults().size(), 6u) << "the same series twice";
  EXPECT_EQ(Family(set, "headgate_slots_free").samples.size(), 1u);
}

TEST(MetricsText, HelpTypeAndSamples) {
  MetricSet set;
  set.Set("headgate_slots_free", 7);
  EXPECT_EQ(MetricsText(set),
            "# HELP headgate_slots_free Slots that nobody uses.\n"
            "# TYPE headgate_slots_free gauge\n"
            "headgate_slots_free 7\n");
}

TEST(MetricsText, LabelsAreEscapedAndMadeFit) {
  MetricSet set;
  set.Set("headgate_rule_acted_total", "a \"rule\" with \\ in it", 1);
  set.Set("headgate_rule_acted_total", "two\nlines \xff", 2);
  const std::string text = MetricsText(set);
  EXPECT_THAT(text, HasSubstr(R"(headgate_rule_acted_total{rule="a \"rule\" with \\ in it"} 1)"));
  EXPECT_THAT(text, HasSubstr("headgate_rule_acted_total{rule=\"two lines \xEF\xBF\xBD\"} 2"));
}

TEST(MetricsText, AHistogramsBucketsAreCumulative) {
  MetricSet set;
  set.Set("headgate_statement_duration_seconds", Everything().engine.latency.statement);
  const std::string text = MetricsText(set);
  EXPECT_THAT(text, HasSubstr("headgate_statement_duration_seconds_bucket{le=\"0.0005\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("headgate_statement_duration_seconds_bucket{le=\"10\"} 5\n"));
  EXPECT_THAT(text, HasSubstr("headgate_statement_duration_seconds_bucket{le=\"+Inf\"} 7\n"));
  EXPECT_THAT(text, HasSubstr("headgate_statement_duration_seconds_count 7\n"));
  EXPECT_THAT(text, HasSubstr("headgate_statement_duration_seconds_sum 30.25\n"));
}

TEST(MetricsText, LargeCountersKeepTheirLastDigit) {
  MetricSet set;
  set.Set("headgate_commands_total", std::uint64_t{9'007'199'254'740'991});
  EXPECT_THAT(MetricsText(set), HasSubstr("headgate_commands_total 9007199254740991\n"));
}

}  // namespace
}  // namespace headgate::guard
