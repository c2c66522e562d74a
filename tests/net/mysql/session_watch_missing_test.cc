// A session that watches a capture in which bytes are missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::IsEmpty;

std::string Rows(int n, std::size_t width = 1) {
  std::string all = Packet(1, "\x01") + Column(2, "1") + Eof(3);
  for (int i = 0; i < n; ++i) all += Packet(4 + i, Lenenc(std::string(width, '1')));
  return all + Eof(4 + n);
}

Driver Watching() { return Driver(MariaDb1011(), Driver::kWhole, TlsUse::kNone, false, true); }

// Wherever a piece of an answer is missing: it is told as far as it came, and the next command and
// its answer are whole again.
TEST(SessionWatchMissing, OfAnAnswerAtEveryPlace) {
  const std::string answer = Rows(3);
  for (std::size_t from = 0; from < answer.size(); ++from) {
    for (const std::size_t n : {std::size_t{1}, std::size_t{7}, answer.size() - from}) {
      if (from + n > answer.size()) continue;
      SCOPED_TRACE(std::to_string(n) + " bytes from " + std::to_string(from));
      Driver d = Watching();
      WatchLogIn(d);
      d.Client(Query("SELECT 1"));
      d.Server(answer.substr(0, from));
      d.Missing(Side::kServer, n);
      d.Server(answer.substr(from + n));
      d.Client(Query("SELECT 22"));
      ASSERT_EQ(d.commands.size(), 2U);
      EXPECT_EQ(d.commands[1].sql, "SELECT 22");
      EXPECT_EQ(d.answers.size(), 1U);
      d.Server(Rows(2));
      ASSERT_EQ(d.answers.size(), 2U);
      EXPECT_EQ(d.answers[1].rows, 2U);
      EXPECT_EQ(d.session().unread(), Unread::kNo);
      EXPECT_THAT(d.ends, IsEmpty());
    }
  }
}

// A long value may lack what it likes: its length was told before.
TEST(SessionWatchMissing, InsideOfALongRow) {
  const std::string answer = Rows(2, 200);
  const std::size_t row = Packet(1, "\x01").size() + Column(2, "1").size() + Eof(3).size();
  Driver d = Watching();
  WatchLogIn(d);
  d.Client(Query("SELECT 1"));
  d.Server(answer.substr(0, row + 20));
  d.Missing(Side::kServer, 100);
  d.Server(answer.substr(row + 120));
  ASSERT_EQ(d.answers.size(), 1U);
  EXPECT_EQ(d.answers[0].rows, 2U);
  EXPECT_EQ(d.answers[0].bytes, answer.size());
  d.Client(Query("SELECT 22"));
  EXPECT_EQ(d.commands.size(), 2U);
}

TEST(SessionWatchMissing, InsideOfALongCommand) {
  const std::string query = Query("INSERT INTO t VALUES ('" + std::string(200'000, 'x') + "')");
  Driver d = Watching();
  WatchLogIn(d);
  d.Client(query.substr(0, 150'000));
  ASSERT_EQ(d.commands.size(), 1U);
  d.Missing(Side::kClient, 40'000);
  d.Client(query.substr(190'000));
  d.Server(Ok(1));
  ASSERT_EQ(d.answers.size(), 1U);
  EXPECT_EQ(d.answers[0].request_bytes, query.size());
  d.Client(Query("SELECT 22"));
  EXPECT_EQ(d.commands.size(), 2U);
}

// A command of which something is missing is not asked about, nor is what is left of it.
TEST(SessionWatchMissing, OfACommandAtEveryPlace) {
  const std::string query = Query("SELECT 1, 2, 3, 4, 5, 6, 7");
  for (std::size_t from = 0; from < query.size(); ++from) {
    for (const std::size_t n : {std::size_t{1}, std::size_t{7}, query.size() - from}) {
      if (from + n > query.size()) continue;
      SCOPED_TRACE(std::to_string(n) + " bytes from " + std::to_string(from));
      Driver d = Watching();
      WatchLogIn(d);
      d.Client(query.substr(0, from));
      d.Missing(Side::kClient, n);
      d.Client(query.substr(from + n));
      d.Server(Rows(3));
      EXPECT_THAT(d.commands, IsEmpty());
      d.Client(Query("SELECT 22"));
      ASSERT_EQ(d.commands.size(), 1U);
      EXPECT_EQ(d.commands[0].sql, "SELECT 22");
      d.Server(Rows(2));
      ASSERT_EQ(d.answers.size(), 1U);
      EXPECT_EQ(d.answers[0].rows, 2U);
      EXPECT_THAT(d.ends, IsEmpty());
    }
  }
}

TEST(SessionWatchMissing, OfAFileBeingLoaded) {
  Driver d = Watching();
  WatchLogIn(d);
  d.Client(Query("LOAD DATA LOCAL INFILE 'x' INTO TABLE t"));
  d.Server(Packet(1, "\xfbx"));
  d.Client(Packet(2, "some data"));
  d.Missing(Side::kClient, 20);
  d.Client(Packet(4, "\x03more") + Packet(5, ""));
  d.Server(Ok(6));
  EXPECT_EQ(d.answers.size(), 1U);
  d.Client(Query("SELECT 1"));
  EXPECT_EQ(d.commands.size(), 2U);
}

// With several on their way none can be told from the others any more.
TEST(SessionWatchMissing, OfAnswersToPipelinedCommands) {
  Driver d = Watching();
  WatchLogIn(d);
  d.Client(Query("SELECT 1") + Command(0x16, "SELECT ?") + Command(0x0E));
  d.Server(Rows(1));
  d.Missing(Side::kServer, 9);
  EXPECT_EQ(d.answers.size(), 3U);
  d.Server(Ok(1));
  d.Client(Query("SELECT 22"));
  d.Server(Rows(2));
  ASSERT_EQ(d.answers.size(), 4U);
  EXPECT_EQ(d.answers[3].rows, 2U);
  EXPECT_EQ(d.session().commands_outstanding(), 0U);
}

TEST(SessionWatchMissing, OfALoginLeavesItOpaque) {
  for (int what = 0; what < 4; ++what) {
    SCOPED_TRACE(what);
    Driver d = Watching();
    if (what == 0) d.Missing(Side::kServer, 50);
    d.Server(RawGreeting(MariaDb1011()));
    if (what == 1) d.Missing(Side::kClient, 50);
    d.Client(Packet(1, LoginPayload({})));
    if (what == 2) d.Missing(Side::kServer, 50);
    d.Server(AuthSwitch(2, "mysql_native_password"));
    if (what == 3) d.Missing(Side::kClient, 24);
    EXPECT_EQ(d.session().phase(), Phase::kOpaque);
    EXPECT_EQ(d.session().unread(), Unread::kMissing);
    EXPECT_EQ(d.asked, 1);
    EXPECT_EQ(d.ok, 1);
    EXPECT_EQ(d.user, what < 2 ? "" : "app");
    EXPECT_THAT(d.failures, IsEmpty());
  }
}

// What does not fit behind a hole is the capture's fault; without one it is the client's.
TEST(SessionWatchMissing, GarbageBehindAHoleBlamesNobody) {
  Driver d = Watching();
  WatchLogIn(d);
  d.Client(Query("SELECT 1"));
  d.Missing(Side::kServer, 50);
  d.Client("no command, this is");
  EXPECT_EQ(d.session().phase(), Phase::kOpaque);
  EXPECT_EQ(d.session().unread(), Unread::kNotUnderstood);
  EXPECT_THAT(d.ends, IsEmpty());

  Driver server = Watching();
  WatchLogIn(server);
  server.Missing(Side::kServer, 50);
  server.Client(Query("SELECT 1"));
  server.Server(std::string(20, '\0'));
  EXPECT_EQ(server.session().phase(), Phase::kOpaque);
  EXPECT_THAT(server.ends, IsEmpty());
  EXPECT_EQ(server.answers.size(), 1U);
}

TEST(SessionWatchMissing, GivenUp) {
  Driver d = Watching();
  WatchLogIn(d);
  d.Client(Query("SELECT 1"));
  EXPECT_EQ(d.session().GiveUp().kind, Action::Kind::kWait);
  EXPECT_EQ(d.session().phase(), Phase::kOpaque);
  EXPECT_TRUE(d.session().NextAnswer());
}

TEST(SessionWatchMissing, GivenUpWhileItIsAskedAboutNobodyIsAskedAgain) {
  Driver d = Watching();
  d.answer_admission = false;
  d.Server(RawGreeting(MariaDb1011()));
  d.Client(Packet(1, LoginPayload({})));
  EXPECT_EQ(d.session().GiveUp().kind, Action::Kind::kWait);
  EXPECT_EQ(d.session().phase(), Phase::kAwaitAdmission);
  EXPECT_EQ(d.user, "app");
  EXPECT_EQ(d.asked, 1);
}

}  // namespace
}  // namespace headgate::mysql::testing
