#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "guard/transparent_checks.h"
#include "guard/transparent_recipe.h"
#include "guard/transparent_start.h"
#include "net/address_text.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Address Ip(const char* text) { return *net::ParseAddress(text); }

std::string With(const std::string& backend, const std::string& more = "") {
  return "slots.max_connections = 151\n[gate]\ntransparent = true\nbackend = [" + backend + "]\n" +
         more;
}

constexpr char kBoth[] = "\"192.0.2.10:3306\", \"[2001:db8::10]:3306\"";
constexpr char kFour[] = "listen = [\"0.0.0.0:3306\"]\n";

TEST(TransparentChecks, FamiliesThatCannotMeetAreAWarning) {
  EXPECT_THAT(Warnings(Parse(With("\"192.0.2.10:3306\"", kFour))), IsEmpty());
  EXPECT_THAT(Warnings(Parse(With("\"192.0.2.10:3306\""))),
              ElementsAre(AllOf(HasSubstr("gate.transparent"), HasSubstr("listens to IPv6"),
                                HasSubstr("192.0.2.10:3306 has no IPv6 address"))));
  EXPECT_THAT(Warnings(Parse(With("\"[2001:db8::10]:3306\"", kFour))),
              ElementsAre(HasSubstr("listens to IPv4")));
  HostFacts host = QuietHost();
  host.resolve = [](const std::string&) { return std::vector<Address>{Ip("192.0.2.10")}; };
  EXPECT_THAT(Warnings(Parse(With("\"db.example:3306\""), host)),
              ElementsAre(HasSubstr("db.example:3306 has no IPv6 address")));
  EXPECT_THAT(Errors(Parse(With(kBoth))), IsEmpty());
}

TEST(TransparentChecks, NotWithProxyHeaders) {
  EXPECT_THAT(Errors(Parse(With("\"192.0.2.10:3306\"", "proxy_to_backend = \"v2\"\n"))),
              ElementsAre(AllOf(HasSubstr("gate.transparent"), HasSubstr("proxy_to_backend"))));
}

TEST(TransparentChecks, NotToThisHost) {
  HostFacts host = QuietHost();
  host.addresses = {Ip("127.0.0.1"), Ip("192.0.2.10")};
  const std::string text = With("\"192.0.2.10:3307\"", kFour);
  EXPECT_THAT(Errors(Parse(text, host)),
              ElementsAre(AllOf(HasSubstr("gate.backend"), HasSubstr("is on this host"))));
  // Said once, by what judges the identity.
  EXPECT_THAT(Errors(Parse(With("\"127.0.0.1:3307\"", kFour), host)),
              ElementsAre(HasSubstr("transparent cannot work")));
}

TransparentFacts Fine() {
  TransparentFacts facts;
  facts.bind4 = 0;
  facts.servers = {{Ip("192.0.2.10"), net::PolicyRoute::kDelivered}};
  facts.mark_rule = MarkRule::kThere;
  return facts;
}

TEST(TransparentStart, NothingToSay) {
  const TransparentFinding found = JudgeTransparent(Fine(), Config());
  EXPECT_THAT(found.refusal, IsEmpty());
  EXPECT_THAT(found.warnings, IsEmpty());
}

TEST(TransparentStart, WithoutTheRightItIsRefused) {
  TransparentFacts facts = Fine();
  facts.bind4 = EPERM;
  const auto remedy =
      AllOf(HasSubstr("AmbientCapabilities=CAP_NET_RAW"), HasSubstr("systemd/transparent.conf"));
  EXPECT_THAT(JudgeTransparent(facts, Config()).refusal, remedy);
  facts.bind4.reset();
  facts.bind6 = EPERM;
  EXPECT_THAT(JudgeTransparent(facts, Config()).refusal, remedy);
  facts.bind6 = EADDRNOTAVAIL;
  EXPECT_THAT(JudgeTransparent(facts, Config()).refusal, HasSubstr("client's IPv6 address"));
}

TEST(TransparentStart, MissingRoutingIsSaidWithTheCommands) {
  TransparentFacts facts = Fine();
  facts.servers = {{Ip("192.0.2.10"), net::PolicyRoute::kElsewhere},
                   {Ip("2001:db8::10"), net::PolicyRoute::kElsewhere},
                   {Ip("2001:db8::11"), net::PolicyRoute::kUnknown}};
  const TransparentFinding found = JudgeTransparent(facts, Config());
  EXPECT_THAT(found.refusal, IsEmpty());
  EXPECT_THAT(
      found.warnings,
      ElementsAre(HasSubstr("As root: ip rule add priority 3306 fwmark 0x1000000/0x1000000 lookup "
                            "3306; ip route replace local 0.0.0.0/0 dev lo table 3306"),
                  HasSubstr("As root: ip -6 rule add"), HasSubstr("does not say")));
}

TEST(TransparentStart, TheRuleThatMarks) {
  TransparentFacts facts = Fine();
  const auto warnings = [&](MarkRule rule) {
    facts.mark_rule = rule;
    return JudgeTransparent(facts, Config()).warnings;
  };
  EXPECT_THAT(warnings(MarkRule::kFirewall), IsEmpty());
  EXPECT_THAT(warnings(MarkRule::kOther), ElementsAre(HasSubstr("not as this configuration")));
  EXPECT_THAT(warnings(MarkRule::kMissing),
              ElementsAre(AllOf(HasSubstr("NOBODY GETS THROUGH"), HasSubstr("firewall apply"))));
  facts.nft_error = "nft needs CAP_NET_ADMIN";
  EXPECT_THAT(warnings(MarkRule::kUnknown), ElementsAre(HasSubstr("nft needs CAP_NET_ADMIN")));
}

std::vector<Address> AddressesOf(const std::string& name) {
  if (name == "db.example") return {Ip("192.0.2.11"), Ip("2001:db8::11")};
  return {};
}

std::optional<Address> Own(const Address& server) {
  if (!server.IsV4()) return std::nullopt;
  return Ip("192.0.2.1");
}

TEST(TransparentRecipe, EachFamilyAndEachServer) {
  Config config;
  config.backend = {*ParseEndpoint("192.0.2.10:3306"), *ParseEndpoint("[2001:db8::10]:3306"),
                    *ParseEndpoint("192.0.2.10:3307")};
  const TransparentRecipe recipe = RecipeOf(config, AddressesOf, Own);
  EXPECT_THAT(recipe.gate, SizeIs(4));
  ASSERT_THAT(recipe.servers, SizeIs(2));
  EXPECT_THAT(RecipeText(recipe),
              AllOf(HasSubstr("\n#   ip -6 route replace local ::/0 dev lo table 3306\n"),
                    HasSubstr("server 192.0.2.10,"),
                    HasSubstr("\n#   ip route replace default via 192.0.2.1\n"),
                    HasSubstr("\n#   ip -6 route replace default via THIS_HOST\n")));
  EXPECT_THAT(recipe.notes, IsEmpty());
}

TEST(TransparentRecipe, OfOneFamilyOnly) {
  Config config;
  config.backend = {*ParseEndpoint("192.0.2.10:3306")};
  EXPECT_THAT(RecipeText(RecipeOf(config, AddressesOf, Own)), Not(HasSubstr("ip -6")));
}

TEST(TransparentRecipe, NamesAreLookedUpAndSaid) {
  Config config;
  config.backend = {*ParseEndpoint("db.example:3306"), *ParseEndpoint("gone.example:3306")};
  const TransparentRecipe recipe = RecipeOf(config, AddressesOf, Own);
  ASSERT_THAT(recipe.servers, SizeIs(1));
  EXPECT_EQ(recipe.servers[0].address, "192.0.2.11");
  EXPECT_THAT(recipe.notes,
              AllOf(SizeIs(3), Contains(HasSubstr("gone.example cannot be looked up"))));
  const auto all = RecipeJson(recipe);
  EXPECT_EQ(all.at("gate").as_array().size(), 2U);
  EXPECT_EQ(all.at("notes").as_array().size(), 3U);
}

TEST(TransparentRecipe, EveryLineIsAComment) {
  Config config;
  config.backend = {*ParseEndpoint("192.0.2.10:3306"), *ParseEndpoint("gone.example:3306")};
  const std::string text = RecipeText(RecipeOf(config, AddressesOf, Own));
  EXPECT_TRUE(text.starts_with("# "));
  for (std::size_t i = text.find('\n'); i + 1 < text.size(); i = text.find('\n', i + 1)) {
    EXPECT_EQ(text[i + 1], '#') << text.substr(i + 1);
  }
}

}  // namespace
}  // namespace headgate::guard
