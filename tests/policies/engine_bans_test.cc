// Bans as the engine deals with them beyond the list: whom they reach, and who is told.
#include <chrono>

#include "tests/policies/engine_fixture.h"

namespace headgate {
namespace {

using std::chrono::minutes;

TEST_F(EngineTest, ABanOfTheIpv6LoopbackIsNobodyElses) {
  Start();
  const TicketPtr friendly = Accept(Foe(1));
  Address loopback;
  loopback.bytes[15] = 1;
  EXPECT_TRUE(engine_->Ban(SourceNetwork(loopback), minutes(1), "operator", now_));
  EXPECT_TRUE(evicted_.empty());
}

TEST_F(EngineTest, WhatIsRestoredIsWhatWouldBeBannedToday) {
  limits_.source.never_ban = {SourceNetwork(Foe(1))};
  Start();
  const std::uint64_t before = engine_->BanVersion();
  const Time until = now_ + minutes(5);
  engine_->RestoreBans({{SourceNetwork(Foe(1)), until, 1, "kept", false},
                        {SourceNetwork(Foe(2)), until, 1, "kept", false},
                        {SourceNetwork(Foe(3)), now_, 1, "kept", false},
                        {{Foe(4), 96 + 24}, until, 1, "of nobody's", false},
                        {SourceNetwork(Foe(5)), until, 1, "kept", true}},
                       now_);
  EXPECT_NE(engine_->BanVersion(), before);
  const auto bans = engine_->Bans(now_);
  ASSERT_EQ(bans.size(), 2u);
  EXPECT_EQ(bans[0].network, SourceNetwork(Foe(2)));
  EXPECT_EQ(bans[0].until, until);
  EXPECT_EQ(bans[1].network, SourceNetwork(Foe(5)));
  EXPECT_TRUE(bans[1].by_operator);
}

TEST_F(EngineTest, NewLimitsAreNewsForWhoeverPushesBans) {
  Start();
  const std::uint64_t before = engine_->BanVersion();
  Reload();
  EXPECT_NE(engine_->BanVersion(), before);
}

}  // namespace
}  // namespace headgate
