#include "guard/figures_json.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <set>
#include <string>

#include "guard/status.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

net::BackendStatus Watched() {
  net::BackendStatus b;
  b.name = "db:3306";
  b.current = true;
  b.monitor.up = true;
  b.monitor.looked = Time(seconds(99));
  b.monitor.figures.max_connections = 151;
  b.monitor.figures.threads_running = 4;
  b.monitor.figures.uptime = 7;
  b.monitor.figures.buffer_pool_read_requests = 100;
  return b;
}

json::object Server(const net::BackendStatus& b) { return ServerJson({b}, Time(seconds(100))); }

// Those of `names` that are null, and no others.
void ExpectNull(const json::object& of, const std::set<std::string>& names) {
  for (const auto& [key, value] : of) {
    EXPECT_EQ(value.is_null(), names.contains(std::string(key))) << std::string(key);
  }
}

TEST(LatencyJson, BucketsAreNotCumulativeAndTheLastHasNoBound) {
  LatencyStatus latency;
  latency.login.buckets[0] = 2;
  latency.login.buckets[1] = 3;
  latency.login.buckets[kLatencyBuckets - 1] = 1;
  latency.login.sum = milliseconds(20'500);
  const json::object all = LatencyJson(latency);
  const json::object& login = all.at("login").as_object();
  EXPECT_EQ(login.at("count"), 6);
  EXPECT_EQ(login.at("sum_s"), 20.5);
  const json::array& buckets = login.at("buckets").as_array();
  ASSERT_EQ(buckets.size(), kLatencyBuckets);
  EXPECT_EQ(buckets.front(), (json::array{0.0005, 2}));
  EXPECT_EQ(buckets.at(1), (json::array{0.001, 3}));
  EXPECT_EQ(buckets.at(kLatencyBuckets - 2), (json::array{10.0, 0}));
  EXPECT_EQ(buckets.back(), (json::array{nullptr, 1}));
  EXPECT_TRUE(all.contains("statement") && all.contains("waited"));
}

TEST(ServerJson, WhatTheMonitorRead) {
  const json::object server = Server(Watched());
  EXPECT_EQ(server.at("max_connections"), 151);
  EXPECT_EQ(server.at("threads_running"), 4);
  EXPECT_EQ(server.at("looked_ms_ago"), 1000);
  EXPECT_EQ(server.at("read_only"), false);
  ExpectNull(server, {"replica_lag_s"});
}

TEST(ServerJson, ALagThatIsKnown) {
  net::BackendStatus b = Watched();
  b.monitor.figures.replica = true;
  b.monitor.figures.replica_lag = 0;
  EXPECT_EQ(Server(b).at("replica_lag_s"), 0);
  EXPECT_EQ(Server(b).at("replica"), true);
}

TEST(ServerJson, AServerWithoutInnodbHasNoPool) {
  net::BackendStatus b = Watched();
  b.monitor.figures.buffer_pool_read_requests = 0;
  ExpectNull(Server(b), {"replica_lag_s", "buffer_pool_read_requests", "buffer_pool_reads"});
}

TEST(ServerJson, WithoutItsStatusOnlyItsVariables) {
  net::BackendStatus b = Watched();
  b.monitor.figures.ForgetStatus();
  const json::object server = Server(b);
  EXPECT_EQ(server.at("max_connections"), 151);
  EXPECT_TRUE(server.at("threads_connected").is_null());
  EXPECT_TRUE(server.at("slow_queries").is_null());
  EXPECT_TRUE(server.at("uptime_s").is_null());
}

TEST(ServerJson, NothingIsKnownWhileTheMonitorIsNotThere) {
  net::BackendStatus down = Watched(), never = Watched(), spare = Watched();
  down.monitor.up = false;
  never.monitor.looked = Time();
  spare.current = false;
  for (const auto& b : {down, never, spare}) {
    for (const auto& [key, value] : Server(b)) EXPECT_TRUE(value.is_null()) << std::string(key);
  }
  EXPECT_TRUE(ServerJson({}, Time(seconds(1))).at("foreign").is_null());
}

TEST(HostJson, NullWhereNothingIsKnown) {
  HostFigures host;
  ExpectNull(HostJson(host),
             {"cpu_used", "memory_total", "memory_available", "disk_total", "disk_free",
              "error_log_bytes", "looked_ms_ago", "disk_looked_ms_ago"});
  host.disk_looked_ago = seconds(3);
  EXPECT_EQ(HostJson(host).at("disk_looked_ms_ago"), 3000);
  host.cpu_used = 0.25;
  host.error_log_bytes = 0;
  EXPECT_EQ(HostJson(host).at("cpu_used"), 0.25);
  EXPECT_EQ(HostJson(host).at("error_log_bytes"), 0);
}

TEST(StatusJson, HasTheFigures) {
  StatusFacts facts;
  facts.engine.statement_errors = 3;
  facts.engine.commands = 9;
  facts.engine.classes = {{.name = "shop", .refused_logins = 2, .refused_commands = 1}};
  const json::value status = json::parse(StatusJson(facts));
  for (const char* name : {"latency", "server", "host", "process"}) {
    EXPECT_TRUE(status.as_object().contains(name)) << name;
  }
  EXPECT_EQ(status.at("statements").at("errors"), 3);
  EXPECT_EQ(status.at("statements").at("commands"), 9);
  EXPECT_EQ(status.at("classes").at(0).at("refused_logins"), 2);
  EXPECT_EQ(status.at("classes").at(0).at("refused_commands"), 1);
}

}  // namespace
}  // namespace headgate::guard
