// The printer of counter-examples is worth something only if it finds the few events that matter
// among hundreds of thousands: proved with a shadow book that gets a rule wrong on purpose.
#include "tests/support/counter_example.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <string>

namespace headgate::testing {
namespace {

using Fault = ShadowBook::Fault;

// A world that goes wrong by the fault within so many events.
CounterExample FirstOf(Fault fault, std::uint64_t most) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    Simulation s(seed, fault);
    for (std::uint64_t i = 0; i < most; ++i) {
      if (!s.Step()) return Minimise(s);
    }
  }
  return {};
}

bool Tells(const CounterExample& e, const std::string& words) {
  return std::any_of(e.story.begin(), e.story.end(), [&](const std::string& line) {
    return line.find(words) != std::string::npos;
  });
}

TEST(CounterExampleTest, OneConnectionIsEnoughForASlotThatIsFreedTooEarly) {
  const CounterExample e = FirstOf(Fault::kOrphansAreFree, 20'000);
  std::cout << ToText(e);
  ASSERT_FALSE(e.wrong.empty());
  EXPECT_GT(e.of, 100u);
  EXPECT_LE(e.events.size(), 5u);  // connects, logs in, is accepted, leaves
  EXPECT_TRUE(Tells(e, "connects: admitted"));
  EXPECT_TRUE(Tells(e, "its login: admitted"));
  EXPECT_TRUE(Tells(e, "leaves; its backend does not end yet"));
  EXPECT_TRUE(Tells(e, "WRONG: "));
  // It is what fails, and it fails because of the fault.
  EXPECT_EQ(WrongAfter(e.seed, Fault::kOrphansAreFree, e.events), e.wrong);
  EXPECT_EQ(WrongAfter(e.seed, Fault::kNone, e.events), "");
  // None of them could be left out.
  for (std::size_t i = 0; i < e.events.size(); ++i) {
    std::vector<Happening> fewer = e.events;
    fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_NE(WrongAfter(e.seed, Fault::kOrphansAreFree, fewer), e.wrong) << e.story[i];
  }
}

TEST(CounterExampleTest, AFaultThatShowsOnlyWhenItIsFullIsStillToldInAFewScreens) {
  const CounterExample e = FirstOf(Fault::kReservesAreMore, 200'000);
  std::cout << ToText(e);
  ASSERT_NE(e.wrong.find("reserve"), std::string::npos) << e.wrong;
  EXPECT_GT(e.of, 300u);
  EXPECT_LE(e.events.size(), 300u);
  EXPECT_EQ(WrongAfter(e.seed, Fault::kReservesAreMore, e.events), e.wrong);
  EXPECT_EQ(WrongAfter(e.seed, Fault::kNone, e.events), "");
}

}  // namespace
}  // namespace headgate::testing
