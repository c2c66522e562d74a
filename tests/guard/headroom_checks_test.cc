#include "guard/headroom_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kOne[] = "gate.backend = [\"192.0.2.10:3306\"]\n";
constexpr char kTwo[] =
    "gate.backend = [\"192.0.2.10:3306\", \"192.0.2.11:3306\"]\nslots.max_connections = 151\n";

HostFacts WithoutMonitor() {
  HostFacts host;
  host.file_exists = [](const std::string&) { return false; };
  return host;
}

TEST(HeadroomChecks, ReservesAboveCapacity) {
  const std::string text =
      "slots.keep_free = 1\n[[class]]\nname = \"a\"\nusers = [\"a\"]\nreserve = 100\n"
      "[[class]]\nname = \"b\"\nusers = [\"b\"]\nreserve = ";
  EXPECT_THAT(Errors(ParseBeside(text + "50\n")), IsEmpty());
  EXPECT_THAT(Errors(ParseBeside(text + "51\n")),
              ElementsAre(AllOf(HasSubstr("together are 151"), HasSubstr("only 150 slots"))));
}

TEST(HeadroomChecks, MaxBelowReserve) {
  const std::string text = "[[class]]\nname = \"a\"\nusers = [\"a\"]\nreserve = 30\nmax = ";
  EXPECT_THAT(Errors(ParseBeside(text + "30\n")), IsEmpty());
  EXPECT_THAT(Errors(ParseBeside(text + "29\n")),
              ElementsAre(HasSubstr("t.toml:7:1: class.max: class \"a\": max 29")));
  EXPECT_THAT(Errors(ParseBeside(text + "\"10%\"\n")), ElementsAre(HasSubstr("(14 slots)")));
}

TEST(HeadroomChecks, ReservesAreOnlyGuessedAtBesideAuto) {
  const std::string text =
      kOne + std::string("[[class]]\nname = \"a\"\nusers = [\"a\"]\nreserve = 200\nmax = ");
  const Loaded whole = Parse(text + "\"100%\"\n");
  EXPECT_THAT(Errors(whole), IsEmpty());
  EXPECT_THAT(Warnings(whole), ElementsAre(AllOf(HasSubstr("together are 200"),
                                                 HasSubstr("the server's own number decides"))));
  // Of a number nothing is guessed.
  EXPECT_THAT(Errors(Parse(text + "199\n")), ElementsAre(HasSubstr("max 199")));
  const Loaded part = Parse(kOne + std::string("[[class]]\nname = \"a\"\nusers = [\"a\"]\n"
                                               "reserve = 100\nmax = \"50%\"\n"));
  EXPECT_THAT(Errors(part), IsEmpty());
  EXPECT_THAT(Warnings(part), ElementsAre(HasSubstr("(73 slots) is below its reserve 100")));
}

TEST(HeadroomChecks, NobodyGetsIn) {
  EXPECT_THAT(Errors(ParseBeside("slots.keep_free = 151\n")),
              ElementsAre(HasSubstr("nobody gets in")));
  const std::string text = kOne + std::string("slots.keep_free = 151\n");
  EXPECT_THAT(Errors(Parse(text)), IsEmpty());
  EXPECT_THAT(Warnings(Parse(text)), Contains(HasSubstr("until the server's own number is known")));
  EXPECT_THAT(Errors(Parse(text, WithoutMonitor())), ElementsAre(HasSubstr("nobody gets in")));
}

TEST(HeadroomChecks, AutoWithoutAMonitorIsAWarning) {
  EXPECT_THAT(Warnings(Parse(kOne)), IsEmpty());
  EXPECT_THAT(Warnings(Parse(kOne, WithoutMonitor())),
              ElementsAre(AllOf(HasSubstr("slots.max_connections"), HasSubstr("it means 151"))));
  EXPECT_THAT(Warnings(Parse(kOne + std::string("monitor.user = \"\"\n"))),
              ElementsAre(HasSubstr("there is none")));
}

TEST(HeadroomChecks, LendNeedsAReserve) {
  const std::string a = "[[class]]\nname = \"a\"\nusers = [\"a\"]\nlend = true\n";
  EXPECT_THAT(Warnings(ParseBeside(a)),
              ElementsAre(AllOf(HasSubstr("t.toml:6:1: warning: class.lend"),
                                HasSubstr("class \"a\" has no reserve"))));
  EXPECT_THAT(Warnings(ParseBeside(a + "reserve = 1\n")), IsEmpty());
  EXPECT_THAT(Warnings(ParseBeside("[default_class]\nlend = true\n")),
              ElementsAre(HasSubstr("default_class.lend")));
}

TEST(HeadroomChecks, AReserveForEverybodysClaim) {
  const auto warnings = [](const std::string& sources, const char* reserve) {
    return Warnings(ParseBeside("[[class]]\nname = \"a\"\nusers = [\"a\"]\nsources = [" + sources +
                                "]\nreserve = " + reserve + "\n"));
  };
  for (const char* wide : {"0.0.0.0/0", "10.0.0.0/7", "::/0", "2001:d00::/31"}) {
    EXPECT_THAT(warnings("\"192.0.2.1\", \"" + std::string(wide) + "\"", "5"),
                ElementsAre(AllOf(HasSubstr("t.toml:6:1: warning: class.sources"),
                                  HasSubstr("anybody who claims a user"))))
        << wide;
    EXPECT_THAT(warnings("\"" + std::string(wide) + "\"", "0"), IsEmpty()) << wide;
  }
  EXPECT_THAT(warnings("\"10.0.0.0/8\", \"2001:db8::/32\"", "5"), IsEmpty());
  // Nobody of no sources is let in before the server's OK.
  EXPECT_THAT(warnings("", "5"), IsEmpty());
}

TEST(HeadroomChecks, Backends) {
  EXPECT_THAT(Errors(Parse(kTwo)), IsEmpty());
  EXPECT_THAT(Warnings(Parse(kTwo)), IsEmpty());
  EXPECT_THAT(Errors(Parse("gate.backend = [\"192.0.2.1:1\", \"192.0.2.1:1\"]\n")),
              ElementsAre(HasSubstr("192.0.2.1:1 stands here twice")));
  EXPECT_THAT(Errors(Parse("gate.backend = [\"192.0.2.1:1\", \"0.0.0.0:1\"]\n")),
              Contains(HasSubstr("0.0.0.0:1 is no address to connect to")));
  std::string many = "gate.backend = [\"192.0.2.1:1\"";
  for (int i = 2; i <= 17; ++i) many += ", \"192.0.2.1:" + std::to_string(i) + "\"";
  EXPECT_THAT(Errors(Parse(many + "]\n")), ElementsAre(HasSubstr("more than 16")));
}

TEST(HeadroomChecks, EachBackendIsLookedAt) {
  EXPECT_THAT(Errors(Parse("gate.backend = [\"192.0.2.1:1\", \"127.0.0.1:3307\"]\n")),
              ElementsAre(HasSubstr("over 127.0.0.1:3307 every client would be localhost")));
  EXPECT_THAT(Errors(Parse("[gate]\nproxy_to_backend = \"v2\"\n"
                           "backend = [\"192.0.2.1:1\", \"127.0.0.1:3306\"]\n")),
              Contains(HasSubstr("127.0.0.1:3306 is where the gate itself listens")));
}

TEST(HeadroomChecks, MonitorAddressIsOneServers) {
  const std::string monitor = "monitor.address = \"192.0.2.10:3307\"\n";
  EXPECT_THAT(Errors(Parse(kTwo + monitor)),
              ElementsAre(AllOf(HasSubstr("monitor.address"), HasSubstr("several backends"))));
  EXPECT_THAT(Errors(ParseBeside(monitor)), IsEmpty());
}

TEST(HeadroomChecks, FailoverSaysThatItDoesNotFence) {
  EXPECT_THAT(Warnings(Parse(kTwo + std::string("gate.failover = \"sticky\"\n"))),
              ElementsAre(AllOf(HasSubstr("gate.failover"), HasSubstr("does not fence"))));
  EXPECT_THAT(Warnings(ParseBeside("gate.failover = \"sticky\"\n")),
              ElementsAre(HasSubstr("nowhere to go")));
}

TEST(HeadroomChecks, AttackComesAfterElevated) {
  const auto when = [](const char* level, const std::string& line) {
    return Errors(ParseBeside(std::string("[pressure.") + level + ".when]\n" + line));
  };
  EXPECT_THAT(when("elevated", "free_slots = \"5%\"\n"),
              ElementsAre(AllOf(HasSubstr("t.toml:4:1: pressure.elevated.when.free_slots"),
                                HasSubstr("5% is not above"))));
  EXPECT_THAT(when("elevated", "free_slots = 0.06\n"), IsEmpty());
  EXPECT_THAT(when("elevated", "free_slots = 0\n"), IsEmpty());
  EXPECT_THAT(when("attack", "free_slots = 0.3\n"), SizeIs(1));
  EXPECT_THAT(when("elevated", "refusals = \"500/s\"\n"),
              ElementsAre(HasSubstr("500/s is not below")));
  EXPECT_THAT(when("elevated", "refusals = \"499/s\"\n"), IsEmpty());
  EXPECT_THAT(when("elevated", "refusals = \"off\"\n"), IsEmpty());
  EXPECT_THAT(when("attack", "refusals = \"off\"\n"), IsEmpty());
}

TEST(HeadroomChecks, Memory) {
  for (const char* bad : {"state", "./state", "/var/lib/"}) {
    EXPECT_THAT(Errors(ParseBeside("known_good.state = \"" + std::string(bad) + "\"\n")),
                ElementsAre(HasSubstr("known_good.state: needs an absolute path")))
        << bad;
  }
  EXPECT_THAT(Errors(ParseBeside("known_good.state = \"\"\n")), IsEmpty());
  EXPECT_THAT(Warnings(ParseBeside("known_good.share = 1\n")),
              ElementsAre(HasSubstr("known_good.share")));
}

}  // namespace
}  // namespace headgate::guard
