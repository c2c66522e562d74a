#include "guard/control.h"

#include "guard/backends.h"
#include "guard/settings_json.h"
#include "guard/wire_status.h"
#include "tests/guard/control_testing.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

TEST_F(ControlTest, TellsWhatItRunsWith) {
  text_ += "pending.max = 7\n";
  const auto before = ParseSettings(control_->Handle("GET", "/config", "").body);
  ASSERT_TRUE(before.ok());
  const Settings candidate = SettingsOf(*Load().config);
  EXPECT_THAT(Compare(before->settings, candidate).changed, ElementsAre("pending.max: 4096 -> 7"));
  EXPECT_EQ(control_->running().limits.pending.max, 4096u);
  EXPECT_TRUE(control_->Reload().done);
  const auto after = ParseSettings(control_->Handle("GET", "/config", "").body);
  ASSERT_TRUE(after.ok());
  EXPECT_EQ(after->settings, candidate);
}

TEST_F(ControlTest, StatusHasItsSchema) {
  now_ += seconds(90);
  const json::object status = Get("/status");
  for (const char* name :
       {"version",     "mode",     "uptime_s",    "backend",  "slots",      "pending",
        "waiting",     "logins",   "sources",     "bans",     "known_good", "locked_pairs",
        "classes",     "acted",    "would_act",   "accepted", "logins_ok",  "logins_failed",
        "connections", "reloads",  "log_dropped", "draining", "listening",  "max_clients",
        "statements",  "digests",  "delayed",     "rules",    "monitor",    "backends",
        "pressure",    "failover", "state"}) {
    EXPECT_TRUE(status.contains(name)) << name;
  }
  EXPECT_EQ(status.at("mode"), "enforce");
  EXPECT_EQ(status.at("uptime_s"), 90);
  EXPECT_EQ(status.at("connections"), 3);
  EXPECT_EQ(status.at("log_dropped"), 5);
  const json::object& backend = status.at("backend").as_object();
  EXPECT_EQ(backend.at("address"), "192.0.2.10:3306");
  EXPECT_EQ(backend.at("up"), true);
  EXPECT_EQ(backend.at("server_version"), "10.11.6-MariaDB");
  EXPECT_EQ(status.at("slots").at("capacity"), 95);
  for (const char* name : {"leases", "orphans"}) {
    EXPECT_EQ(status.at("slots").at(name), 0) << name;
  }
  for (const char* name : {"pending", "waiting", "logins"}) {
    EXPECT_EQ(status.at(name).at("now"), 0) << name;
    EXPECT_GT(status.at(name).at("max").as_int64(), 0) << name;
  }
  const json::object& last = status.at("classes").as_array().back().as_object();
  EXPECT_EQ(last.at("name"), "default");
  for (const char* name : {"leases", "unproven", "reserve", "max", "waiting"}) {
    EXPECT_TRUE(last.contains(name)) << name;
  }
  EXPECT_EQ(status.at("acted").as_object().size(), kReasonCount - 1);
  EXPECT_EQ(status.at("would_act").at("connect_rate"), 0);
  EXPECT_EQ(status.at("delayed").at("query_rate"), 0);
  EXPECT_EQ(status.at("statements").at("running"), 0);
  EXPECT_EQ(status.at("statements").at("held"), 0);
  EXPECT_EQ(status.at("digests").at("now"), 0);
  EXPECT_EQ(status.at("monitor").at("configured"), true);
  EXPECT_EQ(status.at("monitor").at("up"), false);
  EXPECT_EQ(status.at("monitor").at("kills"), 4);
  EXPECT_EQ(status.at("monitor").at("error").as_string().find('\x1b'), json::string::npos);
}

TEST(StatusText, RulesDelaysAndTheMonitor) {
  StatusFacts facts;
  facts.engine.rules = {{"no export", 3, 1}};
  facts.engine.delayed[static_cast<std::size_t>(Reason::kQueryBusy)] = 12;
  facts.engine.statements_running = 5;
  facts.engine.statements_held = 2;
  facts.engine.digests = 7;
  facts.engine.digests_max = 4096;
  EXPECT_THAT(StatusText(StatusJson(facts)), HasSubstr("monitor      off"));
  facts.gate.monitor_configured = true;
  facts.gate.kills = 9;
  facts.gate.monitor_error = "no such user";
  EXPECT_THAT(StatusText(StatusJson(facts)), HasSubstr("monitor      DOWN, 9 kills: no such user"));
  facts.gate.monitor_up = true;
  const std::string text = StatusText(StatusJson(facts));
  EXPECT_THAT(text, HasSubstr("monitor      up, 9 kills\n"));
  EXPECT_THAT(text, HasSubstr("statements   5 running, 2 held, digests 7 of 4096\n"));
  EXPECT_THAT(text, HasSubstr("rule         \"no export\": acted 3, would have acted 1\n"));
  EXPECT_THAT(text, HasSubstr("delayed      query_busy           12\n"));
}

TEST_F(ControlTest, DigestsAnswer) {
  const json::object answer = Get("/digests?limit=5&sort=count");
  EXPECT_TRUE(answer.at("digests").is_array());
  EXPECT_EQ(answer.at("sort"), "count");
  EXPECT_TRUE(Get("/digests").contains("total"));
  EXPECT_EQ(control_->Handle("GET", "/digests?sort=x", "").status, 400u);
  EXPECT_EQ(control_->Handle("POST", "/digests", "").status, 405u);
}

TEST_F(ControlTest, WhoWaits) {
  EXPECT_EQ(Get("/waiting").at("waiting").as_array().size(), 0u);
  EXPECT_EQ(Get("/waiting?limit=1000").at("total"), 0);
  for (const char* bad :
       {"limit=0", "limit=1001", "limit=", "limit=x", "limit", "rows=5", "limit=5x"}) {
    EXPECT_EQ(control_->Handle("GET", "/waiting?" + std::string(bad), "").status, 400u) << bad;
  }
  EXPECT_EQ(control_->Handle("POST", "/waiting", "").status, 405u);
}

TEST_F(ControlTest, Pools) {
  const json::object answer = Get("/pools?instances=4");
  EXPECT_EQ(answer.at("instances"), 4);
  EXPECT_EQ(answer.at("classes").as_array().at(0).at("name"), "default");
  EXPECT_EQ(Get("/pools").at("instances"), 1);
  EXPECT_EQ(control_->Handle("GET", "/pools?instances=0", "").status, 400u);
}

TEST_F(ControlTest, Backends) {
  EXPECT_EQ(Get("/backends").at("backends").as_array().at(0).at("name"), "192.0.2.10:3306");
  EXPECT_EQ(Get("/backends").at("failover"), "off");
  const auto use = [&](const std::string& body) {
    return control_->Handle("POST", "/backend", body);
  };
  EXPECT_EQ(use(R"({"use":"192.0.2.10:3306"})").body, R"({"using":"192.0.2.10:3306"})");
  EXPECT_EQ(used_, "192.0.2.10:3306");
  EXPECT_EQ(use(R"({"use":"elsewhere"})").status, 404u);
  EXPECT_EQ(use(R"({"use":"busy"})").status, 409u);
  EXPECT_EQ(use(R"({"use":7})").status, 400u);
  EXPECT_EQ(use("").status, 400u);
  EXPECT_EQ(control_->Handle("GET", "/backend", "").status, 405u);
}

TEST_F(ControlTest, ASwitchThatARestartWouldForgetSaysSo) {
  EXPECT_EQ(UsingText(control_->Handle("POST", "/backend", R"({"use":"192.0.2.10:3306"})").body),
            "using 192.0.2.10:3306\n");
  saved_ = absl::UnavailableError("the disk is full");
  const auto reply = control_->Handle("POST", "/backend", R"({"use":"192.0.2.10:3306"})");
  EXPECT_EQ(reply.status, 200u);
  EXPECT_EQ(UsingText(reply.body),
            "using 192.0.2.10:3306\nwarning: a restart would forget that: the disk is full\n");
}

TEST_F(ControlTest, StatusTextNamesWhatIsThere) {
  const std::string text = StatusText(control_->Handle("GET", "/status", "").body);
  EXPECT_THAT(text, HasSubstr("192.0.2.10:3306 up 10.11.6-MariaDB"));
  EXPECT_THAT(text, HasSubstr("0 of 95"));
  EXPECT_EQ(StatusText("oops"), "oops\n");
}

TEST_F(ControlTest, BanListUnban) {
  auto reply = control_->Handle("POST", "/ban", R"({"address":"203.0.113.7","for":"10m"})");
  EXPECT_EQ(reply.status, 200u) << reply.body;
  now_ += minutes(4);
  const json::object bans = Get("/bans");
  ASSERT_EQ(bans.at("bans").as_array().size(), 1u);
  const json::object& ban = bans.at("bans").as_array()[0].as_object();
  EXPECT_EQ(ban.at("source"), "203.0.113.7");
  EXPECT_EQ(ban.at("remaining_s"), 360);
  EXPECT_THAT(BansText(json::serialize(bans)), HasSubstr("203.0.113.7"));
  EXPECT_EQ(control_->Handle("POST", "/unban", R"({"address":"203.0.113.7"})").status, 200u);
  EXPECT_EQ(control_->Handle("POST", "/unban", R"({"address":"203.0.113.7"})").status, 404u);
  EXPECT_EQ(BansText(control_->Handle("GET", "/bans", "").body), "nobody is banned\n");
}

TEST_F(ControlTest, BanOfAnIpv6SourceAsItIsShown) {
  EXPECT_EQ(control_->Handle("POST", "/ban", R"({"address":"2001:db8::1"})").status, 200u);
  const std::string shown(
      Get("/bans").at("bans").as_array()[0].as_object().at("source").as_string().c_str());
  EXPECT_EQ(shown, "2001:db8::/64");
  EXPECT_EQ(control_->Handle("POST", "/unban", "{\"address\":\"" + shown + "\"}").status, 200u);
}

TEST_F(ControlTest, BanOfANetworkIsLiftedAsAWhole) {
  EXPECT_EQ(control_->Handle("POST", "/ban", R"({"address":"203.0.113.0/24"})").status, 200u);
  const auto inside = control_->Handle("POST", "/unban", R"({"address":"203.0.113.7"})");
  EXPECT_EQ(inside.status, 404u);
  EXPECT_THAT(inside.body, HasSubstr("headgate unban 203.0.113.0/24"));
  EXPECT_EQ(control_->Handle("POST", "/unban", R"({"address":"203.0.113.0/24"})").status, 200u);
}

TEST_F(ControlTest, ABanOfWhoIsSparedSaysSo) {
  const auto ban = [&](const char* network) {
    const auto reply =
        control_->Handle("POST", "/ban", std::string(R"({"address":")") + network + "\"}");
    EXPECT_EQ(reply.status, 200u) << reply.body;
    return reply.body;
  };
  EXPECT_THAT(ban("127.0.0.0/8"), HasSubstr("127.0.0.0/8 of [source] never_ban"));
  EXPECT_THAT(ban("127.0.0.7"), HasSubstr("127.0.0.0/8 of [source] never_ban"));
  EXPECT_THAT(ban("203.0.113.0/24"), Not(HasSubstr("warning")));
}

TEST_F(ControlTest, NobodyWatchesAndNothingIsPushed) {
  EXPECT_EQ(Get("/status").at("observer").at("interface"), "");
  EXPECT_EQ(Get("/status").at("firewall").at("enforce"), false);
  EXPECT_THAT(WireText(control_->Handle("GET", "/wire", "").body), HasSubstr("nothing is watched"));
}

TEST_F(ControlTest, UnbanAllCounts) {
  for (const char* a : {"203.0.113.7", "203.0.113.8"}) {
    (void)control_->Handle("POST", "/ban", std::string("{\"address\":\"") + a + "\"}");
  }
  EXPECT_EQ(control_->Handle("POST", "/unban", R"({"address":"all"})").body, R"({"unbanned":2})");
}

TEST_F(ControlTest, WrongRequests) {
  EXPECT_EQ(control_->Handle("POST", "/ban", R"({"address":"nobody"})").status, 400u);
  for (const char* wide : {"10.0.0.0/7", "0.0.0.0/0", "2000::/3", "2001:db8::/65", "10.0.0.1/8"}) {
    const std::string body = std::string(R"({"address":")") + wide + "\"}";
    EXPECT_EQ(control_->Handle("POST", "/ban", body).status, 400u) << wide;
  }
  EXPECT_EQ(control_->Handle("POST", "/ban", "").status, 400u);
  EXPECT_EQ(control_->Handle("POST", "/ban", R"({"address":7})").status, 400u);
  for (const char* bad : {"x", "0s", "-1s", "9999d"}) {
    const std::string body = std::string(R"({"address":"203.0.113.7","for":")") + bad + "\"}";
    EXPECT_EQ(control_->Handle("POST", "/ban", body).status, 400u) << bad;
  }
  EXPECT_EQ(control_->Handle("GET", "/ban", "").status, 405u);
  EXPECT_EQ(control_->Handle("GET", "/nothing", "").status, 404u);
}

TEST_F(ControlTest, ReloadTakesOverWhole) {
  text_ = "slots.max_connections = 50\ngate.threads = 2\nlog.level = \"debug\"\n";
  const auto reply = control_->Handle("POST", "/reload", "");
  EXPECT_EQ(reply.status, 200u) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("gate.threads: 0 -> 2"));
  EXPECT_EQ(engine_->limits()->slots.max_connections, 50u);
  EXPECT_EQ(applied_, "debug");
  EXPECT_EQ(control_->running().threads, 0u);
  EXPECT_EQ(Get("/status").at("slots").at("capacity"), 45);
  EXPECT_EQ(Get("/status").at("reloads").at("last"), "ok");
}

TEST_F(ControlTest, ReloadOfABadFileChangesNothingAndSaysWhy) {
  text_ = "slots.max_connections = 50\npending.max = 0\nlog.levle = \"debug\"\n";
  const auto before = engine_->limits();
  const ReloadResult result = control_->Reload();
  EXPECT_FALSE(result.done);
  EXPECT_THAT(result.problems, ElementsAre(StartsWith("t.toml:3:15: pending.max"),
                                           HasSubstr("did you mean log.level?")));
  EXPECT_EQ(engine_->limits(), before);
  EXPECT_EQ(applied_, "");
  const json::object status = Get("/status");
  EXPECT_EQ(status.at("reloads").at("refused"), 1);
  EXPECT_EQ(status.at("reloads").at("last"), "refused");
  EXPECT_EQ(control_->Handle("POST", "/reload", "").status, 422u);
}

TEST(FitLimits, LeavesRoomForTheSlots) {
  Limits limits = Limits::Defaults();
  EXPECT_EQ(*FitLimits(limits, 100000).limits, limits);
  EXPECT_EQ(FitLimits(limits, 100000).note, "");
  const FittedLimits fitted = FitLimits(limits, 546);
  EXPECT_EQ(fitted.limits->waiting.max, 75u);
  EXPECT_EQ(fitted.limits->pending.max, 225u);
  EXPECT_THAT(fitted.note, HasSubstr("225 instead of 4096"));
  EXPECT_EQ(FitLimits(limits, 100).limits->pending.max, 29u);  // fewer clients than slots
  EXPECT_GE(FitLimits(limits, 1).limits->pending.max, 1u);
  limits.at[1].waiting.per_source = 100000;
  const FittedLimits levels = FitLimits(limits, 546);
  for (const LevelLimits& level : levels.limits->at) {
    EXPECT_EQ(level.pending.max, 225u);
    EXPECT_LE(level.waiting.per_source, 75u);
  }
}

// What was misspelt, or no text, was taken for not there: "for":600 was a minute.
TEST_F(ControlTest, ABodyThatIsNotWhatIsTakenChangesNothing) {
  const char* const bodies[] = {
      "",
      "7",
      "[]",
      R"({"address":"203.0.113.7","for":600})",
      R"({"address":"203.0.113.7","for":null})",
      R"({"address":"203.0.113.7","for":""})",
      R"({"address":"203.0.113.7","fro":"7d"})",
      R"({"address":["203.0.113.7"]})",
  };
  for (const char* body : bodies) {
    const auto reply = control_->Handle("POST", "/ban", body);
    EXPECT_EQ(reply.status, 400U) << body;
    EXPECT_THAT(reply.body, HasSubstr("error")) << body;
  }
  EXPECT_THAT(control_->Handle("GET", "/bans", "").body, Not(HasSubstr("203.0.113.7")));
  EXPECT_EQ(control_->Handle("POST", "/unban", R"({"address":"all","x":"y"})").status, 400U);
  EXPECT_EQ(control_->Handle("POST", "/backend", R"({"use":7})").status, 400U);
}

}  // namespace
}  // namespace headgate::guard
