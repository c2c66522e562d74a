// The engine among random applications, adversaries, operators and servers, millions of events on a
// virtual clock; every grant checked by a second set of books. Of a world that goes wrong its last
// events are told, and the shortest sequence of events that was found to go wrong in the same way.
//
// HEADGATE_SIMULATION_EVENTS and HEADGATE_SIMULATION_SEED change how many and which;
// HEADGATE_SIMULATION_CLOSELY=1 compares all figures after each event, which is slower and sees
// a difference when it comes up; HEADGATE_SIMULATION_SECONDS is for how long at most a sequence
// that goes wrong is made shorter.
#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <iostream>
#include <string>

#include "tests/support/counter_example.h"
#include "tests/support/simulation.h"

namespace headgate::testing {
namespace {

#ifdef NDEBUG
constexpr std::uint64_t kMostEvents = 10'000'000;
#else
constexpr std::uint64_t kMostEvents = 500'000;  // unoptimised
#endif
constexpr std::uint64_t kWorlds = 40;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::stoull(text);
}

// What happened last is told at once: to make it shorter takes a minute.
std::string Shortened(const Simulation& failed) {
  std::cout << LastEvents(failed) << std::flush;
  MinimiserBounds bounds;
  bounds.time = std::chrono::seconds(FromEnvironment("HEADGATE_SIMULATION_SECONDS", 60));
  return ToText(Minimise(failed, bounds));
}

struct Sums {
  Simulation::Tally tally;
  std::array<std::uint64_t, kReasonCount> seen{};
  std::uint64_t ok = 0, done = 0;

  void Add(const Simulation::Tally& t, const EngineStatus& end) {
    for (const auto member :
         {&Simulation::Tally::reloads, &Simulation::Tally::reserve_grants,
          &Simulation::Tally::statements, &Simulation::Tally::holds, &Simulation::Tally::kills,
          &Simulation::Tally::lent, &Simulation::Tally::called_back, &Simulation::Tally::reclaimed,
          &Simulation::Tally::switches, &Simulation::Tally::outages,
          &Simulation::Tally::stake_grants, &Simulation::Tally::raised, &Simulation::Tally::lowered,
          &Simulation::Tally::bound_events}) {
      tally.*member += t.*member;
    }
    for (std::size_t r = 0; r < kReasonCount; ++r) seen[r] += end.acted[r];
    ok += end.logins_ok;
  }

  void Print() const {
    for (std::size_t r = 0; r < kReasonCount; ++r) {
      if (seen[r] > 0) std::cout << "  " << Name(static_cast<Reason>(r)) << " " << seen[r] << "\n";
    }
    std::cout << "  " << done << " events, " << ok << " logins, " << tally.reserve_grants
              << " known-good, " << tally.reloads << " reloads, " << tally.statements
              << " commands, " << tally.holds << " held, " << tally.kills << " ended, "
              << tally.lent << " lent, " << tally.called_back << " called back, " << tally.reclaimed
              << " reclaimed, " << tally.switches << " switches, " << tally.outages << " outages, "
              << tally.stake_grants << " by an implicit reserve that binds, " << tally.bound_events
              << " events while there is one, level raised " << tally.raised << ", lowered "
              << tally.lowered << "\n";
  }
};

TEST(SimulationTest, TheInvariantsHoldInEveryWorld) {
  const std::uint64_t events = FromEnvironment("HEADGATE_SIMULATION_EVENTS", kMostEvents);
  const std::uint64_t seed = FromEnvironment("HEADGATE_SIMULATION_SEED", 1);
  const bool closely = FromEnvironment("HEADGATE_SIMULATION_CLOSELY", 0) > 0;
  Sums sums;
  for (std::uint64_t world = 0; world < kWorlds; ++world) {
    Simulation s(seed + world);
    if (closely) s.LookClosely();
    for (std::uint64_t i = 0; i < events / kWorlds; ++i, ++sums.done) {
      ASSERT_TRUE(s.Step()) << Shortened(s);
    }
    ASSERT_TRUE(s.Finish()) << Shortened(s);
    const EngineStatus end = s.Status();
    EXPECT_EQ(end.leases + end.orphans + end.pending + end.waiting + end.logins + end.former, 0u);
    EXPECT_EQ(end.connections, 0u);
    sums.Add(s.tally(), end);
  }
  RecordProperty("events", std::to_string(sums.done));
  sums.Print();
  // A world in which nothing happens proves nothing.
  EXPECT_GT(sums.ok, sums.done / 100);
  EXPECT_GT(sums.tally.statements, sums.done / 20);
  for (const std::uint64_t n :
       {sums.tally.reserve_grants, sums.tally.reloads, sums.tally.holds, sums.tally.kills,
        sums.tally.lent, sums.tally.called_back, sums.tally.reclaimed, sums.tally.switches,
        sums.tally.outages, sums.tally.stake_grants, sums.tally.raised, sums.tally.lowered,
        sums.tally.bound_events}) {
    EXPECT_GT(n, 0u);
  }
  for (const Reason r : {Reason::kBanned,
                         Reason::kConnectRate,
                         Reason::kPendingEvicted,
                         Reason::kPairLocked,
                         Reason::kPasswordlessUser,
                         Reason::kWaitingFull,
                         Reason::kWaitingPerSource,
                         Reason::kWaitingDeadline,
                         Reason::kChangeUserRefused,
                         Reason::kBanApplied,
                         Reason::kSourceConnections,
                         Reason::kQueryRate,
                         Reason::kQueryRunning,
                         Reason::kClassRunning,
                         Reason::kDigestRunning,
                         Reason::kPrepared,
                         Reason::kPreparedPerSource,
                         Reason::kQueryDeadline,
                         Reason::kOrphanKilled,
                         Reason::kStalledRead,
                         Reason::kReclaimed,
                         Reason::kBackendUnreachable}) {
    EXPECT_GT(sums.seen[static_cast<std::size_t>(r)], 0u) << Name(r) << " never happened";
  }
}

}  // namespace
}  // namespace headgate::testing
