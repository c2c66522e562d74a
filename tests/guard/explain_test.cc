#include "guard/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "guard/explain_request.h"
#include "guard/json_text.h"
#include "net/address_text.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

ExplainRow RowOf(const char* key, ExplainRow::State state, Reason reason) {
  ExplainRow row;
  row.key = key;
  row.state = state;
  row.reason = reason;
  return row;
}

// A source that connects too fast, in a gate whose file says so in its second line.
class ExplainAnswerTest : public ::testing::Test {
 protected:
  ExplainAnswerTest() {
    e_.peer = *net::ParseAddress("192.0.2.7");
    e_.source = SourceNetwork(e_.peer);
    e_.user = "shop";
    e_.class_name = "default";
    e_.slots = 146;
    e_.free_slots = 57;
    e_.connection.kind = ExplainOutlook::Kind::kRefused;
    e_.connection.reason = Reason::kConnectRate;
    ExplainRow row = RowOf("source.connect_rate", ExplainRow::State::kBinds, Reason::kConnectRate);
    row.limit = row.now = 200;
    row.unit = "of the burst";
    row.left = std::chrono::milliseconds(20);
    e_.rows = {RowOf("pending.max", ExplainRow::State::kApplies, Reason::kPendingFull), row};
  }
  std::string Json() {
    const Loaded loaded = ParseConfig({{"/etc/headgate/headgate.toml", text_, ""}}, QuietHost());
    EXPECT_TRUE(loaded.config.has_value());
    return ExplainJson(e_, ExplainWords(*loaded.config, loaded.origins));
  }
  json::object Row(std::size_t i) {
    const json::value root = json::parse(Json());
    return root.at("rows").as_array().at(i).as_object();
  }

  std::string text_ =
      "gate.backend = [\"192.0.2.10:3306\"]\nsource.connect_rate = \"50/s burst 200\"\n";
  Explanation e_;
};

TEST_F(ExplainAnswerTest, ARowHasTheConfigurationsWordsAndLine) {
  const json::object row = Row(1);
  EXPECT_EQ(row.at("where"), "/etc/headgate/headgate.toml:2");
  EXPECT_EQ(row.at("configured"), "\"50/s burst 200\"");
  EXPECT_EQ(row.at("state"), "binds");
  EXPECT_EQ(row.at("reason"), "connect_rate");
  EXPECT_EQ(row.at("now"), 200);
  EXPECT_EQ(row.at("left_s"), 0.02);
  EXPECT_EQ(row.at("dry_run"), nullptr);
  EXPECT_EQ(Row(0).at("where"), "default");
  EXPECT_EQ(Row(0).at("configured"), "4096");
  EXPECT_EQ(Row(0).at("limit"), nullptr);
}

TEST_F(ExplainAnswerTest, ADryRunNamesTheLineThatKeepsItFromActing) {
  text_ += "source.enforce = false\n";
  e_.rows[1].acts = false;
  e_.connection = {};
  EXPECT_EQ(Row(1).at("dry_run").at("key"), "source.enforce");
  EXPECT_EQ(Row(1).at("dry_run").at("where"), "/etc/headgate/headgate.toml:3");
  const std::string text = ExplainText(Json());
  EXPECT_THAT(text, StartsWith("next connection: admitted\n"));
  EXPECT_THAT(text, HasSubstr("in a dry run:    connect_rate would bind\n"));
  EXPECT_THAT(text, HasSubstr("\n? source.connect_rate"));
  EXPECT_THAT(text, HasSubstr("does not act: source.enforce (headgate.toml:3)"));
}

TEST_F(ExplainAnswerTest, EachLimitHasItsOwnKeyForThat) {
  e_.rows.clear();
  const auto add = [&](const char* key, Reason reason) {
    e_.rows.push_back(RowOf(key, ExplainRow::State::kBinds, reason));
    e_.rows.back().acts = false;
  };
  add("slots.start_ramp", Reason::kLoginLane);
  add("class.shop\x1f"
      "queue",
      Reason::kWaitingDeadline);
  add("class.shop\x1f"
      "max",
      Reason::kClassFull);
  add("class.shop\x1f"
      "query.running",
      Reason::kQueryRunning);
  add("default_class.shape.log", Reason::kShapeLog);
  add("pressure.attack.query.running", Reason::kQueryRunning);
  add("pressure.attack.source.connections", Reason::kSourceConnections);
  add("rule.x", Reason::kRule);
  const char* keys[] = {"login.enforce",
                        "waiting.enforce",
                        "class.shop.enforce",
                        "class.shop.query.enforce",
                        "default_class.shape.enforce",
                        "query.unknown.enforce",
                        "source.enforce",
                        "rule.x"};
  for (std::size_t i = 0; i < e_.rows.size(); ++i) {
    EXPECT_EQ(Row(i).at("dry_run").at("key"), keys[i]) << e_.rows[i].key;
  }
  EXPECT_EQ(Row(2).at("key"), "class.shop.max");
  add("pending.max", Reason::kPendingEvicted);
  e_.mode = Mode::kObserve;
  EXPECT_EQ(Row(0).at("dry_run").at("key"), "gate.mode");
  EXPECT_EQ(Row(e_.rows.size() - 1).at("dry_run").at("key"), "pending.enforce")
      << "it acts in observe as well";
}

TEST_F(ExplainAnswerTest, TheTextBeginsWithTheVerdictAndWhatBinds) {
  e_.statement.kind = ExplainOutlook::Kind::kWaits;
  e_.statement.reason = Reason::kQueryRunning;
  e_.statement.expected = std::chrono::milliseconds(2100);
  e_.statement.at_most = std::chrono::seconds(5);
  const std::string text = ExplainText(Json());
  EXPECT_THAT(text, StartsWith("next connection: refused: connect_rate\n"));
  EXPECT_THAT(text,
              HasSubstr("next query:      waits: query_running, about 2.1 s (at most 5.0 s)"));
  EXPECT_THAT(text, HasSubstr("source           192.0.2.7\n"));
  EXPECT_THAT(text, HasSubstr("57 of 146 slots free"));
  const std::size_t binds = text.find("! source.connect_rate"), other = text.find("  pending.max");
  ASSERT_NE(binds, std::string::npos);
  ASSERT_NE(other, std::string::npos);
  EXPECT_LT(binds, other);
  EXPECT_THAT(text, HasSubstr("headgate.toml:2\n"));
  EXPECT_THAT(text, Not(HasSubstr("/etc/")));
}

TEST_F(ExplainAnswerTest, LinesOfAnOrdinaryAnswerFitATerminal) {
  const std::string text = ExplainText(Json());
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = text.find('\n', at);
    EXPECT_LE(end - at, 80u) << text.substr(at, end - at);
    at = end + 1;
  }
}

TEST_F(ExplainAnswerTest, AGateThatDrainsTurnsEverybodyAway) {
  e_.connection = {};
  OverlayDraining(e_);
  EXPECT_TRUE(IsRefused(Json()));
  EXPECT_EQ(Row(0).at("key"), "drain");
  EXPECT_THAT(ExplainText(Json()), StartsWith("next connection: refused: draining\n"));
}

TEST_F(ExplainAnswerTest, PassthroughSeesNoUserAndNoStatement) {
  text_ += "gate.tls = \"passthrough\"\nlogin.known_good_share = 0\n";
  e_.rows.push_back(RowOf("query.unknown.busy", ExplainRow::State::kApplies, Reason::kQueryBusy));
  e_.rows.back().part = ExplainRow::Part::kQuery;
  e_.rows.push_back(RowOf("source.tls_rate", ExplainRow::State::kBinds, Reason::kTlsRate));
  e_.tls = {ExplainOutlook::Kind::kRefused, Reason::kTlsRate};
  OverlayTls(net::TlsMode::kPassthrough, e_);
  EXPECT_EQ(e_.rows.size(), 2u);
  const json::value root = json::parse(Json());
  EXPECT_TRUE(root.at("query").is_null());
  EXPECT_TRUE(root.at("user").is_null());
  EXPECT_EQ(root.at("tls").at("verdict"), "passes");
  const std::string text = ExplainText(Json());
  EXPECT_THAT(text, HasSubstr("next query:      (not seen: [gate] tls = \"passthrough\")\n"));
  EXPECT_THAT(text, HasSubstr("user             (not seen"));
  EXPECT_THAT(text, Not(HasSubstr("QUERIES")));
}

TEST_F(ExplainAnswerTest, NoHandshakeIsTheGatesWithoutTls) {
  e_.rows.push_back(RowOf("source.tls_rate", ExplainRow::State::kBinds, Reason::kTlsRate));
  OverlayTls(net::TlsMode::kTerminate, e_);
  EXPECT_EQ(e_.rows.size(), 3u);
  OverlayTls(net::TlsMode::kOff, e_);
  EXPECT_EQ(e_.rows.size(), 2u);
  EXPECT_EQ(e_.user, "shop");
}

TEST_F(ExplainAnswerTest, NoEndOfWaitingIsSaid) {
  e_.connection = {ExplainOutlook::Kind::kWaits, Reason::kNoSlot, std::chrono::seconds(2),
                   Duration::max()};
  EXPECT_THAT(ExplainText(Json()), StartsWith("next connection: waits: no_slot, about 2.0 s\n"));
  EXPECT_FALSE(IsRefused(Json()));
  e_.connection.at_most = std::chrono::seconds(2);
  EXPECT_THAT(ExplainText(Json()), StartsWith("next connection: waits: no_slot, at most 2.0 s\n"));
}

TEST_F(ExplainAnswerTest, WhatAnOutsiderWroteDoesNotReachTheTerminal) {
  e_.user = "a\x1b[2J";
  e_.rows[0].why = "b\x1b[2J";
  EXPECT_THAT(ExplainText(Json()), Not(HasSubstr("\x1b")));
}

TEST_F(ExplainAnswerTest, RefusedIsToldByTheAnswer) {
  EXPECT_TRUE(IsRefused(Json()));
  e_.connection = {};
  EXPECT_FALSE(IsRefused(Json()));
  EXPECT_FALSE(IsRefused("nonsense"));
  EXPECT_EQ(ExplainText("nonsense"), "nonsense\n");
}

TEST(ExplainRequestTest, IsReadAsItIsWritten) {
  for (const char* user : {"shop", "", "a b&c=d%", "\xc3\xa4", "'root'"}) {
    const std::string target = ExplainTarget("2001:db8::7", user, "sales & co");
    const auto request = ParseExplainRequest(target.substr(target.find('?') + 1));
    ASSERT_TRUE(request.ok()) << request.status();
    EXPECT_EQ(net::ToText(request->address), "2001:db8::7");
    EXPECT_EQ(request->user, user);
    EXPECT_EQ(request->database, "sales & co");
  }
  const auto alone = ParseExplainRequest("address=%31.2.3.4");
  ASSERT_TRUE(alone.ok());
  EXPECT_FALSE(alone->user.has_value());
  EXPECT_EQ(net::ToText(alone->address), "1.2.3.4");
}

TEST(ExplainRequestTest, BadOnesAreRefusedWithTheReason) {
  const auto error = [](const std::string& query) {
    const auto request = ParseExplainRequest(query);
    EXPECT_FALSE(request.ok()) << query;
    return std::string(request.status().message());
  };
  EXPECT_THAT(error(""), HasSubstr("is no address: expected \"192.0.2.1\""));
  EXPECT_THAT(error("address="), HasSubstr("is no address"));
  EXPECT_THAT(error("address=10.0.0.0/8"), HasSubstr("\"10.0.0.0/8\" is no address"));
  EXPECT_THAT(error("address=db.example"), HasSubstr("is no address"));
  EXPECT_THAT(error("address=%"), HasSubstr("address is no percent-encoded text"));
  EXPECT_THAT(error("address=1.2.3.4&user=%zz"), HasSubstr("user is no percent-encoded text"));
  EXPECT_THAT(error("address=1.2.3.4&user=%00"), HasSubstr("user is no percent-encoded text"));
  EXPECT_THAT(error("address=" + std::string(65, '1')), HasSubstr("address is at most 64 bytes"));
  EXPECT_THAT(error("address=1.2.3.4&user=" + std::string(129, 'u')),
              HasSubstr("user is at most 128 bytes"));
  EXPECT_THAT(error("address=1.2.3.4&database=" + std::string(257, 'u')),
              HasSubstr("database is at most 256 bytes"));
}

}  // namespace
}  // namespace headgate::guard
