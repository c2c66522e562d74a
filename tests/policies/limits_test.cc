#include "policies/limits.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <memory>
#include <string_view>

namespace headgate {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

TEST(Share, OfTheSlots) {
  EXPECT_EQ(Share::Percent(25).Of(146), 36U);  // rounded down
  EXPECT_EQ(Share::Percent(100).Of(146), 146U);
  EXPECT_EQ(Share::Percent(20).Of(5), 1U);
  EXPECT_EQ(Share::Percent(29).Of(100), 29U);  // 28.999... in binary
  EXPECT_EQ(Share::Percent(1).Of(10), 1U);     // at least one
  EXPECT_EQ(Share::Percent(50).Of(0), 1U);
  EXPECT_EQ(Share::Number(7).Of(3), 7U);
  EXPECT_EQ(Share::Number(0).Of(3), 1U);
  EXPECT_EQ(Share::Number(1e12).Of(3), UINT32_MAX);
  EXPECT_EQ(Share::Off().Of(146), UINT32_MAX);
}

TEST(Limits, DefaultsAreThoseOfTheSampleFile) {
  const Limits l = Limits::Defaults();
  EXPECT_EQ(l.mode, Mode::kEnforce);
  EXPECT_EQ(l.how, RefuseHow::kError);
  EXPECT_EQ(l.slots.keep_free, 5U);
  EXPECT_TRUE(l.slots.max_connections_auto);
  EXPECT_EQ(l.pending.max, 4096U);
  EXPECT_EQ(l.pending.known_good_share, 0.25);
  EXPECT_EQ(l.pending.deadline, seconds(5));
  EXPECT_EQ(l.waiting.max, 1024U);
  EXPECT_EQ(l.waiting.per_source, 32U);
  EXPECT_EQ(l.login.in_progress, 16U);
  EXPECT_EQ(l.login.rate.per_second, 200);
  EXPECT_NEAR(l.login.failures.per_second * 60, 10, 1e-9);
  EXPECT_EQ(l.login.lock, minutes(1));
  EXPECT_EQ(l.login.lock_max, hours(1));
  EXPECT_EQ(l.source.connect_rate, (Rate{50, 200}));
  EXPECT_EQ(l.source.ban_after, (Rate{1, 100}));
  EXPECT_EQ(l.source.table_size, 262144U);
  EXPECT_TRUE(l.source.exempt.empty());
  EXPECT_EQ(l.known_good.minutes, 10U);
}

TEST(Limits, LastClassIsTheDefaultClass) {
  const Limits l = Limits::Defaults();
  ASSERT_EQ(l.classes.size(), 1U);
  EXPECT_EQ(l.classes[0].name, "default");
  EXPECT_EQ(l.classes[0].reserve, 0U);
  EXPECT_TRUE(l.classes[0].users.empty());
}

TEST(Limits, LoopbackIsNeverBannedAndIsThisHost) {
  const Limits l = Limits::Defaults();
  Address v6_loopback;
  v6_loopback.bytes[15] = 1;
  const auto holds = [](const std::vector<Cidr>& list, const Address& a) {
    return std::any_of(list.begin(), list.end(), [&](const Cidr& c) { return c.Contains(a); });
  };
  for (const auto& list : {l.source.never_ban, l.local_sources}) {
    EXPECT_TRUE(holds(list, Address::V4(0x7f000001)));
    EXPECT_TRUE(holds(list, Address::V4(0x7fffffff)));
    EXPECT_TRUE(holds(list, v6_loopback));
    EXPECT_FALSE(holds(list, Address::V4(0x0a000001)));
    EXPECT_FALSE(holds(list, Address{}));
  }
  EXPECT_EQ(std::count(l.localhost_users.begin(), l.localhost_users.end(), "root"), 1);
  EXPECT_EQ(std::count(l.localhost_users.begin(), l.localhost_users.end(), ""), 1);
}

// A reload that changes any of it is one; the compiled pattern is made anew by each.
TEST(Rule, IsTheSameWhereAllOfItIs) {
  struct Anything : TextMatcher {
    bool Matches(std::string_view) const override { return true; }
  };
  Rule same;
  same.pattern = std::make_shared<Anything>();
  EXPECT_EQ(same, Rule{});
  using Change = void (*)(Rule&);
  const Change changes[] = {
      [](Rule& r) { r.name = "x"; },         [](Rule& r) { r.digest = 1; },
      [](Rule& r) { r.digest_text = "x"; },  [](Rule& r) { r.regex = "x"; },
      [](Rule& r) { r.commands = 1; },       [](Rule& r) { r.users = {"x"}; },
      [](Rule& r) { r.databases = {"x"}; },  [](Rule& r) { r.sources.emplace_back(); },
      [](Rule& r) { r.classes = {"x"}; },    [](Rule& r) { r.traits = 1; },
      [](Rule& r) { r.message = "x"; },      [](Rule& r) { r.action = RuleAction::kBan; },
      [](Rule& r) { r.delay = seconds(9); }, [](Rule& r) { r.enforce = false; }};
  for (std::size_t i = 0; i < std::size(changes); ++i) {
    Rule other;
    changes[i](other);
    EXPECT_NE(other, Rule{}) << i;
  }
}

}  // namespace
}  // namespace headgate
