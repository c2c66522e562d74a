#include "policies/reason.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace headgate {
namespace {

TEST(Reason, EachHasItsOwnStableNameAndASentence) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const std::string_view name = Name(reason);
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_FALSE(name.empty());
    EXPECT_TRUE(std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || c == '_';
    })) << name;
    const std::string_view text = Describe(reason);
    ASSERT_FALSE(text.empty()) << name;
    EXPECT_EQ(text.back(), '.') << name;
  }
  EXPECT_EQ(Name(Reason::kConnectRate), "connect_rate");
  EXPECT_EQ(Name(Reason::kPairLocked), "pair_locked");
  EXPECT_EQ(Name(Reason::kBanApplied), "ban_applied");
}

TEST(Reason, WhatIsNoReasonReadsAsNone) {
  EXPECT_EQ(Name(Reason::kCount), "none");
  EXPECT_FALSE(IsRefusal(static_cast<Reason>(255)));
}

TEST(Reason, OnlyWhatTheGateTurnedAwayIsARefusal) {
  for (const Reason r : {Reason::kBanned, Reason::kConnectRate, Reason::kPendingEvicted,
                         Reason::kPairLocked, Reason::kMalformedLogin, Reason::kLoginDeadline}) {
    EXPECT_TRUE(IsRefusal(r)) << Name(r);
  }
  // The backend's failures and ordinary ends must never count against a client.
  for (const Reason r :
       {Reason::kNone, Reason::kSourceTableFull, Reason::kLoginFailed, Reason::kBackendFull,
        Reason::kBackendUnreachable, Reason::kClientClosed, Reason::kHealthCheck, Reason::kDraining,
        Reason::kDescriptors, Reason::kMemory, Reason::kAcceptFailed}) {
    EXPECT_FALSE(IsRefusal(r)) << Name(r);
  }
}

}  // namespace
}  // namespace headgate
