#include "policies/handshake_rates.h"

#include <gtest/gtest.h>

namespace headgate {
namespace {

using std::chrono::seconds;

constexpr Rate kRate{1, 3};

Address Source(std::uint32_t n) { return Address::V4(0x0A000000 + n); }

TEST(HandshakeRates, EachSourceHasItsOwn) {
  HandshakeRates rates(KeyedHash(1, 2), 100);
  const Time now{};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.Take(Source(1), kRate, now));
  EXPECT_FALSE(rates.Take(Source(1), kRate, now));
  EXPECT_TRUE(rates.Take(Source(2), kRate, now));
  EXPECT_TRUE(rates.Take(Source(1), kRate, now + seconds(1)));
  EXPECT_FALSE(rates.Take(Source(1), kRate, now + seconds(1)));
}

TEST(HandshakeRates, OffKeepsNothing) {
  HandshakeRates rates(KeyedHash(1, 2), 100);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(rates.Take(Source(1), Rate{}, Time{}));
  EXPECT_EQ(rates.size(), 0U);
}

// The one whose last handshake is the longest ago goes; who goes on is not forgotten.
TEST(HandshakeRates, WhenFull) {
  HandshakeRates rates(KeyedHash(1, 2), 10);
  const Time now{};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(rates.Take(Source(0), kRate, now));
  for (std::uint32_t n = 1; n < 1000; ++n) {
    EXPECT_TRUE(rates.Take(Source(n), kRate, now));
    EXPECT_FALSE(rates.Take(Source(0), kRate, now));
  }
  EXPECT_EQ(rates.size(), 10U);
}

TEST(HandshakeRates, ExpiresWhatIsRefilled) {
  HandshakeRates rates(KeyedHash(1, 2), 100);
  const Time now{};
  EXPECT_TRUE(rates.Take(Source(1), kRate, now));
  EXPECT_TRUE(rates.Take(Source(2), kRate, now + seconds(10)));
  rates.Expire(now, 64);
  EXPECT_EQ(rates.size(), 2U);
  rates.Expire(now + seconds(10), 64);
  EXPECT_EQ(rates.size(), 1U);
  rates.Expire(now + seconds(20), 64);
  EXPECT_EQ(rates.size(), 0U);
}

TEST(HandshakeRates, AskingTakesNothing) {
  HandshakeRates rates(KeyedHash(1, 2), 100);
  EXPECT_TRUE(rates.May(Source(1), kRate, Time{}));
  EXPECT_EQ(rates.size(), 0U);
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(rates.May(Source(1), kRate, Time{}));
    EXPECT_EQ(rates.Used(Source(1), kRate, Time{}), i);
    EXPECT_TRUE(rates.Take(Source(1), kRate, Time{}));
  }
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(rates.May(Source(1), kRate, Time{}));
  EXPECT_TRUE(rates.May(Source(1), kRate, Time{} + seconds(1)));
}

}  // namespace
}  // namespace headgate
