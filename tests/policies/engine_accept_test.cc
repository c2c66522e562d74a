// Who is let in at the door while a level binds.
#include <gtest/gtest.h>

#include <chrono>
#include <vector>

#include "tests/policies/headroom_fixture.h"

namespace headgate {
namespace {

using std::chrono::milliseconds;

TEST_F(HeadroomTest, UnderAttackStrangersHaveTheLevelsConnectRateBesideTheOther) {
  WithoutClasses();
  limits_.source.connect_rate = {100, 100};
  Over(Level::kAttack).source.connect_rate = {2, 2};
  Start();
  std::vector<TicketPtr> in;
  for (int i = 0; i < 5; ++i) in.push_back(Accept(Foe(50)));
  for (TicketPtr& t : Fill(21)) in.push_back(std::move(t));
  ASSERT_EQ(Status().level, Level::kAttack);
  for (int i = 0; i < 2; ++i) EXPECT_NE(Accept(Foe(50)), nullptr) << "what it did before is past";
  EXPECT_EQ(Knock(Foe(50)).verdict.reason, Reason::kConnectRate);
  EXPECT_NE(Accept(Foe(51)), nullptr);
  Pass(milliseconds(500));
  EXPECT_NE(Accept(Foe(50)), nullptr);
  EXPECT_EQ(Knock(Foe(50)).verdict.reason, Reason::kConnectRate);
}

TEST_F(HeadroomTest, ALevelsConnectRateInDryRunIsCountedAndLetsIn) {
  WithoutClasses();
  limits_.source.enforce = false;
  Over(Level::kAttack).source.connect_rate = {1, 1};
  Start();
  const auto in = Fill(21);
  ASSERT_EQ(Status().level, Level::kAttack);
  for (int i = 0; i < 3; ++i) EXPECT_NE(Accept(Foe(50)), nullptr);
  EXPECT_EQ(WouldAct(Reason::kConnectRate), 2u);
  EXPECT_EQ(Acted(Reason::kConnectRate), 0u);
}

}  // namespace
}  // namespace headgate
