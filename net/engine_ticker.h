// Calls Engine::OnTick() when the engine wants it, and at least each 20 ms.
//
// Threads: its loop's. Lifetime: the engine outlives the run of the loop.
#pragma once

#include <algorithm>
#include <chrono>

#include "net/clock.h"
#include "net/loop.h"
#include "policies/engine.h"

namespace headgate::net {

class EngineTicker {
 public:
  EngineTicker(Loop& loop, Engine& engine) : engine_(engine), timer_(loop) {}

  void Start() {
    const Time now = Now();
    timer_.SetAt(now + std::clamp<Duration>(engine_.OnTick(now) - now, kTick / 20, kTick),
                 [this] { Start(); });
  }

 private:
  static constexpr Duration kTick = std::chrono::milliseconds(20);

  Engine& engine_;
  LoopTimer timer_;
};

}  // namespace headgate::net
