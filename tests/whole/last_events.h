// The last that happened in a world, for whoever reads that it went wrong: who came, what the
// engine said to whom, what befell the server.
//
// Threads: one. Lifetime: plain value; what it is told is a literal. Memory: kMost events, and none
// is made text before somebody asks.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "policies/address.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate::whole {

struct WorldEvent {
  Time at{};
  const char* what = "";
  std::uint64_t who = 0;  // a connection of the gate's, by its number; 0: nobody
  Address peer{};         // its
  Reason reason = Reason::kNone;
};

class LastEvents {
 public:
  static constexpr std::size_t kMost = 20;

  void Note(const WorldEvent& event) { ring_[noted_++ % kMost] = event; }
  // A line for each, the oldest first.
  [[nodiscard]] std::string ToText() const;

 private:
  std::array<WorldEvent, kMost> ring_{};
  std::size_t noted_ = 0;
};

}  // namespace headgate::whole
