#include "policies/rule_matcher.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace headgate {
namespace {

class Contains : public TextMatcher {
 public:
  explicit Contains(std::string part) : part_(std::move(part)) {}
  [[nodiscard]] bool Matches(std::string_view text) const override {
    return text.find(part_) != std::string_view::npos;
  }

 private:
  std::string part_;
};

constexpr std::size_t kNone = RuleMatcher::kNone;

RuleSubject Subject() {
  RuleSubject s;
  s.command = CommandKind::kQuery;
  s.mark.digest = 42;
  s.mark.traits = BitOf(Trait::kSleep) | BitOf(Trait::kRegexp);
  s.sql = "select sleep(1) from orders";
  s.user = "shop_ro";
  s.database = "shop";
  s.class_name = "web";
  s.peer = Address::V4(0x0a010203);
  return s;
}

bool Matches(const Rule& rule, const RuleSubject& s = Subject()) {
  const std::vector<Rule> rules{rule};
  return RuleMatcher(rules).Match(s) == 0;
}

TEST(RuleMatcher, NoRulesMatchNothing) {
  const std::vector<Rule> none;
  EXPECT_TRUE(RuleMatcher(none).empty());
  EXPECT_EQ(RuleMatcher(none).Match(Subject()), kNone);
}

TEST(RuleMatcher, ARuleThatNamesNothingMatchesAll) {
  EXPECT_TRUE(Matches(Rule{}));
  EXPECT_TRUE(Matches(Rule{}, RuleSubject{}));
}

// Each of what a rule can name, matching and not.
TEST(RuleMatcher, EveryNameHasToMatch) {
  Rule all;
  const auto expect = [&](bool match) { EXPECT_EQ(Matches(all), match); };
  const Cidr ten{Address::V4(0x0a000000), 96 + 8};
  const Cidr eleven{Address::V4(0x0b000000), 96 + 8};
  all.digest = 43, expect(false), all.digest = 42, expect(true);
  all.commands = BitOf(CommandKind::kExecute), expect(false);
  all.commands |= BitOf(CommandKind::kQuery), expect(true);
  all.users = {"shop", "?hop"}, expect(false), all.users.emplace_back("shop*"), expect(true);
  all.databases = {"Shop"}, expect(false), all.databases = {"*"}, expect(true);
  all.sources = {eleven}, expect(false), all.sources = {eleven, ten}, expect(true);
  all.classes = {"we", "web*"}, expect(false), all.classes = {"jobs", "web"}, expect(true);
  all.traits = BitOf(Trait::kCrossJoin), expect(false);
  all.traits |= BitOf(Trait::kSleep), expect(true);
  all.regex = "x", expect(false);  // not compiled
  all.pattern = std::make_shared<Contains>("customers"), expect(false);
  all.pattern = std::make_shared<Contains>("orders"), expect(true);
}

TEST(RuleMatcher, AnEmptyNameIsOnlyMatchedByWhatMatchesNothing) {
  RuleSubject s = Subject();
  s.database = {};
  Rule rule;
  rule.databases = {"shop"};
  EXPECT_FALSE(Matches(rule, s));
  rule.databases = {"*"};
  EXPECT_TRUE(Matches(rule, s));
}

TEST(RuleMatcher, TheFirstThatMatches) {
  std::vector<Rule> rules(4);
  rules[0].digest = 1;
  rules[1].users = {"shop_ro"};
  rules[2].digest = 2;
  const RuleMatcher matcher(rules);
  EXPECT_FALSE(matcher.empty());
  EXPECT_EQ(matcher.Match(Subject()), 1U);
  EXPECT_EQ(matcher.Match(Subject(), 2), 3U);
  EXPECT_EQ(matcher.Match(Subject(), 4), kNone);
  EXPECT_EQ(matcher.Match(Subject(), 5), kNone);
}

TEST(RuleMatcher, NothingIsAllowedUnseen) {
  RuleSubject s = Subject();
  s.mark.traits |= BitOf(Trait::kUninspectedTail);
  std::vector<Rule> rules(2);
  rules[0].digest = 42;
  rules[0].action = RuleAction::kAllow;
  rules[1].action = RuleAction::kRefuse;
  EXPECT_EQ(RuleMatcher(rules).Match(Subject()), 0U);
  EXPECT_EQ(RuleMatcher(rules).Match(s), 1U);
}

TEST(RuleMatcher, ARegexWantsText) {
  Rule rule;
  rule.regex = "any";
  rule.pattern = std::make_shared<Contains>("");
  RuleSubject s = Subject();
  EXPECT_TRUE(Matches(rule, s));
  s.command = CommandKind::kPrepare;
  EXPECT_TRUE(Matches(rule, s));
  for (const auto c : {CommandKind::kExecute, CommandKind::kPing, CommandKind::kInitDb}) {
    s.command = c;
    s.sql = {};
    EXPECT_FALSE(Matches(rule, s));
  }
}

}  // namespace
}  // namespace headgate
