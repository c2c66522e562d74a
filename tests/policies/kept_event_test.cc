#include "policies/kept_event.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace headgate {
namespace {

// Kept of `what`; whose call it was then overwrites all that it pointed to.
template <typename E, typename Overwrite>
std::unique_ptr<KeptEvent> KeptOf(const E& what, const Overwrite& overwrite) {
  auto kept = std::make_unique<KeptEvent>(EngineEvent{.at = Time{}, .id = {1, 2}, .what = what},
                                          Told::Nothing(), 1000);
  overwrite();
  return kept;
}

TEST(KeptEventTest, ItsTextsAreItsOwn) {
  std::string user = "shop", database = "orders", subject = "CN=shop";
  const auto kept = KeptOf(event::Login{{user, database, subject}},
                           [&] { user = database = subject = "overwritten"; });
  const LoginClaim& claim = std::get<event::Login>(kept->event().what).claim;
  EXPECT_EQ(claim.user, "shop");
  EXPECT_EQ(claim.database, "orders");
  EXPECT_EQ(claim.subject, "CN=shop");
  EXPECT_EQ(kept->event().id, (ConnectionId{1, 2}));
}

TEST(KeptEventTest, ACommandWithAllThatItPointsTo) {
  std::string sql = "SELECT 1", text = "select ?";
  StatementMark prepared;
  prepared.digest = 7;
  Glance glance;
  glance.mark.digest = 9;
  glance.text = text;
  CommandFacts facts;
  facts.sql = sql;
  facts.complete = true;
  facts.prepared = &prepared;
  facts.glance = &glance;
  const auto kept = KeptOf(event::Command{facts}, [&] {
    sql = text = "overwritten";
    prepared = {};
    glance = {};
  });
  const CommandFacts& own = std::get<event::Command>(kept->event().what).facts;
  EXPECT_EQ(own.sql, "SELECT 1");
  EXPECT_TRUE(own.complete);
  EXPECT_EQ(own.prepared->digest, 7u);
  EXPECT_EQ(own.glance->mark.digest, 9u);
  EXPECT_EQ(own.glance->text, "select ?");
}

TEST(KeptEventTest, ALongTextIsCutAndSaysSo) {
  CommandFacts facts;
  facts.sql = "SELECT 1";
  facts.complete = true;
  const KeptEvent kept({.at = Time{}, .id = {}, .what = event::Command{facts}}, Told::Nothing(), 6);
  const auto& command = std::get<event::Command>(kept.event().what);
  EXPECT_EQ(command.facts.sql, "SELECT");
  EXPECT_FALSE(command.facts.complete);
}

TEST(KeptEventTest, ListsOfTheStateFile) {
  std::vector<BanRecord> bans(3);
  bans[2].times = 5;
  const auto kept = KeptOf(event::BansRestored{&bans, Duration(1)}, [&] { bans.clear(); });
  const auto& own = *std::get<event::BansRestored>(kept->event().what).bans;
  ASSERT_EQ(own.size(), 3u);
  EXPECT_EQ(own.back().times, 5u);
  EXPECT_GE(kept->bytes(), sizeof(KeptEvent) + 3 * sizeof(BanRecord));
  std::vector<KnownGoodRecord> good(2);
  const auto known = KeptOf(event::KnownGoodRestored{&good, Duration(1)}, [&] { good.clear(); });
  EXPECT_EQ(std::get<event::KnownGoodRestored>(known->event().what).records->size(), 2u);
}

TEST(KeptEventTest, AnOperatorsBanHasItsReason) {
  std::string reason = "by hand";
  const auto kept = KeptOf(event::Ban{{}, Duration(1), reason}, [&] { reason = "other"; });
  EXPECT_EQ(std::get<event::Ban>(kept->event().what).reason, "by hand");
}

}  // namespace
}  // namespace headgate
