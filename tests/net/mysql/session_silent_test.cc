// Commands that a server answers only when something is wrong with them: such an ERR must not be
// taken for the next command's, or that one would run on with nobody counting it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string LongData(std::size_t bytes) {
  return Command(0x18, Number(1, 4) + Hex({0, 0}) + std::string(bytes, 'x'));
}
std::string TooLong() { return Err(1, 1153, "#08S01too big"); }

// MySQL: ER_MALFORMED_PACKET, and the connection goes on.
TEST(SessionSilent, ThoseThatAreTooShortArePassedOnToNobody) {
  for (const std::string& cut_off :
       {Command(0x19), Command(0x19, "123"), Command(0x18), Command(0x18, "12345")}) {
    AtEveryCut([&](Driver& d) {
      d.LogIn();
      d.Client(cut_off + Query("SELECT SLEEP(1000)"));
      EXPECT_EQ(d.ToServer(), "");
      EXPECT_THAT(d.commands, IsEmpty());
      EXPECT_TRUE(d.half_closed);
      EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
    });
  }
}

TEST(SessionSilent, TheShortestOfThemPass) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    const std::string both = Command(0x18, "123456") + Command(0x19, "1234");
    d.Client(both);
    EXPECT_EQ(d.ToServer(), both);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

// MySQL skips what is longer than max_allowed_packet, says so, and goes on.
TEST(SessionSilent, AnErrAboutOneThatIsTooLongIsNotTheNextCommandsAnswer) {
  for (const std::string& first : {LongData(2000), Command(0x19, std::string(2000, 'x')),
                                   Command(0x01, std::string(2000, 'x'))}) {
    Driver d;
    d.LogIn();
    d.Client(first + Query("SELECT SLEEP(1000)"));
    EXPECT_EQ(d.ToServer(), first + Query("SELECT SLEEP(1000)"));
    d.Server(TooLong());
    EXPECT_THAT(d.answers, IsEmpty()) << "the statement runs";
    EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
    EXPECT_TRUE(d.half_closed);
  }
}

TEST(SessionSilent, OnlyWhatFollowsItIsInDoubt) {
  Driver d;
  d.LogIn();
  d.Client(Command(0x0E) + LongData(2000) + Query("SELECT 1") + Query("SELECT 2"));
  d.Server(Ok(1) + Ok(1) + TooLong());
  EXPECT_EQ(d.answers.size(), 3u);
  EXPECT_THAT(d.ends, IsEmpty());
}

// No server's limit is below 1024 bytes: what is shorter never fails so.
TEST(SessionSilent, AStatementThatIsTooLongIsAnsweredBehindAnOrdinaryClose) {
  AtEveryCut([](Driver& d) {
    d.LogIn();
    d.Client(Command(0x19, "1234") + Query("INSERT"));
    d.Server(TooLong());
    EXPECT_EQ(d.ToClient(), TooLong());
    EXPECT_EQ(d.answers.size(), 1u);
    EXPECT_THAT(d.ends, IsEmpty());
  });
}

TEST(SessionSilent, OtherErrorsAreTheNextCommandsOwn) {
  Driver d;
  d.LogIn();
  d.Client(LongData(2000) + Query("SELECT nothing"));
  d.Server(Err(1, 1054, "#42S22no such column"));
  EXPECT_EQ(d.answers.size(), 1u);
  EXPECT_THAT(d.ends, IsEmpty());
}

}  // namespace
}  // namespace headgate::mysql::testing
