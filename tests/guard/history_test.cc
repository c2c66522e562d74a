// The quarter of an hour that the page shows: rates, quantiles, bounds; with a clock of its own.
#include "guard/history.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <limits>

#include "guard/history_facts.h"
#include "guard/json_text.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double kNoBound = std::numeric_limits<double>::infinity();

class HistoryTest : public ::testing::Test {
 protected:
  // The state a second later.
  void Second(Duration later = seconds(1)) {
    facts_.at += later;
    facts_.unix_ms += std::chrono::duration_cast<milliseconds>(later).count();
    history_.Add(facts_);
  }
  [[nodiscard]] json::value Read(std::uint64_t last = History::kMostSamples) const {
    return ParseAnswer(history_.Json(last));
  }
  static json::value Cell(const json::value& root, std::initializer_list<const char*> path,
                          std::size_t row = 0) {
    const json::array& column = ListAt(root, path);
    return row < column.size() ? column[row] : json::value("no such row");
  }

  HistoryFacts facts_;
  History history_{17};
};

TEST_F(HistoryTest, TheFirstStateIsWhatIsCountedFrom) {
  facts_.accepted = 1'000'000;
  facts_.refused = {{"connect_rate", 5000}};
  EXPECT_EQ(ListAt(Read(), {"at"}).size(), 0U);
  Second();
  EXPECT_EQ(ListAt(Read(), {"at"}).size(), 0U);
  Second();
  EXPECT_EQ(Cell(Read(), {"accepted"}), json::value(0));
  EXPECT_TRUE(ListAt(Read(), {"refused", "connect_rate"}).empty()) << "nothing came since";
}

TEST_F(HistoryTest, CountsAreASecondAndGaugesAreWhatTheyAre) {
  Second();
  facts_.accepted += 30;
  facts_.logins_ok += 4;
  facts_.logins_failed += 1;
  facts_.refused = {{"banned", 25}};
  facts_.refused_protected += 2;
  facts_.statements_protected += 3;
  facts_.classes = {{"shop", 12}, {"default", 3}};
  facts_.leases = 15;
  facts_.level = 2;
  facts_.threads_running = 7;
  Second();
  const json::value now = Read();
  EXPECT_EQ(Cell(now, {"accepted"}), json::value(30));
  EXPECT_EQ(Cell(now, {"logins_ok"}), json::value(4));
  EXPECT_EQ(Cell(now, {"logins_failed"}), json::value(1));
  EXPECT_EQ(Cell(now, {"refused", "banned"}), json::value(25));
  EXPECT_EQ(Cell(now, {"refused_protected"}), json::value(2));
  EXPECT_EQ(Cell(now, {"statements_protected"}), json::value(3));
  EXPECT_EQ(Cell(now, {"seconds"}), json::value(1));
  EXPECT_EQ(Plain(At(now, {"reasons", "banned"})), "The source is on the ban list.");
  EXPECT_EQ(Cell(now, {"classes", "shop"}), json::value(12));
  EXPECT_EQ(Cell(now, {"leases"}), json::value(15));
  EXPECT_EQ(Cell(now, {"level"}), json::value(2));
  EXPECT_EQ(Cell(now, {"threads_running"}), json::value(7));
  facts_.accepted += 30;
  facts_.refused_protected += 1;
  Second(seconds(3));  // its thread was held up
  EXPECT_EQ(Cell(Read(), {"accepted"}, 1), json::value(10));
  EXPECT_EQ(Cell(Read(), {"refused_protected"}, 1), json::value(1)) << "a count: it is not spread";
  EXPECT_EQ(Cell(Read(), {"seconds"}, 1), json::value(3));
}

TEST_F(HistoryTest, WhatASampleKnowsNothingOfIsNull) {
  Second();
  facts_.classes = {{"shop", 1}};
  Second();
  facts_.classes = {{"web", 2}};
  facts_.refused = {{"banned", 3}};
  Second();
  const json::value now = Read();
  EXPECT_EQ(Cell(now, {"classes", "shop"}, 0), json::value(1));
  EXPECT_TRUE(Cell(now, {"classes", "shop"}, 1).is_null());
  EXPECT_TRUE(Cell(now, {"classes", "web"}, 0).is_null());
  EXPECT_TRUE(Cell(now, {"refused", "banned"}, 0).is_null());
  EXPECT_TRUE(Cell(now, {"threads_running"}).is_null());
}

TEST_F(HistoryTest, TellsAsManyAsAreAskedFor) {
  for (int i = 0; i < 11; ++i) Second();
  EXPECT_EQ(At(Read(), {"start"}), json::value(17));
  EXPECT_EQ(At(Read(), {"from"}), json::value(0));
  EXPECT_EQ(At(Read(), {"next"}), json::value(10));
  facts_.accepted = 5;
  Second();
  EXPECT_EQ(ListAt(Read(3), {"at"}).size(), 3U);
  EXPECT_EQ(At(Read(3), {"from"}), json::value(8));
  EXPECT_EQ(At(Read(3), {"next"}), json::value(11));
  EXPECT_EQ(Cell(Read(3), {"accepted"}, 2), json::value(5)) << "the last ones";
  EXPECT_EQ(ListAt(Read(12), {"at"}).size(), 11U);
}

TEST_F(HistoryTest, KeepsAQuarterOfAnHour) {
  for (std::size_t i = 0; i < History::kMostSamples + 51; ++i) Second();
  EXPECT_EQ(ListAt(Read(), {"at"}).size(), History::kMostSamples);
  EXPECT_EQ(At(Read(), {"from"}), json::value(50));
  EXPECT_EQ(At(Read(20), {"from"}), json::value(930));
  EXPECT_EQ(At(Read(), {"next"}), json::value(950));
}

TEST_F(HistoryTest, ManyClassesAreSummedUp) {
  for (int i = 0; i < 40; ++i) facts_.classes.emplace_back("class" + std::to_string(i), 1);
  Second();
  Second();
  const json::value now = Read();
  EXPECT_EQ(At(now, {"classes"}).as_object().size(), History::kMostClasses);
  EXPECT_EQ(Cell(now, {"classes", "(others)"}), json::value(25));
}

TEST_F(HistoryTest, ManyNamesOverTimeDoNotGrowTheAnswer) {
  for (int i = 0; i < 500; ++i) {
    facts_.classes = {{"renamed" + std::to_string(i), 1}};
    Second();
  }
  EXPECT_EQ(At(Read(), {"classes"}).as_object().size(), 128U);
}

TEST_F(HistoryTest, AClockThatStandsLeavesNoSample) {
  Second();
  history_.Add(facts_);
  EXPECT_EQ(ListAt(Read(), {"at"}).size(), 0U);
}

TEST_F(HistoryTest, QuantilesAreOfThatSecondAlone) {
  facts_.statement = {{0.001, 1000}, {0.01, 0}, {kNoBound, 0}};
  Second();
  facts_.statement[1].second = 100;
  Second();
  const auto p50 = Cell(Read(), {"statement_s", "p50"}).as_double();
  EXPECT_GT(p50, 0.005);
  EXPECT_LT(p50, 0.006);
  Second();
  EXPECT_TRUE(Cell(Read(), {"statement_s", "p50"}, 1).is_null()) << "nothing ran";
  EXPECT_TRUE(Cell(Read(), {"login_s", "p99"}, 1).is_null());
}

TEST(QuantilesTest, AreWithinTheirBuckets) {
  const TimeBuckets none{{0.1, 0}, {0.2, 0}, {kNoBound, 0}};
  const Quantiles q = QuantilesBetween(none, {{0.1, 90}, {0.2, 8}, {kNoBound, 2}});
  EXPECT_NEAR(*q.p50, 0.0556, 0.001);
  EXPECT_NEAR(*q.p95, 0.1625, 0.001);
  EXPECT_DOUBLE_EQ(*q.p99, 0.2) << "above the last bound nobody knows how far";
  EXPECT_FALSE(QuantilesBetween(none, none).p50);
  EXPECT_FALSE(QuantilesBetween({}, none).p50);
  EXPECT_FALSE(QuantilesBetween({{0.3, 0}, {0.2, 0}, {kNoBound, 0}}, none).p50);
  EXPECT_FALSE(QuantilesBetween({{0.1, 5}, {0.2, 0}, {kNoBound, 0}}, none).p50) << "it went back";
}

TEST(HistoryFactsTest, ComeFromWhatStatusSays) {
  StatusFacts status;
  status.now = Time(seconds(1));
  EngineStatus& engine = status.engine;
  engine.leases = 5;
  engine.slots_capacity = 55;
  engine.free_slots = 50;
  engine.foreign = 1;
  engine.server_max = 60;
  engine.classes.resize(2);
  engine.classes[0].name = "shop";
  engine.classes[0].leases = 4;
  engine.pending = 3;
  engine.waiting = 2;
  engine.logins = 1;
  engine.level = Level::kAttack;
  engine.accepted = 100;
  const auto at = [](Reason reason) { return static_cast<std::size_t>(reason); };
  engine.acted[at(Reason::kConnectRate)] = 9;
  engine.acted[at(Reason::kClientClosed)] = 50;
  engine.of_protected[at(Reason::kConnectRate)] = 2;
  engine.of_protected[at(Reason::kBanned)] = 1;
  engine.of_protected[at(Reason::kQueryRate)] = 7;
  engine.latency.statement.buckets.front() = 3;
  engine.latency.statement.buckets.back() = 1;
  status.gate.connections = 11;
  const HistoryFacts facts = FactsOf(status, 1000);
  EXPECT_EQ(facts.at, Time(seconds(1)));
  EXPECT_EQ(facts.unix_ms, 1000);
  EXPECT_EQ(facts.leases, 5U);
  EXPECT_EQ(facts.free, 50U);
  EXPECT_EQ(facts.server_max, 60U);
  EXPECT_EQ(facts.classes.at(0), std::make_pair(std::string("shop"), 4U));
  EXPECT_EQ(facts.pending, 3U);
  EXPECT_EQ(facts.lane, 1U);
  EXPECT_EQ(facts.connections, 11U);
  EXPECT_EQ(facts.level, 2U);
  ASSERT_EQ(facts.refused.size(), 1U) << "an ordinary end is no refusal";
  EXPECT_EQ(facts.refused[0], std::make_pair(std::string("connect_rate"), std::uint64_t{9}));
  EXPECT_EQ(facts.refused_protected, 3U);
  EXPECT_EQ(facts.statements_protected, 7U);
  EXPECT_EQ(facts.statement.front().second, 3U);
  EXPECT_EQ(facts.statement.back(), std::make_pair(kNoBound, std::uint64_t{1}));
  EXPECT_EQ(facts.login.size(), facts.statement.size());
}

TEST(HistoryFactsTest, KnowThreadsRunningWhereTheMonitorDoes) {
  StatusFacts status;
  EXPECT_FALSE(FactsOf(status, 0).threads_running);
  status.gate.backends.resize(2);
  status.gate.backends[1].current = true;
  net::MonitorStatus& monitor = status.gate.backends[1].monitor;
  monitor.figures.threads_running = 4;
  EXPECT_FALSE(FactsOf(status, 0).threads_running);
  monitor.up = true;
  monitor.looked = Time(seconds(1));
  EXPECT_FALSE(FactsOf(status, 0).threads_running) << "it may not read the server's status";
  monitor.figures.uptime = 9;
  EXPECT_EQ(FactsOf(status, 0).threads_running, 4);
}

}  // namespace
}  // namespace headgate::guard
