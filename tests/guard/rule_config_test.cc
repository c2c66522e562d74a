// [[rule]] as it is read, and the pattern behind its regex.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "guard/rule_pattern.h"
#include "policies/sql_scanner.h"
#include "tests/guard/config_testing.h"

namespace headgate::guard {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::vector<Rule> RulesOf(const std::string& text) {
  Loaded loaded = ParseBeside(text);
  EXPECT_THAT(Errors(loaded), IsEmpty());
  return loaded.config.value_or(Config()).limits.rules;
}

std::uint64_t DigestOf(const std::string& sql) {
  std::array<char, 1> unused{};
  return ScanStatement(sql, true, SqlMode(), sql.size(), unused).mark.digest;
}

TEST(RuleConfig, Everything) {
  const auto rules = RulesOf(
      "[[class]]\nname = \"shop\"\nusers = [\"shop\"]\n"
      "[[rule]]\nname = \"no full export by day\"\ndigest = \"select * from orders\"\n"
      "command = [\"query\", \"execute\"]\nuser = \"shop*\"\nsource = [\"10.0.0.0/8\", \"::1\"]\n"
      "database = [\"a\", \"b\"]\nclass = \"shop\"\ntrait = [\"sleep\", \"cross_join\"]\n"
      "action = \"refuse\"\nmessage = \"use the reporting replica\"\nenforce = false\n"
      "[[rule]]\nname = \"slow down\"\nregex = \"(?i)from\\\\s+big\"\naction = \"delay\"\n"
      "delay = \"2s\"\n");
  ASSERT_THAT(rules, SizeIs(2));
  const Rule& first = rules[0];
  EXPECT_EQ(first.name, "no full export by day");
  EXPECT_EQ(first.digest, DigestOf("select * from orders"));
  EXPECT_NE(first.digest, 0u);
  EXPECT_EQ(first.commands, BitOf(CommandKind::kQuery) | BitOf(CommandKind::kExecute));
  EXPECT_THAT(first.users, ElementsAre("shop*"));
  EXPECT_THAT(first.sources, SizeIs(2));
  EXPECT_THAT(first.databases, ElementsAre("a", "b"));
  EXPECT_THAT(first.classes, ElementsAre("shop"));
  EXPECT_EQ(first.traits, BitOf(Trait::kSleep) | BitOf(Trait::kCrossJoin));
  EXPECT_EQ(first.action, RuleAction::kRefuse);
  EXPECT_EQ(first.message, "use the reporting replica");
  EXPECT_FALSE(first.enforce);
  ASSERT_NE(rules[1].pattern, nullptr);
  EXPECT_TRUE(rules[1].pattern->Matches("SELECT 1 FROM\n BIG"));
  EXPECT_FALSE(rules[1].pattern->Matches("SELECT 1 FROM small"));
  EXPECT_EQ(rules[1].delay, std::chrono::seconds(2));
  EXPECT_TRUE(rules[1].enforce);
}

TEST(RuleConfig, ADigestAsItIsShown) {
  const auto rules = RulesOf("[[rule]]\nname = \"a\"\ndigest = \"00000000000000ff\"\n");
  ASSERT_THAT(rules, SizeIs(1));
  EXPECT_EQ(rules[0].digest, 255u);
  EXPECT_EQ(rules[0].digest_text, "00000000000000ff");
}

TEST(RuleConfig, LiteralsOfADigestDoNotMatter) {
  const auto rules = RulesOf(
      "[[rule]]\nname = \"a\"\ndigest = \"SELECT a FROM t WHERE id = 5\"\n"
      "[[rule]]\nname = \"b\"\ndigest = \"select a from t where id=?\"\n");
  ASSERT_THAT(rules, SizeIs(2));
  EXPECT_EQ(rules[0].digest, rules[1].digest);
}

TEST(RuleConfig, FaultsInTheirPlace) {
  EXPECT_THAT(
      Errors(ParseBeside("[[rule]]\nname = \"a\"\nregex = \"x(y\"\n"
                         "[[rule]]\nname = \"b\"\ndigest = \"\"\n"
                         "[[rule]]\nname = \"c\"\ntrait = \"slep\"\naction = \"refsue\"\n"
                         "[[rule]]\nname = \"d\"\nmessage = \"a\\nb\"\n"
                         "[[rule]]\nname = \"e\"\nsource = \"10.0.0.1/8\"\n"
                         "[[rule]]\nname = \"f\"\nusr = \"x\"\n")),
      ElementsAre(AllOf(HasSubstr("t.toml:5:9: rule.regex: is no regular expression"),
                        HasSubstr("missing )")),
                  HasSubstr("rule.digest: is no statement"),
                  AllOf(HasSubstr("rule.trait: \"slep\" is no trait"), HasSubstr("\"sleep\"")),
                  AllOf(HasSubstr("rule.action"), HasSubstr("did you mean \"refuse\"?")),
                  HasSubstr("rule.message: byte 2 is not printable"),
                  HasSubstr("rule.source: \"10.0.0.1/8\" is no network"),
                  HasSubstr("rule.usr: there is no such key; did you mean rule.user?")));
  EXPECT_THAT(Errors(ParseBeside("[rule]\nname = \"a\"\n")), ElementsAre(HasSubstr("[[rule]]")));
}

TEST(RuleConfig, MessagesAreBounded) {
  const std::string text = "[[rule]]\nname = \"a\"\naction = \"refuse\"\nmessage = \"";
  EXPECT_THAT(Errors(ParseBeside(text + std::string(200, 'x') + "\"\n")), IsEmpty());
  EXPECT_THAT(Errors(ParseBeside(text + std::string(201, 'x') + "\"\n")),
              ElementsAre(HasSubstr("longer than 200 bytes")));
}

TEST(RulePattern, SaysWhereItGoesWrong) {
  const auto bad = CompilePattern("abc(d|[e");
  ASSERT_FALSE(bad.ok());
  EXPECT_THAT(std::string(bad.status().message()), HasSubstr("at byte 7"));
}

TEST(RulePattern, ItsMemoryIsBounded) {
  EXPECT_FALSE(CompilePattern("((a{0,900}){0,900}){0,900}").ok());
  EXPECT_FALSE(CompilePattern("(\\pL{1,1000}\\pN{1,1000}){1,2}").ok());
  EXPECT_FALSE(CompilePattern(std::string(kLongestPattern + 1, 'a')).ok());
}

TEST(RulePattern, BytesOfAnyCharacterSetAndLineEnds) {
  const auto pattern = CompilePattern("a.b");
  ASSERT_TRUE(pattern.ok());
  EXPECT_TRUE((*pattern)->Matches("xx a\nb"));
  EXPECT_TRUE(
      (*pattern)->Matches("a\xff"
                          "b"));
  const auto umlaut = CompilePattern("\xc3\xa4+");
  ASSERT_TRUE(umlaut.ok());
  EXPECT_TRUE((*umlaut)->Matches("\xff\xc3\xa4"));
}

}  // namespace
}  // namespace headgate::guard
