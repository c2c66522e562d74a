// Answers that no server in good order gives; the real library reads them.
#include "net/server_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "net/clock.h"
#include "tests/net/sql_peer.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

struct Asked {
  absl::StatusOr<Rows> rows;
  absl::Status then;  // of the connection, afterwards
};

Asked AskOne(const SqlPeer::Reply& reply) {
  const ServerClient::EnterThread library;
  const SqlPeer server([&](const std::string&) { return reply; });
  const auto to = Resolve(server.endpoint());
  auto client =
      ServerClient::Connect(to->front(), {.user = "u", .password = "", .patience = seconds(1)});
  if (!client.ok()) return {client.status(), client.status()};
  auto rows = (*client)->Query("SELECT 1");
  return {std::move(rows), (*client)->Ping()};
}

TEST(ServerClientTest, AnAnswerIsReadRowByRow) {
  const auto asked = AskOne({.rows = {{"a", "b"}, {"c", ""}}});
  ASSERT_TRUE(asked.rows.ok()) << asked.rows.status();
  EXPECT_EQ(*asked.rows, (Rows{{"a", "b"}, {"c", ""}}));
}

TEST(ServerClientTest, OneWithoutEndIsGivenUp) {
  const auto asked = AskOne({.rows = {{std::string(120, 'x')}}, .endless = true});
  EXPECT_TRUE(absl::IsUnavailable(asked.rows.status()));
  EXPECT_THAT(std::string(asked.rows.status().message()), HasSubstr("longer than 32 MiB"));
  EXPECT_EQ(ServerErrorNumber(asked.rows.status()), 2013U);
  EXPECT_TRUE(absl::IsUnavailable(asked.then)) << asked.then;
}

TEST(ServerClientTest, OneThatTricklesIsGivenUp) {
  const Time began = Now();
  const auto asked = AskOne({.rows = {{"x"}}, .endless = true, .pause = milliseconds(200)});
  EXPECT_THAT(std::string(asked.rows.status().message()), HasSubstr("takes too long"));
  EXPECT_GE(Now() - began, seconds(5)) << "of a patience of one";
}

}  // namespace
}  // namespace headgate::net
