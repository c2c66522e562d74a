// The printer of counter-examples is worth something only if it finds the few events that matter
// among hundreds of thousands: proved with a shadow book that gets a rule wrong on purpose.
#include "tests/support/counter_example.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <sstream>
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

TEST(CounterExampleTest, TheLastEventsOfAWorldAreToldWithItsSeed) {
  Simulation s(3, Fault::kOrphansAreFree);
  while (s.Step()) ASSERT_LT(s.trace().size(), 20'000u);
  const std::string told = LastEvents(s);
  std::cout << told;
  EXPECT_EQ(told.rfind(s.wrong() + "\nin the world of seed 3, after ", 0), 0u);
  EXPECT_NE(told.find("WRONG: " + s.wrong()), std::string::npos) << "it is not the same world";
  EXPECT_EQ(told.find("nothing of the kind"), std::string::npos);
  // Those of the last twenty, and none before.
  const auto& trace = s.trace();
  ASSERT_GT(trace.size(), kLastEvents);
  const auto lines = std::count(told.begin(), told.end(), '\n');
  EXPECT_GT(lines, static_cast<std::ptrdiff_t>(kLastEvents / 2));
  EXPECT_NE(told.find("  #" + std::to_string(trace.back().who) + " "), std::string::npos);
  std::istringstream each(told.substr(told.find("by now: ")));
  std::string line;
  std::getline(each, line);
  const Time first = trace[trace.size() - kLastEvents].at;
  while (std::getline(each, line)) {
    const Duration at = std::chrono::duration_cast<Duration>(
        std::chrono::duration<double>(std::stod(line)) + std::chrono::microseconds(1));
    EXPECT_GE(at, first - Time{std::chrono::hours(1)}) << line;
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
