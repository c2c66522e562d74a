// What the monitor reads at a scripted server; tests/system/test_monitor.py has a real one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "net/mysql/greeting.h"
#include "tests/net/monitor_fixture.h"

namespace headgate::net {
namespace {

TEST_F(MonitorTest, ReadsWhatTheServerSaysOfItself) {
  SqlPeer server([](const std::string& sql) {
    if (sql.find("PROCESSLIST") != std::string::npos) {
      return SqlPeer::Reply{.rows = {{"server", "500 1024 99 1"}, {"1", ""}}};
    }
    if (sql.find("SHOW GLOBAL STATUS") == std::string::npos) return SqlPeer::Usual(sql);
    return SqlPeer::Reply{.rows = {{"Aborted_clients", "8"},
                                   {"Aborted_connects", "3"},
                                   {"Connection_errors_internal", "2"},
                                   {"Connection_errors_max_connections", "5"},
                                   {"Innodb_buffer_pool_read_requests", "1000"},
                                   {"Innodb_buffer_pool_reads", "10"},
                                   {"Questions", "9000"},
                                   {"Slow_queries", "4"},
                                   {"Threads_connected", "6"},
                                   {"Threads_running", "1"},
                                   {"Uptime", "777"}}};
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  const ServerFigures expected{.max_connections = 500,
                               .max_allowed_packet = 1024,
                               .max_prepared_stmt_count = 99,
                               .read_only = true,
                               .threads_connected = 6,
                               .threads_running = 1,
                               .questions = 9000,
                               .aborted_clients = 8,
                               .aborted_connects = 3,
                               .connection_errors = 7,
                               .slow_queries = 4,
                               .buffer_pool_read_requests = 1000,
                               .buffer_pool_reads = 10,
                               .uptime = 777,
                               .foreign = 1};
  EXPECT_EQ(AfterLooks(2), expected);
  EXPECT_EQ(monitor_->status().figures, expected);
  EXPECT_NE(monitor_->status().looked, Time());
}

TEST_F(MonitorTest, ForeignIsWhoIsNotOurs) {
  SqlPeer server([](const std::string& sql) {
    return sql.find("PROCESSLIST") != std::string::npos
               ? SqlPeer::Reply{.rows = {SqlPeer::Variables(),
                                         {"1", ""},    // the monitor itself
                                         {"2", "S"},   // the server's own
                                         {"3", "CS"},  // a replication thread of a MySQL
                                         {"4", ""},    // ours
                                         {"5", ""},
                                         {"6", "C"}}}  // logging in, and stays so
               : SqlPeer::Usual(sql);
  });
  const LiveIds::Lease ours = ours_.Hold(4);
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(Until([this] {
    const std::lock_guard lock(mutex_);
    return !looks_.empty();
  }));
  {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(looks_.at(0).foreign, 2U) << "who is logging in may be ours";
  }
  EXPECT_EQ(AfterLooks().foreign, 3U);
}

TEST_F(MonitorTest, AtAnotherPortItTakesNoPlace) {
  SqlPeer server(SqlPeer::Usual);
  address_ = server.endpoint();
  WritePassword("secret\n");
  Start("127.0.0.1:1");
  EXPECT_EQ(AfterLooks().foreign, 0U);
  EXPECT_FALSE(monitor_->through_backend());
}

TEST_F(MonitorTest, AReplicaIsAsFarBehindAsItsFurthestSource) {
  SqlPeer server([](const std::string& sql) {
    return sql.find("SHOW ALL SLAVES") != std::string::npos
               ? SqlPeer::Reply{.rows = {{"a", "3"}, {"b", "12"}},
                                .names = {"Connection_name", "Seconds_Behind_Master"}}
               : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  const ServerFigures figures = AfterLooks(2);
  EXPECT_TRUE(figures.replica);
  EXPECT_EQ(figures.replica_lag, 12U);
}

TEST_F(MonitorTest, WhatTheAccountMayNotAskIsNotKnownAndNoTrouble) {
  SqlPeer server([](const std::string& sql) {
    return sql.find("SHOW ALL SLAVES") != std::string::npos ? SqlPeer::Reply{.error = 1227}
                                                            : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  EXPECT_FALSE(AfterLooks(3).replica);
  EXPECT_EQ(server.Asked("SHOW ALL SLAVES").size(), 1U);
  EXPECT_TRUE(monitor_->up());
}

TEST_F(MonitorTest, ItsLoginTeachesTheGreeting) {
  SqlPeer server(SqlPeer::Usual);
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  ASSERT_TRUE(Until([this] {
    const std::lock_guard lock(mutex_);
    return !greetings_.empty();
  }));
  const std::string packet = WireServer::GreetingPacket(0);
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(packet.data());
  const auto live = mysql::ParseGreeting(mysql::Bytes(bytes, packet.size()).subspan(4));
  ASSERT_TRUE(live);
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(greetings_[0], *live);
}

// What a MySQL answers to questions that hold these words; 1193 to others of the kind.
using Answers = std::map<std::string, std::string>;

SqlPeer::Answer MySql(const Answers& answers) {
  return [answers](const std::string& sql) -> SqlPeer::Reply {
    for (const auto& [words, value] : answers) {
      if (sql.find(words) == std::string::npos) continue;
      return {.rows = {{value}}, .names = {"Seconds_Behind_Master"}};
    }
    const bool differs = sql.find("authentication_") != std::string::npos ||
                         sql.find("SHOW REPLICA") != std::string::npos ||
                         sql.find("SHOW SLAVE") != std::string::npos;
    return differs ? SqlPeer::Reply{.error = 1193} : SqlPeer::Usual(sql);
  };
}

const std::string kMySqlGreeting =
    WireServer::GreetingPacket(1, WireServer::kCapabilities, "8.0.36");

TEST_F(MonitorTest, AMySqlIsAskedWhichPluginItGreetsWith) {
  const std::vector<std::pair<Answers, std::string>> servers = {
      {{{"default_authentication_plugin", "mysql_native_password"}}, "mysql_native_password"},
      {{{"authentication_policy", "*,,"}, {"default_authentication_plugin", "sha256_password"}},
       "sha256_password"},
      {{{"authentication_policy", "*:mysql_native_password,,"}}, "mysql_native_password"},
      {{{"authentication_policy", "*,,"}}, "caching_sha2_password"},
  };
  WritePassword("secret\n");
  for (const auto& [answers, plugin] : servers) {
    SqlPeer server(MySql(answers), kMySqlGreeting);
    Start(server.endpoint());
    static_cast<void>(AfterLooks());
    Stop();
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(greetings_.back().server_version, "8.0.36");
    EXPECT_EQ(greetings_.back().auth_plugin, plugin);
  }
}

TEST_F(MonitorTest, AnOlderMySqlKnowsAReplicaByItsFormerName) {
  SqlPeer server(MySql(Answers{{"SHOW SLAVE STATUS", "5"}}), kMySqlGreeting);
  WritePassword("secret\n");
  Start(server.endpoint());
  EXPECT_EQ(AfterLooks(2).replica_lag, 5U);
}

TEST_F(MonitorTest, AServerThatStopsAnsweringIsToldFromOneThatHangsUp) {
  std::atomic<bool> hang{false};
  SqlPeer server([&](const std::string& sql) {
    return sql == "PING" && hang ? SqlPeer::Reply{.silent = true} : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  hang = true;
  EXPECT_TRUE(WaitForTrouble(MonitorTrouble::kPingTimedOut));
}

TEST_F(MonitorTest, ALookThatTakesTooLongIsNoPing) {
  std::atomic<bool> hang{false};
  SqlPeer server([&](const std::string& sql) {
    // Not what a look can do without: that would only be left out.
    const bool needed = sql.find("PROCESSLIST") != std::string::npos;
    return needed && hang ? SqlPeer::Reply{.silent = true} : SqlPeer::Usual(sql);
  });
  WritePassword("secret\n");
  Start(server.endpoint());
  ASSERT_TRUE(WaitUntilUp());
  hang = true;
  EXPECT_TRUE(WaitForTrouble(MonitorTrouble::kLookTimedOut));
}

TEST_F(MonitorTest, AQuestionNobodyHasToAnswerCostsNoLookAndIsLeftOutForAWhile) {
  for (const std::string question : {"SHOW GLOBAL STATUS WHERE", "SHOW ALL SLAVES"}) {
    SqlPeer server([&](const std::string& sql) {
      if (sql.find(question) != std::string::npos) return SqlPeer::Reply{.silent = true};
      if (sql.find("PROCESSLIST") == std::string::npos) return SqlPeer::Usual(sql);
      return SqlPeer::Reply{.rows = {SqlPeer::Variables(), {"1", ""}, {"8", "L"}}};
    });
    WritePassword("secret\n");
    Start(server.endpoint());
    EXPECT_EQ(AfterLooks().foreign, 2U);
    EXPECT_EQ(monitor_->lock_waits()->size(), 1U) << "while the question waits";
    EXPECT_TRUE(WaitForTrouble(MonitorTrouble::kLost));
    EXPECT_EQ(AfterLooks(3).foreign, 2U) << "of the next connection";
    EXPECT_EQ(server.logins(), 2);
    EXPECT_EQ(server.Asked(question).size(), 1U);
    Stop();
    const std::lock_guard lock(mutex_);
    troubles_.clear();
  }
}

}  // namespace
}  // namespace headgate::net
