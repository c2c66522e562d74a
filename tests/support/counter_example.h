// When a simulated world goes wrong: the same world again with events left out, as long as it goes
// wrong in the same way (delta debugging: Zeller, Hildebrandt, "Simplifying and Isolating
// Failure-Inducing Input", 2002), and what is left told line by line.
//
// Threads: one. Lifetime: plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/support/simulation.h"

namespace headgate::testing {

struct CounterExample {
  std::uint64_t seed = 0;
  std::string wrong;
  std::size_t of = 0;  // events there were
  std::uint32_t replays = 0;
  std::vector<Happening> events;   // that are left
  std::vector<std::string> story;  // what happens in them: when, to whom, what
};

// Where to stop, however long the sequence still is.
struct MinimiserBounds {
  std::uint32_t replays = 3000;
  std::chrono::seconds time{60};
};

// REQUIRES: `failed` is wrong.
[[nodiscard]] CounterExample Minimise(const Simulation& failed, MinimiserBounds bounds = {});

// What is wrong after these events, and only these, in the world of this seed; empty if nothing.
[[nodiscard]] std::string WrongAfter(std::uint64_t seed, ShadowBook::Fault fault,
                                     const std::vector<Happening>& events);

[[nodiscard]] std::string ToText(const CounterExample& e);

inline constexpr std::size_t kLastEvents = 20;

// What is wrong, the seed, and what its last events were, with nothing left out before them: the
// world is played again, and told from there.
// REQUIRES: `failed` is wrong.
[[nodiscard]] std::string LastEvents(const Simulation& failed);

}  // namespace headgate::testing
