// The answers about backends, pools and the waiting room, as JSON and as text.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "guard/backends.h"
#include "guard/pools.h"
#include "guard/status.h"
#include "guard/waiting_list.h"
#include "net/address_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

Config With(const std::vector<std::string>& backends) {
  Config config;
  for (const std::string& text : backends) config.backend.push_back(*ParseEndpoint(text));
  return config;
}

std::vector<Address> Resolve(const std::string& name) {
  if (name == "a.example") return {*net::ParseAddress("192.0.2.10")};
  if (name == "here.example") return {*net::ParseAddress("127.0.0.1")};
  return {};
}

TEST(Backends, EachNameIsLookedUpOnce) {
  const auto settled = SettleBackends(With({"a.example:3306", "192.0.2.11:3306"}), Resolve);
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_THAT(settled->shown, ElementsAre("a.example:3306", "192.0.2.11:3306"));
  EXPECT_THAT(settled->connect, ElementsAre("192.0.2.10:3306", "192.0.2.11:3306"));
  EXPECT_FALSE(settled->collapsed);
  EXPECT_EQ(settled->ShownOf("192.0.2.10:3306"), "a.example:3306");
  EXPECT_EQ(settled->ShownOf("192.0.2.99:3306"), "192.0.2.99:3306");
  EXPECT_EQ(settled->ConnectOf("a.example:3306"), "192.0.2.10:3306");
  EXPECT_EQ(settled->ConnectOf("192.0.2.10:3306"), "192.0.2.10:3306");
  EXPECT_EQ(settled->ConnectOf("b"), std::nullopt);
}

TEST(Backends, OneThatCannotBeLookedUpIsLeftOut) {
  const auto settled = SettleBackends(With({"a.example:3306", "gone.example:1"}), Resolve);
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_THAT(settled->connect, ElementsAre("192.0.2.10:3306"));
  EXPECT_THAT(settled->warnings, ElementsAre("gone.example cannot be looked up"));
  const auto none = SettleBackends(With({"gone.example:1", "lost.example:1"}), Resolve);
  EXPECT_THAT(std::string(none.status().message()),
              AllOf(HasSubstr("gone.example"), HasSubstr("lost.example")));
}

TEST(Backends, ARestartStartsWithTheOneInUse) {
  const Config config = With({"192.0.2.11:3306", "a.example:3306"});
  const auto start = [&](const std::string& remembered) {
    return SettleBackends(config, Resolve, remembered)->start;
  };
  EXPECT_EQ(start(""), "192.0.2.11:3306");
  EXPECT_EQ(start("192.0.2.11:3306"), "192.0.2.11:3306");
  EXPECT_EQ(start("a.example:3306"), "192.0.2.10:3306");
  EXPECT_EQ(start("192.0.2.10:3306"), "192.0.2.10:3306");
  const auto other = SettleBackends(config, Resolve, "b.example:3306");
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->start, "192.0.2.11:3306");
  EXPECT_THAT(other->warnings,
              ElementsAre(AllOf(HasSubstr("b.example:3306"), HasSubstr("not in the list"))));
}

// The name in use has come to mean another address: it is the same server to whoever named it.
TEST(Backends, ANameThatMovedIsStillTheOneInUse) {
  const auto moved = [](const std::string&) {
    return std::vector<Address>{*net::ParseAddress("192.0.2.77")};
  };
  const auto settled =
      SettleBackends(With({"192.0.2.11:3306", "a.example:3306"}), moved, "a.example:3306");
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_EQ(settled->start, "192.0.2.77:3306");
}

TEST(Backends, WithoutFailoverNoLookUpChangesTheServer) {
  Config config = With({"192.0.2.11:3306", "gone.example:1"});
  const auto after = SettleBackends(config, Resolve, "gone.example:1");
  EXPECT_THAT(std::string(after.status().message()),
              AllOf(HasSubstr("gone.example:1, in use before the restart, cannot be looked up"),
                    HasSubstr("failover = \"off\"")));
  EXPECT_TRUE(SettleBackends(config, Resolve, "192.0.2.11:3306").ok());
  config.failover = Failover::kSticky;
  const auto sticky = SettleBackends(config, Resolve, "gone.example:1");
  ASSERT_TRUE(sticky.ok()) << sticky.status();
  EXPECT_EQ(sticky->start, "192.0.2.11:3306");
  EXPECT_THAT(sticky->warnings, Contains(HasSubstr("goes on with 192.0.2.11:3306")));
  // Nothing is remembered: the first is the one.
  config = With({"gone.example:1", "a.example:3306"});
  EXPECT_THAT(std::string(SettleBackends(config, Resolve).status().message()),
              HasSubstr("gone.example:1 cannot be looked up, and with failover"));
  config.failover = Failover::kSticky;
  EXPECT_EQ(SettleBackends(config, Resolve)->start, "192.0.2.10:3306");
}

TEST(Backends, TwoNamesOfOneServerAreAMistake) {
  const auto settled = SettleBackends(With({"a.example:3306", "192.0.2.10:3306"}), Resolve);
  EXPECT_THAT(std::string(settled.status().message()), HasSubstr("are the same server"));
}

TEST(Backends, IdentityIsJudgedByWhatIsConnectedTo) {
  EXPECT_FALSE(SettleBackends(With({"192.0.2.11:1", "here.example:3306"}), Resolve).ok());
  Config config = With({"192.0.2.11:1", "here.example:3306"});
  config.clients_become_localhost = true;
  const auto settled = SettleBackends(config, Resolve);
  ASSERT_TRUE(settled.ok()) << settled.status();
  EXPECT_TRUE(settled->collapsed);
}

constexpr Time kNow{std::chrono::hours(1)};

net::GateStatus TwoBackends() {
  net::BackendStatus first;
  first.name = "192.0.2.10:3306";
  first.state = "down";
  first.since = kNow - seconds(75);
  first.last_error = "no answer\x1b[2J";
  net::BackendStatus second;
  second.name = "192.0.2.11:3306";
  second.current = second.up = second.read_only = true;
  second.state = "up";
  second.since = kNow - milliseconds(7400);
  second.server_version = "10.11.6-MariaDB";
  second.monitor.figures.max_connections = 151;
  second.monitor.figures.threads_connected = 40;
  second.monitor.figures.foreign = 3;
  second.monitor.figures.threads_running = 2;
  second.monitor.figures.replica_lag = 3;
  net::GateStatus gate;
  gate.backends = {first, second};
  return gate;
}

TEST(Backends, Answer) {
  const std::string text = BackendsJson(TwoBackends(), Failover::kSticky, kNow);
  const json::value root = json::parse(text);
  EXPECT_EQ(root.at("failover"), "sticky");
  const json::object& first = root.at("backends").as_array().at(0).as_object();
  EXPECT_EQ(first.at("name"), "192.0.2.10:3306");
  EXPECT_EQ(first.at("current"), false);
  EXPECT_EQ(first.at("up"), false);
  EXPECT_EQ(first.at("state"), "down");
  EXPECT_EQ(first.at("for_s").to_number<int>(), 75);
  EXPECT_TRUE(first.at("monitor").at("replication_lag_s").is_null());
  EXPECT_EQ(text.find("\\u001b"), std::string::npos);
  const json::object& second = root.at("backends").as_array().at(1).as_object();
  EXPECT_EQ(second.at("current"), true);
  EXPECT_EQ(second.at("read_only"), true);
  EXPECT_EQ(second.at("monitor").at("replication_lag_s").to_number<int>(), 3);
  for (const char* name :
       {"max_connections", "threads_connected", "threads_running", "foreign", "aborted_connects",
        "slow_queries", "pool_read_requests", "pool_reads", "connection_errors", "up", "error"}) {
    EXPECT_TRUE(second.at("monitor").as_object().contains(name)) << name;
  }
}

TEST(Backends, Text) {
  const std::string text = BackendsText(BackendsJson(TwoBackends(), Failover::kSticky, kNow));
  EXPECT_THAT(text, AllOf(HasSubstr("  192.0.2.10:3306 "), HasSubstr(" 75s "), HasSubstr("down"),
                          HasSubstr("* 192.0.2.11:3306 "), HasSubstr("10.11.6-MariaDB, read-only"),
                          HasSubstr("40 of 151 connections, 3 foreign, 2 running, lag 3s"),
                          HasSubstr("failover is sticky")));
  EXPECT_THAT(BackendsText(BackendsJson(TwoBackends(), Failover::kOff, kNow)),
              HasSubstr("failover is off"));
  EXPECT_EQ(BackendsText("oops"), "oops\n");
}

TEST(WaitingList, JsonAndText) {
  WaitingStatus row;
  row.peer = *net::ParseAddress("203.0.113.7");
  row.user = "shop\x1b";
  row.class_name = "shop";
  row.position = 3;
  row.waited = milliseconds(1200);
  row.expected = milliseconds(800);
  row.left = Duration::max();
  row.known_good = true;
  WaitingStatus other = row;
  other.known_good = false;
  other.left = seconds(4);
  const std::string text = WaitingJson({row, other}, 9);
  const json::value root = json::parse(text);
  EXPECT_EQ(root.at("total"), 9);
  const json::object& first = root.at("waiting").as_array().at(0).as_object();
  EXPECT_EQ(first.at("source"), "203.0.113.7");
  EXPECT_EQ(first.at("class"), "shop");
  EXPECT_EQ(first.at("position"), 3);
  EXPECT_EQ(first.at("waited_ms"), 1200);
  EXPECT_EQ(first.at("expected_ms"), 800);
  EXPECT_TRUE(first.at("left_ms").is_null());
  EXPECT_EQ(first.at("known_good"), true);
  EXPECT_EQ(root.at("waiting").as_array().at(1).at("left_ms"), 4000);
  const std::string shown = WaitingText(text);
  EXPECT_THAT(shown, AllOf(HasSubstr("203.0.113.7"), HasSubstr(" 1s "), HasSubstr(" 800ms "),
                           HasSubstr(" 4s "), HasSubstr(" *\n"), HasSubstr("the first 2 of 9")));
  EXPECT_EQ(shown.find('\x1b'), std::string::npos);
  EXPECT_EQ(WaitingText(WaitingJson({}, 0)), "nobody waits\n");
  EXPECT_EQ(WaitingText("oops"), "oops\n");
}

EngineStatus TwoClasses() {
  EngineStatus engine;
  ClassStatus shop;
  shop.name = "shop";
  shop.reserve = 31;
  shop.may_use = 60;
  shop.leases = 12;
  ClassStatus rest;
  rest.name = "default";
  rest.may_use = 10;
  engine.classes = {shop, rest};
  engine.implicit_reserve = 50;  // of no meaning beside a class
  return engine;
}

TEST(Pools, SizesByClass) {
  Limits limits = Limits::Defaults();
  limits.classes.insert(limits.classes.begin(), ClassLimits());
  limits.classes[0].name = "shop";
  limits.classes[0].queue = seconds(2);
  const std::string text = PoolsJson(TwoClasses(), limits, 3);
  const json::value root = json::parse(text);
  const json::value& shop = root.at("classes").as_array().at(0);
  EXPECT_EQ(root.at("instances"), 3);
  EXPECT_EQ(shop.at("may_use"), 60);
  EXPECT_EQ(shop.at("guaranteed"), 31);
  EXPECT_EQ(shop.at("implicit"), false);
  EXPECT_EQ(shop.at("size"), 10);
  EXPECT_EQ(shop.at("most"), 20);
  EXPECT_EQ(shop.at("queue_ms"), 2000);
  const json::value& rest = root.at("classes").as_array().at(1);
  EXPECT_EQ(rest.at("guaranteed"), 0);
  EXPECT_EQ(rest.at("size"), 3);
  EXPECT_EQ(rest.at("queue_ms"), 5000);
  const std::string shown = PoolsText(text);
  EXPECT_THAT(shown, AllOf(HasSubstr("shop: may use 60 slots now, 12 in use; 31 kept for it"),
                           HasSubstr("SetMaxOpenConns(10), SetMaxIdleConns(10)"),
                           HasSubstr("maximumPoolSize = 10, connectionTimeout above 2s"),
                           HasSubstr("pool_size = 10, max_overflow = 10"),
                           HasSubstr("connectionLimit = 10, maxIdle = 10, connectTimeout above 2s"),
                           HasSubstr("default: may use 10 slots now, 0 in use; none of them")));
  EXPECT_EQ(PoolsText("oops"), "oops\n");
}

TEST(Pools, WithoutAClassTheImplicitReserveCounts) {
  EngineStatus engine = TwoClasses();
  engine.classes.erase(engine.classes.begin());
  engine.classes[0].may_use = 100;
  const std::string text = PoolsJson(engine, Limits::Defaults(), 4);
  const json::value root = json::parse(text);
  const json::value& rest = root.at("classes").as_array().at(0);
  EXPECT_EQ(rest.at("guaranteed"), 50);
  EXPECT_EQ(rest.at("implicit"), true);
  EXPECT_EQ(rest.at("size"), 12);
  EXPECT_EQ(rest.at("most"), 25);
  EXPECT_THAT(PoolsText(text), HasSubstr("50 kept for known-good logins when it is tight"));
}

TEST(Pools, NeverMoreThanThereIs) {
  EngineStatus engine = TwoClasses();
  engine.classes[0].may_use = 20;  // others took the rest
  const std::string text = PoolsJson(engine, Limits::Defaults(), 21);
  const json::value root = json::parse(text);
  EXPECT_EQ(root.at("classes").as_array().at(0).at("guaranteed"), 20);
  EXPECT_EQ(root.at("classes").as_array().at(0).at("size"), 0);
  EXPECT_THAT(PoolsText(text),
              AllOf(HasSubstr("fewer slots than instances"), Not(HasSubstr("SetMaxOpenConns"))));
}

TEST(Status, Headroom) {
  StatusFacts facts;
  facts.gate = TwoBackends();
  facts.failover = Failover::kSticky;
  facts.engine.slots_capacity = 146;
  facts.engine.leases = 40;
  facts.engine.free_slots = 100;
  facts.engine.foreign = 6;
  facts.engine.former = 2;
  facts.engine.server_max = 151;
  facts.engine.ramp = 100;
  facts.engine.implicit_pairs = 3;
  facts.engine.implicit_reserve = 30;
  facts.engine.implicit_unused = 12;
  facts.engine.implicit_binds = true;
  facts.engine.level = Level::kAttack;
  facts.engine.level_cause = "free_slots";
  facts.engine.level_for = seconds(12);
  facts.engine.level_changes = 3;
  facts.state.error = "disk full";
  ClassStatus c;
  c.name = "default";
  c.lent = 4;
  c.may_use = 90;
  c.expected_wait = milliseconds(1500);
  facts.engine.classes = {c};
  const std::string text = StatusJson(facts);
  const json::value root = json::parse(text);
  const json::value& slots = root.at("slots");
  EXPECT_EQ(slots.at("free"), 100);
  EXPECT_EQ(slots.at("server_max"), 151);
  EXPECT_EQ(slots.at("foreign"), 6);
  EXPECT_EQ(slots.at("former"), 2);
  EXPECT_EQ(slots.at("implicit").at("pairs"), 3);
  EXPECT_EQ(slots.at("implicit").at("unused"), 12);
  EXPECT_EQ(slots.at("implicit").at("binds"), true);
  EXPECT_EQ(root.at("pressure"), json::parse(R"({"level":"attack","cause":"free_slots",)"
                                             R"("for_s":12,"changes":3,"enforce":true})"));
  EXPECT_EQ(root.at("backend").at("address"), "192.0.2.11:3306");
  EXPECT_EQ(root.at("backends").as_array().size(), 2u);
  EXPECT_EQ(root.at("failover"), "sticky");
  EXPECT_EQ(root.at("state").at("error"), "disk full");
  EXPECT_EQ(root.at("classes").as_array().at(0).at("expected_wait_ms"), 1500);
  const std::string shown = StatusText(text);
  EXPECT_THAT(
      shown,
      AllOf(HasSubstr("backend      192.0.2.10:3306 DOWN, not in use: no answer"),
            HasSubstr("backend      192.0.2.11:3306 up 10.11.6-MariaDB, read-only, in use\n"),
            HasSubstr("pressure     attack for 12s, by free_slots\n"),
            HasSubstr("slots        40 of 146, free 100, orphans 0, foreign 6, 2 at a server that "
                      "was left; the server has 151; ramping up, 100 logins/s\n"),
            HasSubstr("implicit     30 slots for 3 known-good pairs, 12 unused, kept for them "
                      "now\n"),
            HasSubstr("lent to it 4, expected wait 2s\n"),
            HasSubstr("state        not saved: disk full\n")));
}

TEST(Status, CalmIsSaidShortly) {
  StatusFacts facts;
  facts.pressure_enforced = false;
  const std::string shown = StatusText(StatusJson(facts));
  EXPECT_THAT(shown, HasSubstr("pressure     calm for 0s; shown only, enforce = false\n"));
  EXPECT_THAT(shown, Not(HasSubstr("implicit")));
  EXPECT_THAT(shown, Not(HasSubstr("state ")));
}

}  // namespace
}  // namespace headgate::guard
