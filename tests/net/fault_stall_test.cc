// Either side falls silent at a byte: the deadline of that phase ends it, and nothing is kept.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "tests/net/fault_peers.h"

namespace headgate::net {
namespace {

using std::chrono::milliseconds;

Limits Impatient() {
  Limits limits = FaultyWorld::FewLimits();
  limits.pending.deadline = milliseconds(300);
  limits.login.deadline = milliseconds(100);
  return limits;
}

// All at once: each has its own deadline, and none of them costs the server anything.
TEST(Stall, ClientsInTheirLoginAtEachByte) {
  FaultyWorld world(Impatient());
  const std::string login = ClientWords().login;
  const std::uint64_t before = world.Counted();
  std::vector<WirePeer> clients;
  for (std::size_t at = 0; at < login.size(); ++at) {
    clients.push_back(world.running().Client());
    clients.back().Send(login.substr(0, at));
  }
  for (WirePeer& client : clients) {
    EXPECT_TRUE(client.ReadPacket());
    const auto last = client.ReadPacket();
    EXPECT_TRUE(last && last->IsErr());
    EXPECT_TRUE(client.ReadsEnd());
    client.Close();
  }
  world.ExpectQuiet();
  EXPECT_EQ(world.Counted() - before, login.size());
  EXPECT_EQ(world.running().acted(Reason::kPendingDeadline), login.size());
  world.Work();
}

TEST(Stall, AClientInItsAnswer) {
  FaultyWorld world(Impatient());
  const ClientWords words;
  for (std::size_t at = 0; at < words.auth.size(); at += 6) {
    SCOPED_TRACE("byte " + std::to_string(at));
    const Heard heard = world.Try({}, {Fault::Kind::kSilence, words.login.size() + at});
    EXPECT_TRUE(heard.told && !heard.logged_in);
  }
  EXPECT_GT(world.running().acted(Reason::kLoginDeadline), 0U);
}

TEST(Stall, TheServerInTheLogin) {
  FaultyWorld world(Impatient());
  const ServerWords words;
  const std::size_t login = words.size() - words.answer.size();
  for (std::size_t at = 0; at < login; at += 23) {
    SCOPED_TRACE("byte " + std::to_string(at));
    const Heard heard = world.Try({Fault::Kind::kSilence, at}, {});
    EXPECT_TRUE(heard.told && !heard.logged_in);
  }
}

// A statement may take its time; whoever asked leaves, and the slot is the server's until it ends.
TEST(Stall, AServerInAnAnswerWhoseClientLeaves) {
  FaultyWorld world;
  const ServerWords words;
  const ClientWords client;
  const std::size_t answer = words.size() - words.answer.size();
  const std::size_t asked = client.size() - client.quit.size();
  for (std::size_t at = answer; at < words.size(); at += 11) {
    SCOPED_TRACE("byte " + std::to_string(at));
    const Heard heard =
        world.Try({Fault::Kind::kSilence, at}, {Fault::Kind::kReset, asked, /*at_once=*/true});
    EXPECT_TRUE(heard.logged_in && !heard.answered);
  }
}

}  // namespace
}  // namespace headgate::net
