#include "net/mysql/kill.h"

#include <gtest/gtest.h>

#include "net/mysql/greeting_probe.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::testing {
namespace {

std::uint32_t IdIn(std::string_view sql) {
  const auto target = ParseKillText(sql);
  if (!target) return 0;
  EXPECT_EQ(sql.substr(target->begin, target->size), std::to_string(target->id));
  return target->id;
}

TEST(KillText, AllItsForms) {
  for (const char* sql :
       {"KILL 5", "kill 5", "KiLl\t5", "KILL HARD 5", "KILL SOFT 5", "KILL CONNECTION 5",
        "KILL QUERY 5", "KILL HARD QUERY 5", "KILL SOFT CONNECTION 5", "  \n KILL 5 ; ",
        "/* a */ KILL /* b */ QUERY /* c */ 5 /* d */ ; /* e */", "-- hello\nKILL 5", "# x\nKILL 5",
        "KILL 5 -- done", "KILL 5 #done", "/* \x95\x5c */KILL 5", "KILL/**/5"}) {
    EXPECT_EQ(IdIn(sql), 5u) << sql;
  }
}

TEST(KillText, WhatIsNoKillOfAnId) {
  for (const char* sql : {"",
                          "KILL",
                          "KILL;",
                          "KILL5",
                          "KILLER 5",
                          "KILL 5x",
                          "KILL 5 6",
                          "KILL 5;;",
                          "KILL 5; SELECT 1",
                          "KILL QUERY ID 5",
                          "KILL USER 5",
                          "KILL 'a'",
                          "KILL -5",
                          "KILL 0x5",
                          "KILL 5.0",
                          "KILL (5)",
                          "SELECT 5",
                          "/*!KILL 5*/",
                          "/*M!KILL 5*/",
                          "/* open KILL 5",
                          "--KILL 5",
                          "KILL HARD SOFT 5",
                          "KILL 4294967296",
                          "KILL @id",
                          "K\xC4\xB0LL 5"}) {
    EXPECT_EQ(IdIn(sql), 0u) << sql;
  }
}

TEST(KillText, LongStatementsAreNotLookedAt) {
  const std::string body = "\x03" + std::string(kMaxKillPayload, ' ') + "KILL 5";
  EXPECT_FALSE(FindKill(AsBytes(body), false));
}

TEST(KillText, QueryAttributesOfEveryKind) {
  // two parameters: a string "ab" named "k", and a NULL
  const std::string attributes =
      Hex({2, 1, 0b10, 1, 0xFD, 0}) + Lenenc("k") + Hex({0x08, 0}) + Lenenc("n") + Lenenc("ab");
  const std::string body = "\x03" + attributes + "KILL 5";
  const auto target = FindKill(AsBytes(body), true);
  ASSERT_TRUE(target);
  EXPECT_EQ(Str(RewriteKill(AsBytes(body), *target, 4000000000u, 0)),
            Packet(0, "\x03" + attributes + "KILL 4000000000"));
  EXPECT_FALSE(FindKill(AsBytes(body), false));
  for (std::size_t n = 1; n < attributes.size(); ++n) {
    EXPECT_FALSE(FindKill(AsBytes(body).first(1 + n), true)) << n;
  }
  EXPECT_FALSE(FindKill(
      AsBytes("\x03" + Hex({0xFE, 255, 255, 255, 255, 255, 255, 255, 255, 1}) + "KILL 5"), true));
}

TEST(KillText, FixedWidthAttributes) {
  const struct {
    int type;
    std::size_t width;
  } kinds[] = {{1, 1}, {2, 2}, {3, 4}, {4, 4}, {5, 8}, {8, 8}};
  for (const auto& k : kinds) {
    const std::string body =
        "\x03" + Hex({1, 1, 0, 1, k.type, 0}) + Lenenc("") + std::string(k.width, '9') + "KILL 5";
    EXPECT_TRUE(FindKill(AsBytes(body), true)) << k.type;
  }
  const std::string date =
      "\x03" + Hex({1, 1, 0, 1, 12, 0}) + Lenenc("") + Lenenc("1234") + "KILL 5";
  EXPECT_TRUE(FindKill(AsBytes(date), true));
}

// --- the probe

using Step = GreetingProbe::Step;

TEST(Probe, LearnsTheGreetingAndLeavesPolitely) {
  GreetingProbe probe;
  const std::string greeting = RawGreeting(MySql80());
  EXPECT_EQ(probe.OnServerBytes(AsBytes(greeting).first(20)).kind, Step::Kind::kWait);
  Step step = probe.OnServerBytes(AsBytes(greeting));
  ASSERT_EQ(step.kind, Step::Kind::kSend);
  EXPECT_EQ(step.n, greeting.size());
  EXPECT_NE(Str(step.bytes).find("dummy"), std::string::npos);
  EXPECT_EQ(*probe.greeting(), MySql80());
  const std::string sw = AuthSwitch(2, "caching_sha2_password");
  step = probe.OnServerBytes(AsBytes(sw));
  ASSERT_EQ(step.kind, Step::Kind::kSend);
  EXPECT_EQ(Str(step.bytes), Packet(3, ""));
  EXPECT_EQ(probe.OnServerBytes(AsBytes(Err(4, 1045, "#28000no"))).kind, Step::Kind::kDone);
}

TEST(Probe, AnonymousAccountIsLeftWithQuit) {
  GreetingProbe probe;
  (void)probe.OnServerBytes(AsBytes(RawGreeting(MariaDb1011())));
  (void)probe.OnServerBytes(AsBytes(AuthSwitch(2, "mysql_native_password")));
  const Step step = probe.OnServerBytes(AsBytes(Ok(4)));
  EXPECT_EQ(step.kind, Step::Kind::kSend);
  EXPECT_EQ(Str(step.bytes), Packet(0, "\x01"));
  EXPECT_EQ(probe.OnServerBytes({}).kind, Step::Kind::kDone);
}

TEST(Probe, RefusedUnreadableAndClosed) {
  GreetingProbe refused, garbage, closed;
  EXPECT_EQ(refused.OnServerBytes(AsBytes(Err(0, 1129, "Host is blocked"))).kind,
            Step::Kind::kFailed);
  EXPECT_EQ(refused.error_code(), 1129);
  EXPECT_EQ(garbage.OnServerBytes(AsBytes("HTTP/1.1 400 Bad Request")).kind, Step::Kind::kFailed);
  EXPECT_EQ(closed.OnServerClosed().kind, Step::Kind::kFailed);
  EXPECT_EQ(closed.error_code(), 0);
}

}  // namespace
}  // namespace headgate::mysql::testing
