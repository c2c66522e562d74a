#include "guard/control.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "guard/backends.h"
#include "guard/settings_json.h"
#include "guard/wire_status.h"
#include "net/address_text.h"
#include "tests/guard/config_testing.h"
#include "tests/support/no_listeners.h"

namespace headgate::guard {
namespace {

namespace json = boost::json;
using std::chrono::minutes;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class ControlTest : public ::testing::Test {
 protected:
  ControlTest() {
    text_ = "slots.max_connections = 100\n";
    config_ = *Load().config;
    engine_ = std::make_unique<Engine>(std::make_shared<const Limits>(config_.limits),
                                       EngineSecrets{1, 2}, wakeups_, decisions_);
    Control::Parts parts;
    parts.engine = engine_.get();
    parts.now = [this] { return now_; };
    parts.gate_status = [] {
      net::GateStatus status;
      net::BackendStatus& backend = status.backends.emplace_back();
      backend.name = "192.0.2.10:3306";
      backend.current = backend.up = true;
      backend.state = "up";
      backend.server_version = "10.11.6-MariaDB";
      status.connections = 3;
      status.monitor_configured = true;
      status.monitor_error = "Access denied\x1b[2J";
      status.kills = 4;
      return status;
    };
    parts.load = [this] { return Load(); };
    parts.apply = [this](const Config& config, const auto&) { applied_ = config.log_level; };
    parts.log_dropped = [] { return std::uint64_t{5}; };
    parts.use_backend = [this](const std::string& name) {
      if (name == "busy") return absl::FailedPreconditionError("is down");
      if (name != "192.0.2.10:3306") return absl::NotFoundError("there is no backend " + name);
      used_ = name;
      return absl::OkStatus();
    };
    parts.drain = [this] { ++drains_; };
    parts.save_state = [this] { return saved_; };
    parts.wire = [] { return std::optional<Wire::View>(); };
    parts.firewall = [] { return net::FirewallStatus(); };
    parts.state_status = [] {
      StateStatus status;
      status.path = "/var/lib/headgate/state";
      return status;
    };
    parts.page = [] { return PageStatus{"127.0.0.1:9933", false, "cannot listen"}; };
    parts.history = [](std::uint64_t last) { return "last " + std::to_string(last); };
    parts.listening = {"127.0.0.1:3306"};
    parts.max_clients = 100000;
    control_ = std::make_unique<Control>(parts, config_, Load().origins);
  }

  Loaded Load() { return Parse("gate.backend = [\"192.0.2.10:3306\"]\n" + text_); }

  json::object Get(const char* target) {
    const auto reply = control_->Handle("GET", target, "");
    EXPECT_EQ(reply.status, 200u);
    return json::parse(reply.body).get_object();
  }

  Time now_{std::chrono::hours(1)};
  std::string text_;
  Config config_;
  NoWakeups wakeups_;
  NoDecisions decisions_;
  std::unique_ptr<Engine> engine_;
  std::string applied_;
  std::string used_;
  absl::Status saved_;
  int drains_ = 0;
  std::unique_ptr<Control> control_;
};

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
  EXPECT_TRUE(control_->Reload().draining);
  const auto reply = control_->Handle("POST", "/reload", "");
  EXPECT_EQ(reply.status, 409u);
  EXPECT_THAT(reply.body, HasSubstr("draining"));
  EXPECT_EQ(engine_->limits(), before);
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
  for (const LevelLimits& level : FitLimits(limits, 546).limits->at) {
    EXPECT_EQ(level.pending.max, 225u);
    EXPECT_LE(level.waiting.per_source, 75u);
  }
}

}  // namespace
}  // namespace headgate::guard
