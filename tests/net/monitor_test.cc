// The monitor before a server that a test scripts; tests/system/test_monitor.py has a real one.
#include "net/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "tests/net/monitor_fixture.h"

namespace headgate::net {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

bool Begins(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

TEST_F(MonitorTest, KillsAndCountsWhatItKilled) {
  SqlPeer server(SqlPeer::Usual);
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  EXPECT_EQ(Kill(77), KillEnd::kDone);
  EXPECT_EQ(Kill(78), KillEnd::kDone);
  EXPECT_THAT(server.Asked("KILL"), ElementsAre("KILL QUERY 77", "KILL QUERY 78"));
  EXPECT_EQ(monitor_->status().kills, 2U);
  EXPECT_TRUE(monitor_->status().configured);
}

TEST_F(MonitorTest, AThreadThatIsGoneIsAsGoodAsKilled) {
  SqlPeer server([](const std::string& sql) {
    return Begins(sql, "KILL") ? SqlPeer::Reply{.error = 1094} : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  EXPECT_EQ(Kill(77), KillEnd::kDone);
  EXPECT_EQ(monitor_->status().kills, 0U);
}

TEST_F(MonitorTest, WhoIsFromBeforeTheServersStartIsNotKilledByAnIdGivenAgain) {
  SqlPeer server(SqlPeer::Usual);  // up for 7 s
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  EXPECT_EQ(Kill(77, Now() - std::chrono::hours(1)), KillEnd::kDone);
  EXPECT_EQ(Kill(78, Now() - std::chrono::seconds(5)), KillEnd::kDone);
  EXPECT_THAT(server.Asked("KILL"), ElementsAre("KILL QUERY 78"));
}

TEST_F(MonitorTest, WhatTheServerWillNotKillIsSaid) {
  SqlPeer server([](const std::string& sql) {
    return Begins(sql, "KILL") ? SqlPeer::Reply{.error = 1095} : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  EXPECT_EQ(Kill(77), KillEnd::kRefused);
  EXPECT_TRUE(monitor_->up());
  EXPECT_THAT(monitor_->status().error, HasSubstr("1095"));
}

TEST_F(MonitorTest, AConnectionLostMeanwhileIsMadeAgainForTheKill) {
  std::atomic<bool> lose{true};
  SqlPeer server([&](const std::string& sql) {
    return Begins(sql, "KILL") && lose.exchange(false) ? SqlPeer::Reply{.hang_up = true}
                                                       : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  EXPECT_EQ(Kill(77), KillEnd::kDone);
  EXPECT_EQ(server.logins(), 2);
}

TEST_F(MonitorTest, AKillThatReachesNobodyIsSaidToo) {
  auto server = std::make_unique<SqlPeer>([](const std::string& sql) {
    return Begins(sql, "KILL") ? SqlPeer::Reply{.hang_up = true} : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server->endpoint());
  ASSERT_TRUE(WaitUntilUp());
  EXPECT_EQ(Kill(77), KillEnd::kNotReached);
  server.reset();
  ASSERT_TRUE(Until([this] { return !monitor_->up(); }));
  EXPECT_EQ(Kill(77), std::nullopt) << "refused at once while it is down";
}

TEST_F(MonitorTest, PublishesWhoWaitsForALock) {
  SqlPeer server([](const std::string& sql) {
    return sql.find("LOCK WAIT") != std::string::npos
               ? SqlPeer::Reply{.rows = {SqlPeer::Variables(),
                                         {"90", "L"},
                                         {"6", ""},
                                         {"7", "T"},
                                         {"4294967301", "T"}}}
               : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(Until([this] { return !monitor_->lock_waits()->empty(); }));
  EXPECT_THAT(*monitor_->lock_waits(), ElementsAre(5, 7, 90)) << "the lower half of a long id";
}

TEST_F(MonitorTest, AServerWithoutInnodbHasOtherLocks) {
  SqlPeer server([](const std::string& sql) {
    if (sql.find("INNODB_TRX") != std::string::npos) return SqlPeer::Reply{.error = 1109};
    if (sql.find("PROCESSLIST") != std::string::npos) {
      return SqlPeer::Reply{.rows = {SqlPeer::Variables(), {"8", "L"}}};
    }
    return SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(Until([this] { return !monitor_->lock_waits()->empty(); }));
  EXPECT_THAT(*monitor_->lock_waits(), ElementsAre(8));
}

TEST_F(MonitorTest, WithoutSessionsItLooksAllTheSameAndNobodyWaitsForALock) {
  clients_ = 0;
  SqlPeer server([](const std::string& sql) {
    return sql.find("PROCESSLIST") != std::string::npos
               ? SqlPeer::Reply{.rows = {SqlPeer::Variables(), {"8", "L"}}}
               : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  EXPECT_EQ(AfterLooks(2).foreign, 1U);
  EXPECT_THAT(*monitor_->lock_waits(), IsEmpty());
  for (const std::string& sql : server.Asked("SELECT 'server'")) {
    EXPECT_EQ(sql.find("INNODB_TRX"), std::string::npos);
  }
}

TEST_F(MonitorTest, ConnectsWhenAskedToWhereItMayNotByItself) {
  may_connect_ = false;
  SqlPeer server(SqlPeer::Usual);
  WritePassword("secret\n");
  Start(server.endpoint());
  EXPECT_EQ(server.logins(), 0);
  monitor_->TryNow();
  EXPECT_TRUE(WaitUntilUp());
}

TEST_F(MonitorTest, AnAccountWithoutItsPrivilegesIsToldWhichGrant) {
  SqlPeer server([](const std::string& sql) {
    return sql.find("USER_PRIVILEGES") != std::string::npos
               ? SqlPeer::Reply{.rows = {{"PROCESS"}, {"SELECT"}}}
               : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitForError("lacks CONNECTION ADMIN"));
  EXPECT_FALSE(monitor_->up());
  EXPECT_TRUE(monitor_->status().configured);
}

TEST_F(MonitorTest, IsOffUntilThereIsAPasswordFile) {
  SqlPeer server(SqlPeer::Usual);
  Start(server.endpoint());
  EXPECT_FALSE(monitor_->status().configured);
  EXPECT_THAT(monitor_->status().error, IsEmpty());
  WritePassword("secret\n");
  EXPECT_TRUE(WaitUntilUp());
}

TEST_F(MonitorTest, APasswordFileThatEverybodyMayReadIsNotUsed) {
  SqlPeer server(SqlPeer::Usual);
  WritePassword("secret\n", 0644);
  Start(server.endpoint());
  ASSERT_TRUE(WaitForError("chmod o="));
  EXPECT_EQ(server.logins(), 0);
  WritePassword("\n", 0600);
  ASSERT_TRUE(WaitForError("no password"));
}

TEST_F(MonitorTest, AServerThatIsNotThereIsNamed) {
  WritePassword("secret\n");
  Start("127.0.0.1:1");
  ASSERT_TRUE(WaitForError("127.0.0.1"));
  EXPECT_TRUE(monitor_->status().configured);
}

}  // namespace
}  // namespace headgate::net
