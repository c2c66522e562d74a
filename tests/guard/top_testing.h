// Made-up answers of a gate, for the tests of `top`.
//
// Threads: none. Lifetime: none.
#pragma once

#include <gtest/gtest.h>

#include <string>

#include <absl/strings/str_replace.h>
#include "guard/top_model.h"

namespace headgate::guard {

inline constexpr Time kLookedAt{std::chrono::hours(5)};

// A quiet day: two classes, the application's with a reserve, one server.
inline TopAnswers CalmAnswers() {
  TopAnswers answers;
  answers.status = R"({"version":"0.1.0","mode":"enforce","uptime_s":10800,"draining":false,
    "protected":{"known":true,"waiting":0,"longest_wait_ms":0,"banned":0},
    "backends":[{"name":"192.0.2.10:3306","current":true,"up":true,"state":"up","for_s":9000,
      "error":"","server_version":"10.11.6-MariaDB","read_only":false,
      "monitor":{"threads_connected":21,"max_connections":60,"threads_running":2}}],
    "pressure":{"level":"calm","cause":"","for_s":7200,"enforce":true},
    "monitor":{"configured":true,"up":true,"error":""},
    "slots":{"capacity":55,"leases":17,"orphans":0,"free":36,"foreign":2,
      "implicit":{"pairs":0,"reserve":0}},
    "pending":{"now":3,"max":4000},"waiting":{"now":0,"max":500},"logins":{"now":1,"max":16},
    "sources":9,"known_good":3,"connections":21,"max_clients":9000,
    "classes":[
      {"name":"shop","leases":13,"unproven":0,"reserve":20,"max":40,"waiting":0,"lent":0},
      {"name":"default","leases":4,"unproven":1,"reserve":0,"max":35,"waiting":0,"lent":0}],
    "acted":{"connect_rate":0,"banned":0,"login_failed":2,"client_closed":900},
    "would_act":{"connect_rate":0},
    "accepted":5000,"logins_ok":4800,"logins_failed":2,"shared_address":null})";
  answers.refused = R"({"sources":[
    {"source":"198.51.100.7","pending":0,"waiting":0,"logins":0,"in":4,"orphans":0,
     "connections":4,"refused":2,"refused_per_s":0,"reason":"login_failed","known_good":false,
     "banned_s":null}],"tracked":9})";
  answers.busiest = R"({"sources":[
    {"source":"192.0.2.20","pending":0,"waiting":0,"logins":0,"in":13,"orphans":0,
     "connections":13,"refused":0,"refused_per_s":0,"reason":"","known_good":true,"banned_s":null},
    {"source":"198.51.100.7","connections":4,"in":4,"refused":2,"reason":"login_failed"}],
    "tracked":9})";
  answers.digests = R"({"digests":[
    {"digest":"00000000000000aa","class":"shop","text":"select name from items where id = ?",
     "share":0.9,"count":1000,"total_ms":2000,"p99_ms":3.5,"errors":0,"refused":0},
    {"digest":"00000000000000bb","class":"default","text":"select count(*) from orders",
     "share":0.1,"count":10,"total_ms":220,"p99_ms":1250,"errors":1,"refused":3}],"total":2})";
  answers.bans = R"({"bans":[]})";
  return answers;
}

inline std::string With(std::string text, std::string_view from, std::string_view to) {
  EXPECT_NE(text.find(from), std::string::npos) << from;
  return absl::StrReplaceAll(text, {{{from.data(), from.size()}, {to.data(), to.size()}}});
}

// The same gate five seconds later, in the middle of an attack.
inline TopAnswers AttackAnswers() {
  TopAnswers answers = CalmAnswers();
  std::string& s = answers.status;
  s = With(s, R"("level":"calm","cause":"","for_s":7200)",
           R"("level":"attack","cause":"refusals","for_s":125)");
  s = With(s, R"("pending":{"now":3)", R"("pending":{"now":4000)");
  s = With(s, R"("connect_rate":0,"banned":0,"login_failed":2)",
           R"("connect_rate":1000,"banned":250,"login_failed":12)");
  s = With(s, R"("accepted":5000,"logins_ok":4800,"logins_failed":2)",
           R"("accepted":7000,"logins_ok":4900,"logins_failed":12)");
  s = With(s, R"("sources":9)", R"("sources":1520)");
  answers.refused = R"({"sources":[
    {"source":"203.0.113.7","pending":90,"waiting":0,"logins":0,"in":0,"connections":90,
     "refused":700,"refused_per_s":140.5,"reason":"connect_rate","known_good":false,
     "banned_s":null},
    {"source":"203.0.113.8","pending":0,"connections":0,"refused":300,"refused_per_s":60,
     "reason":"banned","known_good":false,"banned_s":290},
    {"source":"2001:db8:1234:5678::/64","pending":5,"connections":5,"refused":20,
     "refused_per_s":2,"reason":"connect_rate","known_good":false,"banned_s":null}],
    "tracked":1520})";
  answers.digests =
      With(answers.digests, R"("count":1000,"total_ms":2000)", R"("count":1500,"total_ms":3000)");
  answers.bans = R"({"bans":[
    {"source":"203.0.113.8","remaining_s":290,"times":1,"operator":false,"gate_only":false,
     "reason":"login_failed"},
    {"source":"203.0.113.0/28","remaining_s":3500,"times":2,"operator":true,"gate_only":false,
     "reason":"operator"}]})";
  return answers;
}

inline TopLook LookAt(TopAnswers answers, Time at = kLookedAt) {
  auto look = ParseLook(std::move(answers), at);
  EXPECT_TRUE(look.ok()) << look.status();
  return look.ok() ? *std::move(look) : TopLook{};
}

inline TopModel CalmModel() {
  TopModel model;
  model.Take(LookAt(CalmAnswers()));
  return model;
}

inline TopModel AttackModel() {
  TopModel model = CalmModel();
  model.Take(LookAt(AttackAnswers(), kLookedAt + std::chrono::seconds(5)));
  return model;
}

}  // namespace headgate::guard
