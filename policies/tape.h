// Where an engine's calls are told, each with what came of it: for a record, or for another policy
// that decides beside this one.
//
// Threads: On() is called under a lock of the engine's own, from whatever thread called it, one at
// a time, in the order that the calls were made. It must not block, nor call the engine. Lifetime:
// outlives its place there (Engine::SetTape).
#pragma once

#include "policies/engine_event.h"

namespace headgate {

class Tape {
 public:
  virtual ~Tape() = default;
  // Views in `event` are valid during the call. A command's text was looked at already (glance).
  virtual void On(const EngineEvent& event, const Told& told) = 0;
};

}  // namespace headgate
