#include "guard/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr Time kStart = Time(std::chrono::hours(5));

TEST(Sampler, BurstThenRateThenCounts) {
  Sampler sampler(Rate{10, 10});
  int let_through = 0;
  for (int i = 0; i < 1000; ++i) {
    if (sampler.Admit(Reason::kBanned, kStart)) ++let_through;
  }
  EXPECT_EQ(let_through, 10);
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart + milliseconds(99)), std::nullopt);
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart + milliseconds(100)), 991u);
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart + milliseconds(200)), 0u);
}

TEST(Sampler, ReasonsDoNotShare) {
  Sampler sampler(Rate{1, 1});
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart), 0u);
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart), std::nullopt);
  EXPECT_EQ(sampler.Admit(Reason::kConnectRate, kStart), 0u);
}

TEST(Sampler, AtMostTheRateOverAnHourOfFlood) {
  Sampler sampler(Rate{10, 10});
  std::uint64_t lines = 0, suppressed = 0, sent = 0;
  for (Time now = kStart; now < kStart + seconds(3600); now += milliseconds(5)) {
    ++sent;
    if (const auto before = sampler.Admit(Reason::kConnectRate, now)) {
      ++lines;
      suppressed += *before;
    }
  }
  for (const auto& [reason, count] : sampler.TakeSuppressed()) suppressed += count;
  EXPECT_NEAR(static_cast<double>(lines), 36010, 5);
  EXPECT_EQ(lines + suppressed, sent);
}

TEST(Sampler, SummaryTellsOnce) {
  Sampler sampler(Rate{1, 1});
  for (int i = 0; i < 5; ++i) (void)sampler.Admit(Reason::kPendingFull, kStart);
  EXPECT_THAT(sampler.TakeSuppressed(), ElementsAre(Pair(Reason::kPendingFull, 4u)));
  EXPECT_THAT(sampler.TakeSuppressed(), IsEmpty());
  EXPECT_EQ(sampler.Admit(Reason::kPendingFull, kStart + seconds(1)), 0u);
}

TEST(Sampler, OffLetsNothingThroughAndCounts) {
  Sampler sampler(Rate{0, 1});
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart), std::nullopt);
  sampler.SetRate(Rate{1, 1});
  EXPECT_EQ(sampler.Admit(Reason::kBanned, kStart), 1u);
}

TEST(Sampler, OlderNowOfAnotherThreadGivesNothing) {
  Sampler sampler(Rate{1, 1});
  EXPECT_TRUE(sampler.Admit(Reason::kBanned, kStart).has_value());
  EXPECT_FALSE(sampler.Admit(Reason::kBanned, kStart - seconds(100)).has_value());
  EXPECT_FALSE(sampler.Admit(Reason::kBanned, kStart).has_value());
}

}  // namespace
}  // namespace headgate::guard
