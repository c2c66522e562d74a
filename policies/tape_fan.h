// Several tapes in the place that an engine has for one: a record and a shadow policy, say.
//
// Threads: any, but not from within a call of a tape. Lifetime: the engine that tapes were added to
// outlives the last one's Remove(); a tape outlives its own.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

#include "policies/engine.h"
#include "policies/tape.h"

namespace headgate {

class TapeFan {
 public:
  // As Engine::SetTape(): it is told what there is, alone, and from then on what happens, as the
  // others are. Returns how many connections are there. REQUIRES: it is not there yet.
  std::uint32_t Add(Tape& tape, Engine& engine, Time now);
  // Nothing goes to it any more when this returns. One that is not there is left alone. `now`:
  // about.
  void Remove(Tape& tape, Engine& engine, Time now);

 private:
  // What the engine has for its tape. It is not changed while it is: the engine goes over from one
  // to the other between two events, so nobody misses one, nor hears one twice.
  struct All : Tape {
    void On(const EngineEvent& event, const Told& told) override;
    std::vector<Tape*> tapes;
    Tape* newest = nullptr;  // who is to be told what there is
  };
  std::uint32_t Use(std::vector<Tape*> tapes, Tape* newest, Engine& engine, Time now);

  std::mutex mutex_;  // Add and Remove, one at a time
  std::array<All, 2> all_;
  std::size_t used_ = 0;
};

}  // namespace headgate
