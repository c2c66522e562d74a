// An engine's two listeners when nobody listens: for tests and benchmarks that ask it directly.
//
// Threads: any; they hold nothing. Lifetime: outlive the engine that is given them.
#pragma once

#include "policies/engine.h"

namespace headgate {

class NoWakeups : public Wakeups {
 public:
  void Admitted(ConnectionId) override {}
  void Refused(ConnectionId, Reason) override {}
  void Evicted(ConnectionId, Reason) override {}
  void Ready(ConnectionId) override {}
  void Reclaim(ConnectionId) override {}
};

class NoDecisions : public DecisionSink {
 public:
  void OnDecision(const Decision&) override {}
};

}  // namespace headgate
