// The whole logic of a gate, engine and sessions and what the worker does between them, among
// random clients, networks, servers and operators, on a virtual clock: each world from one number.
//
// HEADGATE_SEEDS and HEADGATE_SEED say how many worlds, and the first one's number.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

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

// Somebody at the server whom the gate has never let in; and what is told then.
TEST(WholeGateTest, AWorldThatGoesWrongTellsItsSeedAndWhatHappenedLast) {
  WorldSetup setup = RandomWorld(7);
  setup.length = std::chrono::seconds(3);
  setup.events.emplace_back(std::chrono::milliseconds(1500), [](World& w) {
    w.server().Connect(std::make_shared<bool>(false), [](Socket*) {});
  });
  World world(setup);
  ASSERT_FALSE(world.Run());
  const std::string told = world.Told();
  std::cout << told;
  EXPECT_EQ(told.rfind("the server has ", 0), 0u);
  EXPECT_NE(told.find("in world 7"), std::string::npos);
  EXPECT_NE(told.find("HEADGATE_SEED=7 "), std::string::npos);
  const std::string_view before = std::string_view(told).substr(told.find("before it:\n") + 11);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  EXPECT_EQ(lines, static_cast<std::ptrdiff_t>(LastEvents::kMost));
  EXPECT_NE(before.find(" of 10.1.1."), std::string_view::npos) << "nothing of the application";
  EXPECT_NE(before.find("a command passes"), std::string_view::npos);
  std::istringstream in{std::string(before)};
  double last = 0;
  for (std::string line; std::getline(in, line);) {
    const double at = std::stod(line);
    EXPECT_GE(at, last) << "not in order";
    last = at;
  }
  EXPECT_GT(last, 1);
}

TEST(WholeGateTest, OnlyTheLastEventsAreKept) {
  LastEvents last;
  EXPECT_EQ(last.ToText(), "");
  const auto note = [&](unsigned i, Reason reason) {
    last.Note({.at = Time{std::chrono::hours(1) + std::chrono::milliseconds(i)},
               .what = "goes",
               .who = i,
               .peer = Address::V4(0x0a000001),
               .reason = reason});
  };
  note(1, Reason::kBanned);
  EXPECT_EQ(last.ToText(), "    0.001000 s  #1 of 10.0.0.1 goes, banned\n");
  for (unsigned i = 2; i <= 2 * LastEvents::kMost; ++i) note(i, Reason::kNone);
  const std::string told = last.ToText();
  EXPECT_EQ(told.rfind("    0.021000 s  #21 of 10.0.0.1 goes\n", 0), 0u) << told;
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'),
            static_cast<std::ptrdiff_t>(LastEvents::kMost));
  EXPECT_EQ(told.find("banned"), std::string::npos);
}

}  // namespace
}  // namespace headgate::whole
