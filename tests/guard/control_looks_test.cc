// What the running gate tells who asks about clients: explain, sources, sessions; and the drain.
#include "tests/guard/control_testing.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST_F(ControlTest, ExplainNamesTheLineThatIsInForce) {
  const auto where = [&] {
    const json::object told = Get("/explain?address=192.0.2.1&user=shop");
    for (const json::value& row : told.at("rows").as_array()) {
      if (row.at("key") == "slots.max_connections") return std::string(row.at("where").as_string());
    }
    return std::string();
  };
  EXPECT_EQ(where(), "t.toml:2");
  text_ = "\n\nslots.max_connections = 50\n";
  EXPECT_TRUE(control_->Reload().done);
  EXPECT_EQ(where(), "t.toml:4");
  text_ = "slots.max_connections = \"nonsense\"\n";
  EXPECT_FALSE(control_->Reload().done);
  EXPECT_EQ(where(), "t.toml:4");
}

TEST_F(ControlTest, ExplainRefusesWhatItCannotMeanAndChangesNothing) {
  const auto error = [&](const char* target) {
    const auto reply = control_->Handle("GET", target, "");
    EXPECT_EQ(reply.status, 400u) << target;
    return std::string(json::parse(reply.body).at("error").as_string());
  };
  EXPECT_THAT(error("/explain"), HasSubstr("is no address"));
  EXPECT_THAT(error("/explain?address=nobody"), HasSubstr("\"nobody\" is no address"));
  EXPECT_THAT(error("/explain?address=1.2.3.4&user=%"), HasSubstr("percent-encoded"));
  EXPECT_THAT(error("/explain?address=1.2.3.4&nonsense=1"), HasSubstr("address user database"));
  EXPECT_EQ(control_->Handle("POST", "/explain", "").status, 405u);
  const json::object told = Get("/explain?address=2001:db8::7&user=a%20b&database=x");
  EXPECT_EQ(told.at("source"), "2001:db8::/64");
  EXPECT_EQ(told.at("user"), "a b");
  EXPECT_EQ(told.at("connection").at("verdict"), "admitted");
  EXPECT_EQ(Get("/status").at("sources"), 0);
}

TEST_F(ControlTest, AGateThatDrainsLetsNobodyInAndReloadsNoMore) {
  control_->SetDraining();
  EXPECT_TRUE(IsRefused(control_->Handle("GET", "/explain?address=192.0.2.7", "").body));
  const auto before = engine_->limits();
  text_ = "slots.max_connections = 50\n";
  EXPECT_THAT(control_->Reload().not_now, HasSubstr("draining"));
  const auto reply = control_->Handle("POST", "/reload", "");
  EXPECT_EQ(reply.status, 409u);
  EXPECT_THAT(reply.body, HasSubstr("draining"));
  EXPECT_EQ(engine_->limits(), before);
}

TEST_F(ControlTest, WhileItHandsOverNothingIsChangedThatWouldBeLost) {
  const auto before = engine_->limits();
  text_ = "slots.max_connections = 50\n";
  for (const UpgradeState state : {UpgradeState::kRunning, UpgradeState::kHandedOver}) {
    upgrade_.state = state;
    for (const auto& [target, body] :
         {std::pair("/backend", R"({"use": "192.0.2.10:3306"})"),
          std::pair("/ban", R"({"address": "192.0.2.1"})"),
          std::pair("/unban", R"({"address": "all"})"), std::pair("/reload", "")}) {
      const auto reply = control_->Handle("POST", target, body);
      EXPECT_EQ(reply.status, 409u) << target;
      EXPECT_THAT(reply.body, HasSubstr("an upgrade is under way")) << target;
    }
    EXPECT_EQ(control_->Reload().not_now, kHandsOver);
  }
  EXPECT_EQ(used_, "");
  EXPECT_EQ(engine_->limits(), before);
  EXPECT_TRUE(Get("/bans").at("bans").as_array().empty());
  upgrade_.state = UpgradeState::kFailed;
  EXPECT_EQ(control_->Handle("POST", "/ban", R"({"address": "192.0.2.1"})").status, 200u);
  EXPECT_TRUE(control_->Reload().done);
}

TEST_F(ControlTest, DrainsOnce) {
  for (int i = 0; i < 3; ++i) {
    const auto reply = control_->Handle("POST", "/drain", "");
    EXPECT_EQ(reply.status, 200u);
    EXPECT_EQ(reply.body, R"({"draining":true,"for":"10s"})");
  }
  EXPECT_EQ(drains_, 1) << "a second signal would end it at once";
  EXPECT_EQ(Get("/status").at("draining"), true);
}

TEST_F(ControlTest, WhoIsConnected) {
  const Address peer = *net::ParseAddress("192.0.2.7");
  AcceptResult in = engine_->OnAccept({1, 23}, peer, now_);
  ASSERT_NE(in.ticket, nullptr);
  ASSERT_EQ(engine_->OnLogin(*in.ticket, {.user = "o\x1b[2Jh", .database = "d"}, now_).kind,
            Verdict::Kind::kAdmit);
  engine_->OnLoginOk(*in.ticket, now_);
  now_ += seconds(3);
  const json::object sessions = Get("/sessions");
  EXPECT_EQ(sessions.at("total"), 1);
  const json::object& session = sessions.at("sessions").at(0).as_object();
  EXPECT_EQ(json::serialize(session),
            "{\"id\":\"1-23\",\"peer\":\"192.0.2.7\",\"user\":\"o\xEF\xBF\xBD[2Jh\","
            R"("database":"d",)"
            R"("class":"default","state":"in","for_s":3E0,"busy":false,"idle_s":3E0,)"
            R"("in_transaction":false,"known_good":false})");
  const json::object sources = Get("/sources?sort=connections&limit=5");
  const json::object& source = sources.at("sources").at(0).as_object();
  EXPECT_EQ(source.at("source"), "192.0.2.7");
  EXPECT_EQ(source.at("in"), 1);
  EXPECT_EQ(source.at("connections"), 1);
  EXPECT_TRUE(source.at("reason").is_null());
  EXPECT_TRUE(source.at("banned_s").is_null());
}

TEST_F(ControlTest, WhoWasTurnedAway) {
  ASSERT_EQ(control_->Handle("POST", "/ban", R"({"address":"192.0.2.7","for":"1m"})").status, 200u);
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(engine_->OnAccept({1, 1}, *net::ParseAddress("192.0.2.7"), now_).ticket, nullptr);
  }
  now_ += seconds(2);
  const json::object source = Get("/sources").at("sources").at(0).as_object();
  EXPECT_EQ(source.at("refused"), 4);
  EXPECT_EQ(source.at("refused_per_s"), 0.8) << "as if it were five seconds";
  EXPECT_EQ(source.at("reason"), "banned");
  EXPECT_EQ(source.at("acted"), true);
  EXPECT_EQ(source.at("banned_s"), 58);
}

TEST_F(ControlTest, QuestionsThatAreNone) {
  for (const char* bad :
       {"/sources?limit=0", "/sources?sort=size", "/sources?limit=1&limit=2",
        "/sessions?limit=1001", "/sessions?sort=refused", "/status?x", "/bans?a=1"}) {
    const auto reply = control_->Handle("GET", bad, "");
    EXPECT_EQ(reply.status, 400u) << bad;
    EXPECT_THAT(reply.body, StartsWith(R"({"error":)")) << bad;
  }
  EXPECT_EQ(control_->Handle("POST", "/sources", "").status, 405u);
  EXPECT_EQ(control_->Handle("GET", "/drain", "").status, 405u);
}

TEST_F(ControlTest, TellsOfThePageAndOfThePast) {
  const json::object page = Get("/status").at("page").get_object();
  EXPECT_EQ(page.at("address").as_string(), "127.0.0.1:9933");
  EXPECT_EQ(page.at("up"), json::value(false));
  EXPECT_EQ(page.at("error").as_string(), "cannot listen");
  EXPECT_NE(StatusText(control_->Handle("GET", "/status", "").body).find("not shown: cannot"),
            std::string::npos);
  EXPECT_EQ(control_->Handle("GET", "/history", "").body, "last 900");
  EXPECT_EQ(control_->Handle("GET", "/history?last=17", "").body, "last 17");
  for (const char* wrong : {"/history?last=x", "/history?last=-1", "/history?last=1x",
                            "/history?last=0", "/history?last=901", "/history?since=1"}) {
    EXPECT_EQ(control_->Handle("GET", wrong, "").status, 400U) << wrong;
  }
  EXPECT_EQ(control_->Handle("POST", "/history", "").status, 405U);
}

}  // namespace
}  // namespace headgate::guard
