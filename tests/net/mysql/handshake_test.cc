#include "net/mysql/handshake.h"

#include <gtest/gtest.h>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"
#include "net/mysql/change_user.h"
#include "net/mysql/refusal.h"
#include "net/mysql/session_track.h"
#include "tests/net/mysql/packets.h"

namespace headgate::mysql::testing {
namespace {

const std::string kRealMariaDb1011 =
    Hex({0x0a, 0x35, 0x2e, 0x35, 0x2e, 0x35, 0x2d, 0x31, 0x30, 0x2e, 0x31, 0x31, 0x2e, 0x36, 0x2d,
         0x4d, 0x61, 0x72, 0x69, 0x61, 0x44, 0x42, 0x00, 0x1f, 0x00, 0x00, 0x00, 0x60, 0x3a, 0x3a,
         0x3e, 0x44, 0x68, 0x4f, 0x50, 0x00, 0xfe, 0xf7, 0x2d, 0x02, 0x00, 0xff, 0x81, 0x15, 0x00,
         0x00, 0x00, 0x00, 0x00, 0x00, 0x1d, 0x00, 0x00, 0x00, 0x5d, 0x2f, 0x5b, 0x46, 0x3f, 0x36,
         0x31, 0x3d, 0x6a, 0x29, 0x47, 0x7c, 0x00, 0x6d, 0x79, 0x73, 0x71, 0x6c, 0x5f, 0x6e, 0x61,
         0x74, 0x69, 0x76, 0x65, 0x5f, 0x70, 0x61, 0x73, 0x73, 0x77, 0x6f, 0x72, 0x64, 0x00});

LoginRequest Parsed(const LoginFields& f) {
  LoginRequest r;
  EXPECT_EQ(ParseLogin(AsBytes(LoginPayload(f)), r), LoginParse::kOk);
  return r;
}

TEST(GreetingPacket, ParsesWhatMariaDb1011Sends) {
  const auto g = ParseGreeting(AsBytes(kRealMariaDb1011));
  ASSERT_TRUE(g);
  EXPECT_EQ(g->server_version, "5.5.5-10.11.6-MariaDB");
  EXPECT_EQ(g->connection_id, 31u);
  EXPECT_EQ(g->charset, 45);
  EXPECT_EQ(g->status, 2);
  EXPECT_EQ(g->capabilities, 0x81fff7feu);
  EXPECT_EQ(g->mariadb_capabilities, 0x1du);
  EXPECT_EQ(g->auth_plugin, "mysql_native_password");
}

TEST(GreetingPacket, SaysTheServersVersion) {
  for (const auto& [text, version] :
       {std::pair{"5.5.5-10.11.6-MariaDB-0+deb12u1", 101106U}, std::pair{"11.4.2-MariaDB", 110402U},
        std::pair{"8.0.36", 80036U}, std::pair{"9.1.0-commercial", 90100U},
        std::pair{"5.5.5", 50505U}, std::pair{"8.0", 0U}, std::pair{"", 0U}, std::pair{"8.0.x", 0U},
        std::pair{"8.100.1", 0U}}) {
    Greeting g = MySql80();
    g.server_version = text;
    EXPECT_EQ(VersionOf(g), version) << text;
  }
}

TEST(GreetingPacket, CutShortItNeverParses) {
  const std::string& whole = kRealMariaDb1011;
  // Up to the plugin's name, whose end some servers leave open.
  const std::size_t name = whole.find("mysql_native");
  for (std::size_t n = 0; n < name; ++n) {
    EXPECT_FALSE(ParseGreeting(AsBytes(whole).first(n))) << n;
  }
}

TEST(GreetingPacket, TwoServersHaveInCommonWhatBothHave) {
  Greeting old = MariaDb1011();
  old.capabilities &= ~kCapDeprecateEof;
  old.mariadb_capabilities = kExtProgress | kExtBulkOperations;
  Greeting expected = MariaDb1011();
  expected.capabilities &= ~kCapDeprecateEof;
  expected.mariadb_capabilities &= kExtProgress | kExtBulkOperations;
  EXPECT_EQ(Common(MariaDb1011(), old), expected) << "under the first one's name";
}

TEST(GreetingPacket, BesideAMySqlNobodyIsOfferedWhatOnlyAMariaDbUnderstands) {
  for (const Greeting& g : {Common(MariaDb1011(), MySql80()), Common(MySql80(), MariaDb1011())}) {
    EXPECT_NE(g.capabilities & kCapLongPassword, 0u);
    EXPECT_EQ(g.mariadb_capabilities, 0u);
    EXPECT_EQ(g.capabilities & kCapQueryAttributes, 0u);
    EXPECT_NE(g.capabilities & kCapPluginAuth, 0u);
  }
}

TEST(GreetingPacket, OursMirrorsTheBackendAndMasksWhatWeCannotFollow) {
  std::array<std::uint8_t, kSaltSize> salt{};
  salt.fill('!');
  for (const Greeting& backend : {MariaDb1011(), MySql80()}) {
    const Buffer packet = BuildGreeting(backend, 0x40000001, salt);
    const auto g = ParseGreeting(Bytes(packet).subspan(kHeaderSize));
    ASSERT_TRUE(g);
    Greeting expected = Advertised(backend);
    expected.connection_id = 0x40000001;
    EXPECT_EQ(*g, expected);
    EXPECT_EQ(g->capabilities & (kCapCompress | kCapZstd | kCapSsl), 0u);
    EXPECT_EQ(g->server_version, backend.server_version);
  }
  EXPECT_EQ(Advertised({.mariadb_capabilities = 0xFFFFFFFF}).mariadb_capabilities, kExtKnown);
}

TEST(Login, ParsesTheFieldsAndForgetsThePassword) {
  const LoginRequest r = Parsed({.capabilities = kTypicalClient | kCapConnectWithDb});
  EXPECT_EQ(r.user, "app");
  EXPECT_EQ(r.database, "shop");
  EXPECT_EQ(r.charset, 45);
  const std::string sent = Str(BuildBackendLogin(r, MariaDb1011(), 1));
  EXPECT_EQ(sent.find("0123456789"), std::string::npos);
}

TEST(Login, TrailingZerosAsConnectorJ51Pads) {
  LoginRequest r;
  const std::string payload = LoginPayload({}) + std::string(200, '\0');
  EXPECT_EQ(ParseLogin(AsBytes(payload), r), LoginParse::kOk);
}

TEST(Login, ShorterForms) {
  LoginRequest r;
  const std::string head = LoginPayload({}).substr(0, 32);
  EXPECT_EQ(ParseLogin(AsBytes(head + "app" + kNul), r), LoginParse::kOk);
  EXPECT_EQ(ParseLogin(AsBytes(head + "app" + kNul + kNul), r), LoginParse::kOk);
  EXPECT_EQ(r.user, "app");
  EXPECT_EQ(ParseLogin(AsBytes(head + "app" + kNul + "\x14 too short"), r), LoginParse::kMalformed);
}

TEST(Login, MysqlndWithoutTheLenencFlag) {
  const LoginRequest r = Parsed({.capabilities = kTypicalClient & ~kCapLenencAuth});
  EXPECT_EQ(r.user, "app");
}

TEST(Login, FourZeroStyleIsTooOld) {
  LoginRequest r;
  EXPECT_EQ(ParseLogin(AsBytes(Hex({0x05, 0x24, 0, 0, 0}) + "old" + kNul + "scramble"), r),
            LoginParse::kTooOld);
}

TEST(Login, TheBackendsLoginToTheByte) {
  LoginRequest r = Parsed({.capabilities = kTypicalClient | kCapConnectWithDb | kCapSsl |
                                           kCapCompress | kCapZstd | kCapQueryAttributes});
  Negotiate(r, Advertised(MariaDb1011()), MariaDb1011());
  EXPECT_EQ(r.capabilities & (kCapSsl | kCapCompress | kCapZstd | kCapQueryAttributes), 0u);
  const std::string expected = Number(r.capabilities, 4) + Number(0x1000000, 4) + Hex({45}) +
                               std::string(19, '\0') + Number(0, 4) + "app" + kNul + kNul + "shop" +
                               kNul + "dummy" + kNul;
  EXPECT_EQ(Str(BuildBackendLogin(r, MariaDb1011(), 1)), Packet(1, expected));
}

TEST(Login, CapabilitiesWeNeverOfferedAreMasked) {
  Greeting backend = MySql80();
  LoginRequest r = Parsed({.capabilities = kTypicalClient | kCapQueryAttributes});
  // The backend can, but our greeting (of another backend) did not say so.
  Negotiate(r, Advertised(MariaDb1011()), backend);
  EXPECT_EQ(r.capabilities & kCapQueryAttributes, 0u);
}

TEST(Login, MariaDbExtendedCapabilitiesOnlyWithoutLongPassword) {
  const Greeting g = MariaDb1011();
  LoginRequest maria =
      Parsed({.capabilities = kTypicalClient & ~kCapLongPassword, .mariadb = 0x3F});
  Negotiate(maria, Advertised(g), g);
  EXPECT_EQ(maria.mariadb_capabilities, 0x1Du);
  EXPECT_EQ(maria.capabilities & kCapLongPassword, 0u);
  LoginRequest mysql = Parsed({.mariadb = 0x3F});
  Negotiate(mysql, Advertised(g), g);
  EXPECT_EQ(mysql.mariadb_capabilities, 0u);
  EXPECT_NE(mysql.capabilities & kCapLongPassword, 0u);
}

TEST(Login, AttributesAreCutAtAPair) {
  const std::string pair = Lenenc("_client_name") + Lenenc(std::string(1000, 'v'));
  std::string many;
  for (int i = 0; i < 6; ++i) many += pair;
  const LoginRequest r =
      Parsed({.capabilities = kTypicalClient | kCapConnectAttrs, .attributes = many});
  EXPECT_EQ(r.attributes, pair + pair + pair + pair);
  EXPECT_EQ(CutAttributes(Lenenc("a") + Lenenc("b") + "\x09 torn"), Lenenc("a") + Lenenc("b"));
}

TEST(ChangeUser, RoundTripWithAttributes) {
  LoginRequest r;
  const std::string attributes = Lenenc("a") + Lenenc("b");
  const std::string payload = "\x11" + std::string("bob") + kNul + "\x02xy" + "db" + kNul +
                              Hex({0x2d, 1}) + "mysql_native_password" + kNul + Lenenc(attributes);
  ASSERT_TRUE(ParseChangeUser(AsBytes(payload), kCapConnectAttrs, r));
  EXPECT_EQ(r.charset, 0x12d);
  EXPECT_EQ(Str(BuildChangeUser(r, kCapConnectAttrs)),
            Packet(0, "\x11" + std::string("bob") + kNul + kNul + "db" + kNul + Hex({0x2d, 1}) +
                          "dummy" + kNul + Lenenc(attributes)));
}

TEST(ChangeUser, ShortFormKeepsTheCharset) {
  LoginRequest r;
  r.charset = 45;
  ASSERT_TRUE(ParseChangeUser(AsBytes("\x11" + std::string("bob") + kNul + kNul + "db"), 0, r));
  EXPECT_EQ(r.charset, 45);
  EXPECT_EQ(r.database, "db");
}

TEST(AuthAnswer, LengthsOfKnownPlugins) {
  const struct {
    AuthPlugin plugin;
    std::size_t nth, length;
    bool can;
  } cases[] = {{AuthPlugin::kNative, 0, 0, true},        {AuthPlugin::kNative, 0, 20, true},
               {AuthPlugin::kNative, 0, 1, false},       {AuthPlugin::kNative, 0, 21, false},
               {AuthPlugin::kEd25519, 0, 64, true},      {AuthPlugin::kEd25519, 0, 0, false},
               {AuthPlugin::kCachingSha2, 0, 32, true},  {AuthPlugin::kCachingSha2, 0, 1, true},
               {AuthPlugin::kCachingSha2, 0, 20, false}, {AuthPlugin::kCachingSha2, 1, 256, true},
               {AuthPlugin::kParsec, 0, 0, true},        {AuthPlugin::kParsec, 1, 96, true},
               {AuthPlugin::kParsec, 1, 95, false},      {AuthPlugin::kUnknown, 3, 999, true}};
  for (const auto& c : cases) {
    EXPECT_EQ(CanBeAnswer(c.plugin, c.nth, c.length), c.can)
        << static_cast<int>(c.plugin) << ' ' << c.nth << ' ' << c.length;
  }
}

TEST(AuthAnswer, SwitchNamesItsPlugin) {
  EXPECT_EQ(ParseAuthSwitch(AsBytes("\xFE"
                                    "client_ed25519" +
                                    kNul + "salt")),
            AuthPlugin::kEd25519);
  EXPECT_EQ(ParseAuthSwitch(AsBytes("\xFE")), AuthPlugin::kOld);
  EXPECT_EQ(ParseAuthSwitch(AsBytes("\x01more")), std::nullopt);
}

TEST(LoginErr, WhatCountsAgainstThePair) {
  for (const int code : {1044, 1045, 1698, 1873, 4150, 4151}) {
    EXPECT_EQ(FailureFor(static_cast<std::uint16_t>(code)), LoginFailure::kAccessDenied) << code;
  }
  EXPECT_EQ(FailureFor(1040), LoginFailure::kBackendFull);
  EXPECT_EQ(FailureFor(1043), LoginFailure::kMalformed);
  EXPECT_EQ(FailureFor(1049), LoginFailure::kServerError);  // the password was right
}

TEST(RefusalPacket, BeforeAndAfterTheLoginPacket) {
  EXPECT_EQ(Str(BuildRefusal(Reason::kBanned, 9, true)), Err(0, 1040, "Too many connections"));
  EXPECT_EQ(Str(BuildRefusal(Reason::kBanned, 2, false)),
            Err(2, 1040, "#08004Too many connections"));
  EXPECT_EQ(Str(BuildRefusal(Reason::kDraining, 0, true)),
            Err(0, 1053, "Server shutdown in progress"));
  EXPECT_TRUE(BuildRefusal(Reason::kClientClosed, 2, false).empty());
}

TEST(SessionTrack, AddsTheConnectionId) {
  const std::string id = Hex({0}) + Lenenc(Lenenc("connection_id") + Lenenc("31"));
  const std::string plain = Hex({0, 0, 0, 2, 0, 0, 0});
  EXPECT_EQ(Str(*AddConnectionId(AsBytes(plain), 31, 4)),
            Packet(4, Hex({0, 0, 0, 2, 0x40, 0, 0, 0}) + Lenenc(id)));
  // Something is tracked already: it stays in front.
  const std::string schema = Hex({1}) + Lenenc(Lenenc("shop"));
  const std::string tracked = Hex({0, 0, 0, 2, 0x40, 0, 0}) + Lenenc("hi") + Lenenc(schema);
  EXPECT_EQ(Str(*AddConnectionId(AsBytes(tracked), 31, 4)),
            Packet(4, Hex({0, 0, 0, 2, 0x40, 0, 0}) + Lenenc("hi") + Lenenc(schema + id)));
  // What does not parse to the last byte is left alone.
  EXPECT_EQ(AddConnectionId(AsBytes(plain + "\x09torn"), 31, 4), std::nullopt);
  EXPECT_EQ(AddConnectionId(AsBytes(tracked + "x"), 31, 4), std::nullopt);
}

// What a password looks like is the plugin's affair: the database stands behind it in each form.
TEST(Login, TheFormsOfAnAnswer) {
  const std::string behind = "shop" + kNul;
  const std::uint32_t base =
      (kTypicalClient & ~(kCapPluginAuth | kCapSecureConnection)) | kCapConnectWithDb;
  const struct {
    std::uint32_t flag;
    std::string answer;
  } cases[] = {{kCapLenencAuth, Lenenc(std::string(300, 'x'))},
               {kCapLenencAuth | kCapSecureConnection, Lenenc(std::string(251, 'x'))},
               {kCapSecureConnection, Hex({0xFC}) + std::string(0xFC, 'x')},
               {0, "8 letters" + kNul}};
  for (const auto& c : cases) {
    const std::string head = LoginPayload({.capabilities = base | c.flag}).substr(0, 32);
    const std::string payload = head + "app" + kNul + c.answer + behind;
    LoginRequest r;
    EXPECT_EQ(ParseLogin(AsBytes(payload), r), LoginParse::kOk) << c.flag;
    EXPECT_EQ(r.user, "app");
    EXPECT_EQ(r.database, "shop") << c.flag;
  }
}

TEST(AuthAnswer, TheOldPasswordAndTheEndOfAnExchange) {
  for (const std::size_t length : {0u, 1u, 8u, 9u}) {
    EXPECT_TRUE(CanBeAnswer(AuthPlugin::kOld, 0, length)) << length;
    EXPECT_FALSE(CanBeAnswer(AuthPlugin::kOld, 1, length)) << length;
  }
  for (const std::size_t length : {2u, 7u, 10u, 20u}) {
    EXPECT_FALSE(CanBeAnswer(AuthPlugin::kOld, 0, length)) << length;
  }
  EXPECT_FALSE(CanBeAnswer(AuthPlugin::kNative, 1, 20));
}

// By the code drivers decide whether to try again, and people what to look at.
TEST(RefusalPacket, CodesByReason) {
  const auto head = [](Reason r) { return Str(BuildRefusal(r, 2, false)).substr(4, 9); };
  const auto code = [](int number, const std::string& state) {
    return Hex({0xFF}) + Number(static_cast<std::uint64_t>(number), 2) + state;
  };
  EXPECT_EQ(head(Reason::kProxyHeader), code(1105, "#08S01"));
  EXPECT_EQ(head(Reason::kProxyForbidden), code(1105, "#08S01"));
  EXPECT_EQ(head(Reason::kBackendTls), code(1105, "#08S01"));
  EXPECT_EQ(head(Reason::kPasswordlessUser), code(1045, "#28000"));
  EXPECT_EQ(head(Reason::kNoAuthSwitch), code(1251, "#08004"));
  EXPECT_EQ(head(Reason::kPendingDeadline), code(1159, "#08S01"));
  EXPECT_EQ(head(Reason::kProtocolError), code(1835, "#HY000"));
  EXPECT_EQ(head(Reason::kReclaimed), code(4031, "#HY000"));
  EXPECT_EQ(head(Reason::kWaitingFull), code(1040, "#08004"));
  EXPECT_NE(Str(BuildRefusal(Reason::kProxyHeader, 2, false)),
            Str(BuildRefusal(Reason::kProxyForbidden, 2, false)));
}

}  // namespace
}  // namespace headgate::mysql::testing
