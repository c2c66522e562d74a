// Another engine that is told all that happened to the first, in worlds of every kind: it says the
// same.
#include <gtest/gtest.h>

#include "tests/policies/mirror.h"
#include "tests/support/counter_example.h"
#include "tests/support/simulation.h"

namespace headgate::testing {
namespace {

// In worlds of every kind: reloads, switches, bans, floods.
TEST(TapeTest, AnotherEngineComesToTheSame) {
  constexpr int kEvents = 60'000;
  std::uint64_t compared = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Mirror mirror;
    // The same world twice: what its engine begins with is known once it is there.
    const Simulation first(seed);
    mirror.Begin(first.limits(), first.secrets());
    Simulation world(seed, ShadowBook::Fault::kNone, &mirror);
    for (int i = 0; i < kEvents; ++i) ASSERT_TRUE(world.Step()) << LastEvents(world);
    const EngineStatus live = world.Status();
    const EngineStatus again = mirror.again->engine().Status(mirror.again->at());
    EXPECT_EQ(mirror.again->agreement().different, 0u)
        << "seed " << seed << ": " << FirstDifference(mirror.again->agreement());
    EXPECT_EQ(mirror.again->tally().without, 0u);
    EXPECT_EQ(live.acted, again.acted) << "seed " << seed;
    EXPECT_EQ(live.would_act, again.would_act) << "seed " << seed;
    EXPECT_EQ(live.delayed, again.delayed) << "seed " << seed;
    EXPECT_EQ(live.leases, again.leases);
    EXPECT_EQ(live.known_good, again.known_good);
    EXPECT_EQ(live.level, again.level);
    EXPECT_GT(mirror.outcomes.count, 0u);
    compared += mirror.again->agreement().same;
  }
  EXPECT_GT(compared, 12u * kEvents);
}

// What is compared can differ.
TEST(TapeTest, AnotherEngineWithOtherLimitsSaysSomethingElse) {
  constexpr std::uint64_t kSeed = 3;
  Mirror mirror;
  const Simulation first(kSeed);
  Limits other = first.limits();
  other.slots.max_connections = 12;
  other.slots.max_connections_auto = false;
  other.waiting.max = 1;
  mirror.Begin(other, first.secrets());
  Simulation world(kSeed, ShadowBook::Fault::kNone, &mirror);
  for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(world.Step()) << LastEvents(world);
  const Agreement& agreement = mirror.again->agreement();
  EXPECT_GT(agreement.different, 100u);
  EXPECT_GT(agreement.same, 0u);
  ASSERT_EQ(agreement.first.size(), Agreement::kKept);
  EXPECT_FALSE(agreement.first[0].then == agreement.first[0].now);
}

}  // namespace
}  // namespace headgate::testing
