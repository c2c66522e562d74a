#include "net/mysql/login_charset.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/mysql/change_user.h"
#include "net/mysql/handshake.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::testing {
namespace {

constexpr int kLatin1 = 8;
constexpr int kFilename = 17;
constexpr int kUtf8mb3 = 33;
constexpr int kUtf8mb4 = 45;
constexpr int kArmscii8 = 32;
constexpr int kNoPad = 1024;

struct Sent {
  int collation;
  std::string name;
};

// What MySQL reads as another name, which most of these are meant to be taken for.
const std::vector<Sent>& Disguises() {
  static const std::vector<Sent> cases = {
      {kUtf8mb4, "root\xC3"},
      {kUtf8mb4, "root\xE2\x82"},
      {kUtf8mb4, "root\xF0\x9F\x98"},
      {kUtf8mb4,
       "root\xE2"
       "A"},
      {kUtf8mb4, "root\xC0\xA0"},
      {kUtf8mb3, "root\xC3"},
      {kUtf8mb4 + kNoPad, "root\xC3"},
      {255, "root\xC3"},   // utf8mb4_0900_ai_ci
      {2304, "root\xC3"},  // utf8mb4_uca1400_ai_ci
      {0, "root\xC3"},     // none: the server's own
      {kArmscii8, "debian\xACsys\xACmaint"},
      {64, "\xFFroot\xFF"},
      {kArmscii8 + kNoPad,
       "a\xA9"
       "b"},
      {64 + kNoPad, "\xA5\xA4\xAB"},
      {kFilename, "root"},
      {1, "root\xA4"},   // big5
      {24, "root\xB0"},  // gb2312
      {28, "root\x81"},  // gbk
      {87 + kNoPad, "root\xFE"},
      {248, "root\x81\x30\x81"},  // gb18030
      {13, "root\x83"},           // sjis
      {95, "root\xE0"},           // cp932
      {19, "root\xB0"},           // euckr
      {12, "root\x8F\xA1"},       // ujis
      {97, "root\x8E"},           // eucjpms
  };
  return cases;
}

const std::vector<Sent>& Names() {
  static const std::vector<Sent> cases = {
      {kUtf8mb4, ""},
      {kUtf8mb4, "ren\xC3\xA9"},
      {kUtf8mb4, "\xF0\x9F\x98\x80"},
      {255, "\xE6\x97\xA5\xE6\x9C\xAC"},
      {0, "app"},
      {kLatin1, "ren\xE9"},
      {kLatin1 + kNoPad, "\xC3"},
      {9, "\xB1\xE6\xEA"},       // latin2
      {18, "\xA1\xC3"},          // tis620
      {51, "\xE8\xE2\xE0\xED"},  // cp1251
      {63, "root\xC3"},          // binary
      {kArmscii8, "debian-sys-maint"},
      {kArmscii8, "\xB3\xB5"},
      {1, "\xA4\xA4\xA4\x40"},
      {24, "\xD6\xD0\xCE\xC4"},
      {28,
       "\xD6\xD0\x81\x40"
       "a"},
      {248, "\x81\x30\x81\x30\xD6\xD0"},
      {13, "\x83\x86\x81\x5B\xBB"},
      {95, "\xE0\x40"},
      {19, "\xB1\xE8"},
      {12, "\x8F\xB0\xA1\x8E\xB1\xA4\xE6"},
      {97, "\xA4\xE6"},
  };
  return cases;
}

std::string ChangeUser(const Sent& user, const std::string& database) {
  return "\x11" + user.name + kNul + kNul + database + kNul + Number(user.collation, 2);
}

TEST(LoginCharset, AnotherSpellingIsNoPlainName) {
  for (const Sent& c : Disguises()) EXPECT_FALSE(IsPlainName(c.name, c.collation)) << c.collation;
  for (const Sent& c : Names()) EXPECT_TRUE(IsPlainName(c.name, c.collation)) << c.collation;
}

TEST(LoginCharset, ALoginWithAnotherSpellingIsMalformed) {
  const auto parsed = [](const Sent& c, bool as_user) {
    LoginFields f{.capabilities = kTypicalClient | kCapConnectWithDb, .charset = c.collation};
    (as_user ? f.user : f.database) = c.name;
    LoginRequest r;
    return ParseLogin(AsBytes(LoginPayload(f)), r);
  };
  for (const bool as_user : {true, false}) {
    for (const Sent& c : Disguises()) {
      if (c.collation > 255) continue;
      EXPECT_EQ(parsed(c, as_user), LoginParse::kMalformed) << c.collation;
    }
    for (const Sent& c : Names()) {
      if (c.collation > 255) continue;
      EXPECT_EQ(parsed(c, as_user), LoginParse::kOk) << c.collation;
    }
  }
}

TEST(LoginCharset, AChangeOfUserWithAnotherSpellingIsMalformed) {
  LoginRequest r;
  for (const Sent& c : Disguises()) {
    EXPECT_FALSE(ParseChangeUser(AsBytes(ChangeUser(c, "db")), 0, r)) << c.collation;
    EXPECT_FALSE(ParseChangeUser(AsBytes(ChangeUser({c.collation, "a"}, c.name)), 0, r));
  }
  for (const Sent& c : Names()) {
    EXPECT_TRUE(ParseChangeUser(AsBytes(ChangeUser(c, c.name)), 0, r)) << c.collation;
  }
}

// Without a character set in the packet the session's counts, which the gate then sends.
TEST(LoginCharset, AShortChangeOfUserIsReadInTheSessionsCharset) {
  const std::string payload = "\x11root\xC3" + kNul + kNul + "db";
  LoginRequest r;
  r.charset = kUtf8mb4;
  EXPECT_FALSE(ParseChangeUser(AsBytes(payload), 0, r));
  r.charset = kLatin1;
  EXPECT_TRUE(ParseChangeUser(AsBytes(payload), 0, r));
}

}  // namespace
}  // namespace headgate::mysql::testing
