// The engine among random applications, adversaries and operators, millions of events on a virtual
// clock; every grant checked by a second set of books.
//
// HEADGATE_SIMULATION_EVENTS and HEADGATE_SIMULATION_SEED change how many and which.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/support/simulation.h"

namespace headgate::testing {
namespace {

#ifdef NDEBUG
constexpr std::uint64_t kEvents = 10'000'000;
#else
constexpr std::uint64_t kEvents = 500'000;  // unoptimised
#endif
constexpr std::uint64_t kWorlds = 10;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

TEST(SimulationTest, TheInvariantsHoldInEveryWorld) {
  const std::uint64_t events = FromEnvironment("HEADGATE_SIMULATION_EVENTS", kEvents);
  const std::uint64_t seed = FromEnvironment("HEADGATE_SIMULATION_SEED", 1);
  std::uint64_t done = 0, reserve_grants = 0, reloads = 0, statements = 0, holds = 0, kills = 0;
  std::array<std::uint64_t, kReasonCount> seen{};
  std::uint64_t ok = 0;
  for (std::uint64_t world = 0; world < kWorlds; ++world) {
    Simulation s(seed + world);
    for (std::uint64_t i = 0; i < events / kWorlds; ++i, ++done) {
      ASSERT_TRUE(s.Step()) << s.wrong() << "\n" << s.LastEvents();
    }
    ASSERT_TRUE(s.Finish()) << s.wrong() << "\n" << s.LastEvents();
    const EngineStatus end = s.Status();
    EXPECT_EQ(end.leases + end.orphans + end.pending + end.waiting + end.logins, 0u);
    EXPECT_EQ(end.connections, 0u);
    for (std::size_t r = 0; r < kReasonCount; ++r) seen[r] += end.acted[r];
    ok += end.logins_ok;
    reserve_grants += s.reserve_grants();
    reloads += s.reloads();
    statements += s.statements();
    holds += s.holds();
    kills += s.kills();
  }
  RecordProperty("events", std::to_string(done));
  // A world in which nothing happens proves nothing.
  EXPECT_GT(ok, done / 100);
  EXPECT_GT(reserve_grants, 0u);
  EXPECT_GT(reloads, 0u);
  EXPECT_GT(statements, done / 20);
  EXPECT_GT(holds, 0u);
  EXPECT_GT(kills, 0u);
  for (const Reason r :
       {Reason::kBanned,           Reason::kConnectRate,       Reason::kPendingEvicted,
        Reason::kPairLocked,       Reason::kPasswordlessUser,  Reason::kWaitingFull,
        Reason::kWaitingPerSource, Reason::kWaitingDeadline,   Reason::kChangeUserRefused,
        Reason::kBanApplied,       Reason::kSourceConnections, Reason::kQueryRate,
        Reason::kQueryRunning,     Reason::kClassRunning,      Reason::kDigestRunning,
        Reason::kPrepared,         Reason::kPreparedPerSource, Reason::kQueryDeadline,
        Reason::kOrphanKilled,     Reason::kStalledRead}) {
    EXPECT_GT(seen[static_cast<std::size_t>(r)], 0u) << Name(r) << " never happened";
  }
  for (std::size_t r = 0; r < kReasonCount; ++r) {
    if (seen[r] > 0) {
      std::cout << "  " << Name(static_cast<Reason>(r)) << " " << seen[r] << "\n";
    }
  }
  std::cout << "  " << done << " events, " << ok << " logins, " << reserve_grants << " known-good, "
            << reloads << " reloads, " << statements << " commands, " << holds << " held, " << kills
            << " ended\n";
}

}  // namespace
}  // namespace headgate::testing
