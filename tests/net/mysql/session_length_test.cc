// Commands of several packets against a limit on their length: the verdict comes before the
// continuation is there, so the session keeps it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kFull = 0xFFFFFF;

// The first packet of a command, full.
std::string FullPacket(int command = 0x03) {
  return Number(kFull, 3) + std::string(1, '\0') + Hex({command}) + std::string(kFull - 1, 'x');
}
CommandVerdict AtMost(std::uint64_t bytes) {
  CommandVerdict v;
  v.packet_limit = bytes;
  return v;
}
std::string TooLong(int sequence) {
  return Err(sequence, 1153, "#08S01Got a packet bigger than 'max_allowed_packet' bytes");
}

TEST(SessionLength, AContinuationWithinTheLimitPasses) {
  Driver d;
  d.LogIn();
  d.verdicts = {AtMost(kFull + 5)};
  const std::string command = FullPacket() + Packet(1, "12345");
  d.Client(command);
  EXPECT_TRUE(d.ToServer() == command);
  d.Server(Ok(2));
  EXPECT_EQ(d.ToClient(), Ok(2));
  EXPECT_THAT(d.ends, IsEmpty());
}

TEST(SessionLength, WhatWouldExceedItEndsTheSessionBeforeItIsSent) {
  for (const bool byte_by_byte : {false, true}) {
    Driver d;
    d.LogIn();
    d.verdicts = {AtMost(kFull + 5)};
    d.Client(FullPacket());
    d.ToServer();
    const std::string rest = Packet(1, "123456");
    if (!byte_by_byte) d.Client(rest);
    for (const char c : rest) {
      if (byte_by_byte && !d.half_closed) d.Client(std::string(1, c));
    }
    EXPECT_EQ(d.ToServer(), "");
    EXPECT_EQ(d.ToClient(), TooLong(2));
    EXPECT_TRUE(d.half_closed) << "and the server forgets the half it has";
    EXPECT_THAT(d.ends, ElementsAre(Reason::kPacketTooLarge));
  }
}

TEST(SessionLength, AnswersStillOwedComeFirst) {
  Driver d;
  d.LogIn();
  d.verdicts = {{}, AtMost(kFull)};
  d.Client(Command(0x0E) + FullPacket() + Packet(1, "x"));
  EXPECT_FALSE(d.half_closed);
  EXPECT_TRUE(d.client_held);
  d.Server(Ok(1));
  EXPECT_EQ(d.ToClient(), Ok(1) + TooLong(2));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kPacketTooLarge));
}

TEST(SessionLength, AServerThatSaysSoItselfIsNotOutdone) {
  Driver d;
  d.LogIn();
  d.verdicts = {AtMost(kFull)};
  d.Client(FullPacket());
  d.Server(TooLong(1));
  d.Client(Packet(1, "x"));
  EXPECT_EQ(d.ToClient(), TooLong(1));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kPacketTooLarge));
}

TEST(SessionLength, LongDataIsBoundAsWell) {
  Driver d;
  d.LogIn();
  d.verdicts = {AtMost(kFull)};
  d.Client(FullPacket(0x18));
  d.Client(Packet(1, "x"));
  EXPECT_EQ(d.ToClient(), TooLong(2));
  EXPECT_TRUE(d.half_closed);
}

// The statement is short; how long a file may be is the server's business.
TEST(SessionLength, AFileIsNoCommand) {
  Driver d;
  d.LogIn();
  d.verdicts = {AtMost(100)};
  d.Client(Query("LOAD DATA LOCAL INFILE 'f' INTO TABLE t"));
  d.Server(Packet(1,
                  "\xFB"
                  "f"));
  const std::string file = FullPacket() + Packet(3, "more of it") + Packet(4, "");
  d.ToServer();
  d.Client(file);
  EXPECT_TRUE(d.ToServer() == file);
  EXPECT_THAT(d.ends, IsEmpty());
}

TEST(SessionLength, WithoutALimitNothingIsBound) {
  Driver d;
  d.LogIn();
  const std::string command = FullPacket() + Packet(1, "x");
  d.Client(command);
  EXPECT_TRUE(d.ToServer() == command);
  EXPECT_THAT(d.ends, IsEmpty());
}

}  // namespace
}  // namespace headgate::mysql::testing
