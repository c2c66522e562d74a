#include "policies/shared_address.h"

#include <gtest/gtest.h>

namespace headgate {
namespace {

using Sign = SharedAddress::Sign;
using std::chrono::hours;
using std::chrono::minutes;

const Address kOne = Address::V4(0x0a000001);
Address Other(std::uint32_t n) { return Address::V4(0x0b000000 + n); }
constexpr Time kShared{hours(10)};

TEST(SharedAddress, NearlyAllConnectsAndRefusedForIt) {
  const AddressLoad load{.source = kOne, .connects = 900, .refused = 20, .all_connects = 1000};
  EXPECT_EQ(LooksShared(load), Sign::kRefused);
  AddressLoad other = load;
  other.connects = 899;  // others come as well
  EXPECT_FALSE(LooksShared(other));
  other = load;
  other.refused = 19;  // nothing is in its way
  EXPECT_FALSE(LooksShared(other));
  other = load;
  other.connects = other.all_connects = 99;  // a quiet hour
  EXPECT_FALSE(LooksShared(other));
}

TEST(SharedAddress, MostSessionsOfSeveralUsers) {
  const AddressLoad load{
      .source = kOne, .sessions = 32, .users = kSeveralUsers, .all_sessions = 40};
  EXPECT_EQ(LooksShared(load), Sign::kSessions);
  AddressLoad other = load;
  other.users = kSeveralUsers - 1;  // an application and its chores
  EXPECT_FALSE(LooksShared(other));
  other = load;
  other.all_sessions = 41;
  EXPECT_FALSE(LooksShared(other));
  other = load;
  other.sessions = other.all_sessions = 31;
  EXPECT_FALSE(LooksShared(other));
}

TEST(MajorityTally, CountsExactlyWhoHadTheMajorityTheRoundBefore) {
  MajorityTally tally;
  const auto round = [&] {
    for (std::uint32_t i = 0; i < 300; ++i) {
      tally.OnConnect(i % 3 == 0 ? Other(i) : kOne);
      if (i % 3 == 1) tally.OnRefusal(kOne);
      if (i % 3 == 0) tally.OnRefusal(Other(i));
    }
    return tally.EndRound();
  };
  EXPECT_EQ(round().connects, 0u);
  const AddressLoad load = round();
  EXPECT_EQ(load.source, kOne);
  EXPECT_EQ(load.connects, 200u);
  EXPECT_EQ(load.refused, 100u);
  EXPECT_EQ(load.all_connects, 300u);
}

TEST(MajorityTally, ARoundWithoutAnybodyForgets) {
  MajorityTally tally;
  for (int i = 0; i < 100; ++i) tally.OnConnect(kOne);
  EXPECT_EQ(tally.EndRound().all_connects, 100u);
  EXPECT_EQ(tally.EndRound().all_connects, 0u);
  for (int i = 0; i < 100; ++i) tally.OnConnect(kOne);
  EXPECT_EQ(tally.EndRound().connects, 0u);
}

SharedAddress Found(const Address& source) { return {Sign::kRefused, {.source = source}}; }

TEST(SharedAddressWatch, IsToldOnceAnHourForEachAddress) {
  SharedAddressWatch watch;
  EXPECT_TRUE(watch.Note(Found(kOne), kShared));
  EXPECT_FALSE(watch.Note(Found(kOne), kShared + minutes(59)));
  EXPECT_TRUE(watch.Note(Found(Other(1)), kShared + minutes(59)));
  EXPECT_TRUE(watch.Note(Found(kOne), kShared + hours(1)));
  EXPECT_FALSE(watch.Note(Found(kOne), kShared + minutes(90)));
}

TEST(SharedAddressWatch, RemembersAFew) {
  SharedAddressWatch watch;
  for (std::uint32_t i = 0; i < SharedAddressWatch::kRemembered; ++i) {
    EXPECT_TRUE(watch.Note(Found(Other(i)), kShared + minutes(i)));
  }
  EXPECT_FALSE(watch.Note(Found(Other(0)), kShared + minutes(20)));
  EXPECT_TRUE(watch.Note(Found(kOne), kShared + minutes(21)));  // in the place of the first
  EXPECT_FALSE(watch.Note(Found(Other(1)), kShared + minutes(22)));
  EXPECT_TRUE(watch.Note(Found(Other(0)), kShared + minutes(23)));
}

TEST(SharedAddressWatch, ShowsItForAWhile) {
  SharedAddressWatch watch;
  EXPECT_FALSE(watch.Current(kShared));
  EXPECT_TRUE(watch.Note(Found(kOne), kShared));
  ASSERT_TRUE(watch.Current(kShared + minutes(9)));
  EXPECT_EQ(watch.Current(kShared + minutes(9))->load.source, kOne);
  EXPECT_FALSE(watch.Current(kShared + minutes(10)));
  EXPECT_FALSE(watch.Note(Found(kOne), kShared + minutes(11)));
  EXPECT_TRUE(watch.Current(kShared + minutes(12)));
  watch.Forget();
  EXPECT_FALSE(watch.Current(kShared + minutes(12)));
}

}  // namespace
}  // namespace headgate
