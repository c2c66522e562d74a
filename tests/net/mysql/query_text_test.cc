// Where the SQL of a COM_QUERY begins behind query attributes, and what becomes of one whose
// beginning nobody can tell.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/net/mysql/driver.h"

namespace headgate::mysql::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(QueryText, QueryAttributesAreSkippedInFrontOfTheText) {
  // One attribute: bitmap, types follow, LONG "n", VAR_STRING "s" = "SELECT 2".
  const std::string attributes = Hex({2, 1, 0, 1, 3, 0}) + Lenenc("n") + Hex({0xFD, 0}) +
                                 Lenenc("s") + Number(7, 4) + Lenenc("SELECT 2");
  AtEveryCut(
      [&](Driver& d) {
        LoginFields fields;
        fields.capabilities |= kCapQueryAttributes;
        d.LogIn(fields, MySql80());
        d.Client(Command(0x03, attributes + "SELECT 1"));
        ASSERT_EQ(d.commands.size(), 1u);
        EXPECT_EQ(d.commands[0].sql, "SELECT 1");
        EXPECT_TRUE(d.commands[0].facts.complete);
        // A prepare has none.
        d.Client(Command(0x16, "SELECT ?"));
        EXPECT_EQ(d.commands.back().sql, "SELECT ?");
      },
      MySql80());
}

LoginFields WithAttributes() {
  LoginFields fields;
  fields.capabilities |= kCapQueryAttributes;
  return fields;
}

// One attribute, not NULL, without a name.
std::string Attribute(int type, int flags, const std::string& value) {
  return Hex({1, 1, 0, 1, type, flags, 0}) + value;
}

// The text that the engine is shown of a query with these attributes; empty if it is not asked.
std::optional<std::string> TextBehind(const std::string& attributes) {
  Driver d(MySql80());
  d.LogIn(WithAttributes(), MySql80());
  d.Client(Command(0x03, attributes + "SELECT 1"));
  if (d.commands.empty()) return std::nullopt;
  return d.commands[0].sql;
}

// Each type is as long as the server takes it for: else something else would be read than it runs.
TEST(QueryText, AttributesOfEveryType) {
  const struct {
    int type;
    std::string value;
  } cases[] = {{0x01, "1"},
               {0x02, "12"},
               {0x03, "1234"},
               {0x04, "1234"},
               {0x05, "12345678"},
               {0x08, "12345678"},
               {0x07, Hex({4}) + "1234"},
               {0x0A, Hex({4}) + "1234"},
               {0x0B, Hex({0})},
               {0x0C, Hex({7}) + "1234567"},
               {0x0C, Hex({0xFC, 7, 0}) + "1234567"},
               {0x0C, Hex({0xFD, 7, 0, 0}) + "1234567"},
               {0x0C, Hex({0xFE}) + Number(7, 8) + "1234567"},
               {0xF6, Lenenc("1.5")},
               {0xFC, Lenenc(std::string(300, 'x'))},
               // Strings to MySQL, whatever they are in its answers.
               {0x06, Lenenc("null")},
               {0x09, Lenenc("int24")},
               {0x0D, Lenenc("year")},
               {0xEE, Lenenc("no such type")}};
  for (const auto& c : cases) {
    EXPECT_EQ(TextBehind(Attribute(c.type, 0, c.value)), "SELECT 1") << c.type;
    EXPECT_EQ(TextBehind(Attribute(c.type, 0x80, c.value)), "SELECT 1") << c.type << " unsigned";
  }
}

TEST(QueryText, ANullOfAnyTypeHasNoValue) {
  for (const int type : {0x03, 0x06, 0x0C, 0xF4, 0xFD}) {
    EXPECT_EQ(TextBehind(Hex({1, 1, 1, 1, type, 0, 0})), "SELECT 1") << type;
  }
}

TEST(QueryText, TypesFollowWhateverSaysSoButZero) {
  EXPECT_EQ(TextBehind(Hex({1, 1, 0, 0x80, 0x01, 0, 0}) + "1"), "SELECT 1");
}

void IsEndedFor(Driver& d, const std::string& attributes) {
  d.LogIn(WithAttributes(), MySql80());
  d.Client(Command(0x0E) + Command(0x03, attributes + "SELECT 1"));
  EXPECT_EQ(d.commands.size(), 1u);  // the ping
  EXPECT_EQ(d.ToServer(), Command(0x0E));
  EXPECT_THAT(d.ends, IsEmpty());  // an answer is owed
  d.Server(Ok(1));
  EXPECT_EQ(d.ToClient(), Ok(1) + Err(1, 1835,
                                      "#HY000Malformed communication packet: query attributes that "
                                      "headgate cannot read, or more than 1024 or 64 KiB of them"));
  EXPECT_THAT(d.ends, ElementsAre(Reason::kProtocolError));
  EXPECT_TRUE(d.half_closed);
}

TEST(QueryText, ATextThatCannotBeFoundEndsTheSession) {
  const std::string texts[] = {
      Hex({1, 1, 0, 0}),                              // no types
      Hex({0xFC, 1, 4, 1}) + std::string(129, '\0'),  // 1025 of them
      Hex({0xFB, 1}),
      Hex({0xFF, 1}),                                                  // no number
      Hex({1, 1, 0, 1, 3, 0, 0xFE}) + Number(1ull << 32, 8) + "1234",  // a name of that length
      Hex({1, 1, 0, 1, 3, 0, 0xFF}) + Number(0, 8) + "1234",
      Attribute(0x0C, 0, Hex({0xFB})),
      Attribute(0xFD, 0, Hex({0xFB})),
      Attribute(0xFD, 0, Hex({0xFF})),
      Attribute(0xFD, 0, Hex({0xFE}) + Number(1ull << 32, 8)),
      Attribute(0xF4, 0, "1"),      // no server takes a BOOL
      Attribute(0x03, 0x01, "1"),   // no type has these bits
      Attribute(0xFD, 0, "\x7Fx"),  // goes on behind the end
      Attribute(0xFD, 0, Lenenc(std::string(70'000, 'x')))};
  for (const std::string& attributes : texts) {
    Driver whole(MySql80());
    IsEndedFor(whole, attributes);
    Driver cut(MySql80(), Driver::kByteByByte);
    IsEndedFor(cut, attributes);
  }
}

// It ends nothing; no more of it is known.
TEST(QueryText, ATextThatCannotBeFoundIsWatchedAsNotSeen) {
  Driver d(MySql80(), Driver::kWhole, TlsUse::kNone, false, /*watch=*/true);
  WatchLogIn(d, WithAttributes(), MySql80());
  d.Client(Command(0x03, Hex({1, 1, 0, 0}) + "SELECT 1"));
  ASSERT_EQ(d.commands.size(), 1u);
  EXPECT_EQ(d.commands[0].sql, "");
  EXPECT_FALSE(d.commands[0].facts.complete);
  EXPECT_THAT(d.ends, IsEmpty());
}

}  // namespace
}  // namespace headgate::mysql::testing
