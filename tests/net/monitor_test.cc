// The monitor before a server that a test scripts; tests/system/test_monitor.py has a real one.
#include "net/monitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "net/clock.h"
#include "tests/net/sql_peer.h"
#include "tests/support/no_listeners.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

bool Begins(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

class MonitorTest : public testing::Test {
 protected:
  ~MonitorTest() override {
    Stop();
    std::remove(file_.c_str());
  }

  void WritePassword(const std::string& text, mode_t mode = 0600) {
    std::ofstream(file_) << text;
    chmod(file_.c_str(), mode);
  }

  void Start(const std::string& backend) {
    MonitorOptions options;
    options.user = "headgate";
    options.password_file = file_;
    options.interval = milliseconds(20);
    monitor_ = std::make_unique<Monitor>(options, backend, ProxyHeader::kOff, clients_, engine_);
    thread_ = std::thread([this] { monitor_->Run(); });
  }

  void Stop() {
    if (!thread_.joinable()) return;
    monitor_->Stop();
    thread_.join();
  }

  // Waits for the monitor's thread, not for a policy's clock.
  template <typename Condition>
  [[nodiscard]] static bool Until(Condition condition) {
    for (const Time end = Now() + std::chrono::seconds(10); Now() < end;) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }
  [[nodiscard]] bool WaitUntilUp() const {
    return Until([this] { return monitor_->up(); });
  }
  [[nodiscard]] bool WaitForError(const std::string& part) const {
    return Until([&] { return monitor_->status().error.find(part) != std::string::npos; });
  }
  // How it ended, or nothing when it never did.
  [[nodiscard]] std::optional<KillEnd> Kill(std::uint32_t id) {
    const auto end = std::make_shared<std::atomic<int>>(-1);
    if (!monitor_->Kill(id, [end](KillEnd how) { *end = static_cast<int>(how); })) {
      return std::nullopt;
    }
    if (!Until([&] { return *end >= 0; })) return std::nullopt;
    return static_cast<KillEnd>(end->load());
  }

  const std::string file_ = testing::TempDir() + "headgate-monitor-" + std::to_string(getpid());
  std::atomic<std::size_t> clients_{1};
  NoWakeups wakeups_;
  NoDecisions decisions_;
  Engine engine_{std::make_shared<const Limits>(Limits::Defaults()), EngineSecrets{1, 2}, wakeups_,
                 decisions_};
  std::unique_ptr<Monitor> monitor_;
  std::thread thread_;
};

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
               ? SqlPeer::Reply{.rows = {{"90"}, {"7"}, {"4294967301"}}}
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
    if (sql.find("PROCESSLIST") != std::string::npos) return SqlPeer::Reply{.rows = {{"8"}}};
    return SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(Until([this] { return !monitor_->lock_waits()->empty(); }));
  EXPECT_THAT(*monitor_->lock_waits(), ElementsAre(8));
}

TEST_F(MonitorTest, WithoutSessionsItOnlyAsksWhetherTheServerLives) {
  clients_ = 0;
  SqlPeer server(SqlPeer::Usual);
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(Until([&] { return server.Asked("DO 0").size() >= 2; }));
  EXPECT_THAT(server.Asked("SELECT ID"), IsEmpty());
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
