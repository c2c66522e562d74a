// The entry for the engine: what happens, to whom, when, and what is drawn for it come from the
// input; the simulation's second set of books checks every grant and, after each event, all
// figures.
#include <array>
#include <chrono>
#include <iostream>
#include <vector>

#include "tests/fuzz/entries.h"
#include "tests/support/simulation.h"

namespace headgate::mysql::fuzz {
namespace {

using headgate::testing::Happening;
using headgate::testing::Happens;
using headgate::testing::Simulation;

constexpr std::size_t kEventBytes = 5;
constexpr std::size_t kMostEvents = 600;  // what is found in more is found by the simulation
constexpr std::size_t kWorldBytes = 2;

// What a byte names: more of what connections live through than of what befalls the gate.
constexpr std::array<Happens, 32> kHappens{
    Happens::kConnect,      Happens::kConnect,      Happens::kConnect,     Happens::kConnect,
    Happens::kConnect,      Happens::kLogin,        Happens::kLogin,       Happens::kLogin,
    Happens::kLogin,        Happens::kLogin,        Happens::kAnswerLogin, Happens::kAnswerLogin,
    Happens::kAnswerLogin,  Happens::kAnswerLogin,  Happens::kAct,         Happens::kAct,
    Happens::kAct,          Happens::kAct,          Happens::kAct,         Happens::kAct,
    Happens::kAnswerReauth, Happens::kAnswerReauth, Happens::kEnd,         Happens::kEnd,
    Happens::kGiveUp,       Happens::kTick,         Happens::kTick,        Happens::kSynRate,
    Happens::kServerFacts,  Happens::kBackend,      Happens::kReload,      Happens::kBan};
constexpr std::array<Happens, 2> kSeldom{Happens::kSwitch, Happens::kUnban};

Happens WhatOf(std::uint8_t byte) {
  return byte >= 254 ? kSeldom[byte - 254u] : kHappens[byte % kHappens.size()];
}

Duration PauseOf(std::uint8_t byte) {
  const auto n = static_cast<std::int64_t>(byte);
  if (byte < 160) return std::chrono::microseconds(n * 10);
  if (byte < 240) return std::chrono::milliseconds((n - 159) * 10);
  return std::chrono::seconds((n - 239) * 4);
}

void CheckWorld(const Simulation& world, bool fine) {
  if (!fine) std::cerr << "engine: " << world.wrong() << "\n";
  Check(fine);
}

}  // namespace

// Two bytes for the world, then for each event: what, whom of the last 256 who came, two bytes for
// what is drawn, and the time since the one before.
void FuzzEngine(Bytes in) {
  Reader reader(in);
  if (reader.size() < kWorldBytes) return;
  Simulation world(reader.U16());
  world.LookClosely();
  std::vector<std::uint64_t> came;
  Time at{std::chrono::hours(1)};
  for (std::uint64_t i = 0; reader.size() >= kEventBytes && i < kMostEvents; ++i) {
    Happening h;
    h.what = WhatOf(reader.U8());
    const std::uint8_t whom = reader.U8();
    h.number = i << 16 | reader.U16();
    h.at = at += PauseOf(reader.U8());
    if (h.what == Happens::kConnect) came.push_back(h.number + 1);
    if (!came.empty()) h.who = came[came.size() - 1 - whom % came.size()];
    if (h.what == Happens::kConnect) h.who = h.number + 1;
    CheckWorld(world, world.Replay(h));
  }
  CheckWorld(world, world.Finish());
}

}  // namespace headgate::mysql::fuzz
