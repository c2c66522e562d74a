#include "guard/config_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/address_text.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(ConfigChecks, ClassNames) {
  const std::string a = "[[class]]\nname = \"a\"\nusers = [\"a\"]\n";
  EXPECT_THAT(Errors(ParseBeside(a + a)), ElementsAre(HasSubstr("the name of two classes")));
  EXPECT_THAT(Errors(ParseBeside("[[class]]\nusers = [\"a\"]\n")),
              ElementsAre(HasSubstr("class.name: needed")));
  EXPECT_THAT(Errors(ParseBeside("[[class]]\nname = \"default\"\nusers = [\"a\"]\n")),
              ElementsAre(HasSubstr("[default_class]")));
  EXPECT_THAT(Errors(ParseBeside("[[class]]\nname = \"a b\"\nusers = [\"a\"]\n")),
              ElementsAre(HasSubstr("letters, digits")));
}

TEST(ConfigChecks, ClassThatTakesEverybodyIsATrap) {
  EXPECT_THAT(Warnings(ParseBeside("[[class]]\nname = \"a\"\n")),
              ElementsAre(HasSubstr("it takes everybody")));
}

TEST(ConfigChecks, ProxiesAreLoadBalancersAndNotEverybody) {
  const auto with = [](const std::string& network) {
    return Warnings(ParseBeside("gate.proxy_from_clients = [\"" + network + "\"]\n"));
  };
  for (const char* good : {"192.0.2.5", "10.0.0.0/8", "2001:db8::/32", "127.0.0.0/8"}) {
    EXPECT_THAT(with(good), IsEmpty()) << good;
  }
  EXPECT_THAT(with("0.0.0.0/0"), ElementsAre(HasSubstr("0.0.0.0/0 holds everybody")));
  EXPECT_THAT(with("::/0"), ElementsAre(HasSubstr("holds everybody")));
  EXPECT_THAT(with("128.0.0.0/1"), ElementsAre(HasSubstr("far more than load balancers")));
  EXPECT_THAT(with("2001::/16"), ElementsAre(HasSubstr("far more than load balancers")));
  // What is exempt as well, or never banned, is no contradiction.
  EXPECT_THAT(Warnings(ParseBeside("gate.proxy_from_clients = [\"192.0.2.5\"]\n"
                                   "source.exempt = [\"192.0.2.5\"]\n"
                                   "source.never_ban = [\"192.0.2.0/24\"]\n")),
              IsEmpty());
}

TEST(ConfigChecks, AnIpv6ProxySparesItsNetwork) {
  const auto with = [](const std::string& network) {
    return Notes(ParseBeside("gate.proxy_from_clients = [\"" + network + "\"]\n"));
  };
  EXPECT_THAT(with("2001:db8::5"), ElementsAre(HasSubstr("its whole /64 is neither charged")));
  for (const char* other : {"192.0.2.5", "2001:db8::/64", "::1"}) {
    EXPECT_THAT(with(other), IsEmpty()) << other;
  }
}

TEST(ConfigChecks, FirstAboveLast) {
  EXPECT_THAT(Errors(ParseBeside("login.lock = \"2h\"\nsource.ban = \"2h\"\n")),
              ElementsAre(HasSubstr("login.lock: 2h is above lock_max 1h"),
                          HasSubstr("source.ban: 2h is above ban_max 1h")));
}

TEST(ConfigChecks, PendingAgainstDescriptors) {
  HostFacts host;
  host.descriptors = 4096 + 1024 + 2 * 146;
  const std::string text = "gate.backend = [\"192.0.2.10:3306\"]\nslots.max_connections = 151\n";
  EXPECT_THAT(Warnings(Parse(text, host)), IsEmpty());
  --host.descriptors;
  EXPECT_THAT(Warnings(Parse(text, host)), ElementsAre(HasSubstr("pending.max: pending 4096")));
}

TEST(ConfigChecks, TheGateMayNotConnectToItself) {
  HostFacts host;
  host.addresses = {*net::ParseAddress("192.0.2.10")};
  const auto loop = Contains(HasSubstr("connect to itself in a loop"));
  const auto with = [&](const std::string& backend, const std::string& more = "") {
    return Errors(
        Parse("[gate]\nproxy_to_backend = \"v2\"\nbackend = [\"" + backend + "\"]\n" + more, host));
  };
  EXPECT_THAT(with("192.0.2.10:3306"), loop);
  EXPECT_THAT(with("127.0.0.1:3306"), loop);
  EXPECT_THAT(with("[::1]:3306"), loop);
  EXPECT_THAT(with("localhost:3306"), loop);
  EXPECT_THAT(with("0.0.0.0:3306"), Contains(HasSubstr("name the server's own")));
  EXPECT_THAT(with("127.0.0.1:3307"), IsEmpty());
  EXPECT_THAT(with("192.0.2.11:3306"), IsEmpty());
  EXPECT_THAT(with("192.0.2.10:3306", "listen = [\"192.0.2.9:3306\"]\n"), IsEmpty());
  EXPECT_THAT(with("192.0.2.9:3306", "listen = [\"192.0.2.9:3306\"]\n"), loop);
  EXPECT_THAT(with("127.0.0.1:3306", "listen = [\"[::]:3306\"]\n"), IsEmpty());
}

TEST(ConfigChecks, ListenTwice) {
  EXPECT_THAT(Errors(ParseBeside("gate.listen = [\"192.0.2.1:1\", \"192.0.2.1:1\"]\n")),
              ElementsAre(HasSubstr("stands here twice")));
  EXPECT_THAT(Errors(ParseBeside("gate.listen = []\n")), ElementsAre(HasSubstr("at least one")));
}

TEST(ConfigChecks, PathsAreAbsolute) {
  EXPECT_THAT(Errors(ParseBeside("admin.socket = \"x\"\nlog.decisions = \"y\"\n")),
              ElementsAre(HasSubstr("admin.socket"), HasSubstr("log.decisions")));
}

TEST(ConfigChecks, ObserveIsSaidAloud) {
  EXPECT_THAT(Warnings(ParseBeside("gate.mode = \"observe\"\n")),
              ElementsAre(HasSubstr("never act")));
}

}  // namespace
}  // namespace headgate::guard
