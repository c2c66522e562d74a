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
  const auto kept = [](const Cidr& network, Duration left, bool by_operator = false) {
    BanRecord ban{.network = network, .left = left, .times = 1, .reason = ""};
    ban.by_operator = by_operator;
    return ban;
  };
  engine_->RestoreBans(
      {kept(SourceNetwork(Foe(1)), minutes(6)), kept(SourceNetwork(Foe(2)), minutes(6)),
       kept(SourceNetwork(Foe(3)), minutes(1)), kept({Foe(4), 96 + 24}, minutes(6)),
       kept(SourceNetwork(Foe(5)), minutes(6), true)},
      minutes(1), now_);
  EXPECT_NE(engine_->BanVersion(), before);
  const auto bans = engine_->Bans(now_);
  ASSERT_EQ(bans.size(), 2u);
  EXPECT_EQ(bans[0].network, SourceNetwork(Foe(2)));
  EXPECT_EQ(bans[0].until, until);
  EXPECT_EQ(bans[1].network, SourceNetwork(Foe(5)));
  EXPECT_TRUE(bans[1].by_operator);
}

// It was banned for the second time when the gate ended, and the third is four times as long.
TEST_F(EngineTest, AnotherRunGoesOnWithWhatABanHasGrownTo) {
  Start();
  const BanRecord ended{
      .network = SourceNetwork(Foe(1)), .forget = minutes(30), .times = 2, .reason = "syn"};
  engine_->RestoreBans({ended}, minutes(1), now_);
  EXPECT_TRUE(engine_->Bans(now_).empty());
  const auto kept = engine_->ExportBans(now_);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_EQ(kept[0].left, Duration::zero());
  EXPECT_EQ(kept[0].forget, minutes(29));
  EXPECT_EQ(kept[0].times, 2u);
  EXPECT_EQ(kept[0].reason, "syn");
}

TEST_F(EngineTest, NewLimitsAreNewsForWhoeverPushesBans) {
  Start();
  const std::uint64_t before = engine_->BanVersion();
  Reload();
  EXPECT_NE(engine_->BanVersion(), before);
}

}  // namespace
}  // namespace headgate
