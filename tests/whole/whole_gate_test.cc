// The whole logic of a gate, engine and sessions and what the worker does between them, among
// random clients, networks, servers and operators, on a virtual clock: each world from one number.
//
// HEADGATE_SEEDS and HEADGATE_SEED say how many worlds, and the first one's number.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/whole/world.h"

namespace headgate::whole {
namespace {

#ifdef NDEBUG
constexpr std::uint64_t kSeeds = 20'000;
#else
constexpr std::uint64_t kSeeds = 500;  // unoptimised
#endif

constexpr std::uint64_t kEnough = 400;  // for everything to happen once

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

struct Sums {
  std::uint64_t events = 0, logins = 0, statements = 0, killed = 0, full = 0;
  std::array<std::uint64_t, kReasonCount> reasons{};

  void Add(World& world) {
    events += world.events();
    logins += world.server().logins();
    statements += world.server().statements();
    killed += world.server().killed();
    full += world.server().full();
    for (std::size_t r = 0; r < kReasonCount; ++r) {
      reasons[r] += world.gate().reasons(static_cast<Reason>(r));
    }
  }

  void Print(std::uint64_t worlds) const {
    for (std::size_t r = 0; r < kReasonCount; ++r) {
      if (reasons[r] > 0)
        std::cout << "  " << Name(static_cast<Reason>(r)) << " " << reasons[r] << "\n";
    }
    std::cout << "  " << worlds << " worlds, " << events << " events, " << logins << " logins, "
              << statements << " commands, " << killed << " killed, " << full << " times full\n";
  }
};

TEST(WholeGateTest, TheInvariantsHoldInEveryWorld) {
  const std::uint64_t seeds = FromEnvironment("HEADGATE_SEEDS", kSeeds);
  const std::uint64_t first = FromEnvironment("HEADGATE_SEED", 1);
  Sums sums;
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    World world(RandomWorld(seed));
    ASSERT_TRUE(world.Run()) << world.Told();
    sums.Add(world);
  }
  sums.Print(seeds);
  if (seeds < kEnough) return;
  // Worlds in which nothing happens prove nothing.
  EXPECT_GT(sums.logins, seeds);
  EXPECT_GT(sums.statements, seeds);
  EXPECT_GT(sums.killed, 0u);
  EXPECT_GT(sums.full, 0u);
  for (const Reason r : {Reason::kBanned,
                         Reason::kConnectRate,
                         Reason::kPendingEvicted,
                         Reason::kPendingDeadline,
                         Reason::kPairLocked,
                         Reason::kNoSlot,
                         Reason::kWaitingFull,
                         Reason::kWaitingDeadline,
                         Reason::kLoginDeadline,
                         Reason::kMalformedAuth,
                         Reason::kBackendUnreachable,
                         Reason::kBackendFull,
                         Reason::kQueryRate,
                         Reason::kDigestRunning,
                         Reason::kPrepared,
                         Reason::kQueryDeadline,
                         Reason::kIdle,
                         Reason::kStalledRead,
                         Reason::kOrphanKilled,
                         Reason::kReclaimed,
                         Reason::kBanApplied}) {
    EXPECT_GT(sums.reasons[static_cast<std::size_t>(r)], 0u) << Name(r) << " never happened";
  }
}

}  // namespace
}  // namespace headgate::whole
