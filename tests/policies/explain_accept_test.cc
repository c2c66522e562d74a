// What is told of the limits at the door: each as the engine then decides.
#include <gmock/gmock.h>

#include <chrono>
#include <vector>

#include "tests/policies/explain_fixture.h"

namespace headgate {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

// Addresses of one /24.
Address InOnePrefix(std::uint32_t n) { return Address::V4(0xc6010100 + n); }

TEST_F(ExplainTest, ATableOfSourcesThatIsFullCountsNoRatesOfANewcomer) {
  limits_.source.connect_rate = {1, 1};
  limits_.source.table_size = 1;
  Start();
  const char* key = "source.table_size";
  EXPECT_EQ(Find(Explain(Foe(999)), key), nullptr);
  std::vector<TicketPtr> live;
  for (std::uint32_t n = 0; n < 500; ++n) live.push_back(Accept(Foe(n)));
  const ExplainRow row = At(Explain(Foe(999)), key);
  EXPECT_EQ(row.state, State::kNear);
  EXPECT_EQ(row.limit, 1);
  EXPECT_EQ(row.reason, Reason::kSourceTableFull);
  for (int i = 0; i < 3; ++i) {
    live.push_back(Accept(Foe(999)));
    EXPECT_NE(live.back(), nullptr) << "one a second is its rate, and nobody counts it";
  }
}

TEST_F(ExplainTest, ALevelsConnectRateSaysWhenTheNextMayCome) {
  Over(Level::kAttack).source.connect_rate = {2, 2};
  RaisedByRefusals();
  Start();
  const char* key = "pressure.attack.source.connect_rate";
  EXPECT_EQ(At(Explain(Foe(1)), key).why, "the level is calm");
  RaiseToAttack();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(Explain(Foe(1)).connection.kind, Outlook::kPasses) << i;
    in.push_back(Accept(Foe(1)));
  }
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.reason, Reason::kConnectRate);
  EXPECT_EQ(At(e, key).state, State::kBinds);
  EXPECT_EQ(At(e, key).now, 2);
  EXPECT_EQ(At(e, key).left, std::chrono::milliseconds(500));
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kConnectRate);
  EXPECT_EQ(Explain(Foe(3)).connection.kind, Outlook::kPasses);
}

TEST_F(ExplainTest, APrefixHasItsShareWhileRoomIsScarce) {
  limits_.source.prefix_connections = Share::Number(2);
  Start();
  std::vector<TicketPtr> in;
  for (std::uint32_t n = 0; n < 3; ++n) in.push_back(Enter(InOnePrefix(n), "weak"));
  const char* key = "source.prefix_connections";
  Explanation e = Explain(InOnePrefix(9));
  EXPECT_EQ(e.connection.kind, Outlook::kPasses);
  EXPECT_EQ(At(e, key).state, State::kDoesNotApply);
  EXPECT_EQ(At(e, key).now, 3);
  EXPECT_THAT(At(e, key).why, HasSubstr("would bind"));
  engine_->OnServerFacts({.max_connections = 8}, now_);
  e = Explain(InOnePrefix(9));
  EXPECT_EQ(e.connection.reason, Reason::kPrefixConnections);
  EXPECT_EQ(At(e, key).state, State::kBinds);
  EXPECT_EQ(Knock(InOnePrefix(9)).verdict.reason, Reason::kPrefixConnections);
}

TEST_F(ExplainTest, ALevelsShareOfAPrefix) {
  Over(Level::kAttack).source.prefix_connections = Share::Number(1);
  RaisedByRefusals();
  Start();
  const TicketPtr in = Enter(InOnePrefix(0), "weak");
  const char* key = "pressure.attack.source.prefix_connections";
  EXPECT_EQ(At(Explain(InOnePrefix(1)), key).why, "the level is calm");
  EXPECT_EQ(Explain(InOnePrefix(1)).connection.kind, Outlook::kPasses);
  RaiseToAttack();
  const Explanation e = Explain(InOnePrefix(1));
  EXPECT_EQ(e.connection.reason, Reason::kPrefixConnections);
  EXPECT_EQ(At(e, key).state, State::kBinds);
  EXPECT_EQ(At(e, key).now, 1);
  EXPECT_EQ(At(e, key).limit, 1);
  EXPECT_EQ(Knock(InOnePrefix(1)).verdict.reason, Reason::kPrefixConnections);
  EXPECT_EQ(Explain(Foe(7)).connection.kind, Outlook::kPasses);
}

TEST_F(ExplainTest, WhoPaysForAPlaceInAFullPendingBudget) {
  limits_.pending.max = 3;
  Start();
  const TicketPtr other = Accept(Foe(1));
  const TicketPtr first = Accept(Foe(2)), second = Accept(Foe(2));
  EXPECT_THAT(At(Explain(Foe(2)), "pending.max").why, HasSubstr("this source is the greediest"));
  EXPECT_THAT(At(Explain(Foe(3)), "pending.max").why, HasSubstr("the oldest of the greediest"));
  EXPECT_EQ(Explain(Foe(3)).connection.kind, Outlook::kPasses);
  const ConnectionId pays = Engine::IdOf(*first);
  const TicketPtr newcomer = Accept(Foe(2));
  ASSERT_EQ(evicted_.size(), 1u);
  EXPECT_EQ(evicted_[0].id, pays);
}

// All its places are kept for known-good sources, and taken by them.
TEST_F(ExplainTest, APendingBudgetThatTurnsStrangersAway) {
  limits_.pending.known_good_share = 1;
  Start();
  Earn(App(), "shop");
  limits_.pending.max = 1;
  Reload();
  const TicketPtr known = Accept(App());
  const Explanation e = Explain(Foe(1));
  EXPECT_EQ(e.connection.reason, Reason::kPendingFull);
  EXPECT_EQ(At(e, "pending.max").state, State::kBinds);
  EXPECT_EQ(Knock(Foe(1)).verdict.reason, Reason::kPendingFull);
  EXPECT_EQ(Acted(Reason::kPendingFull), 1u);
  EXPECT_EQ(Status().pending, 1u);
  EXPECT_TRUE(evicted_.empty());
}

TEST_F(ExplainTest, ALevelThatIsOnlyShownSaysWhy) {
  Over(Level::kAttack).source.connections = Share::Number(1);
  RaisedByRefusals();
  const char* key = "pressure.attack.source.connections";
  for (const bool observe : {false, true}) {
    limits_.mode = observe ? Mode::kObserve : Mode::kEnforce;
    limits_.pressure.enforce = false;
    Start();
    RaiseToAttack();
    const TicketPtr in = Accept(Foe(1));
    const Explanation e = Explain(Foe(1));
    EXPECT_EQ(e.level, Level::kAttack);
    EXPECT_EQ(At(e, key).state, State::kDoesNotApply);
    EXPECT_EQ(At(e, key).why, observe ? "mode = observe" : "[pressure] enforce = false");
    EXPECT_NE(Accept(Foe(1)), nullptr);
  }
}

}  // namespace
}  // namespace headgate
