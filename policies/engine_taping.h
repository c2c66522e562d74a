// What the call that goes on an engine's tape reaches and decides.
//
// Threads: as it says. Lifetime: of the engine, which what it passes on to outlives.
#pragma once

#include <atomic>
#include <mutex>
#include <vector>

#include "policies/engine_event.h"
#include "policies/event.h"
#include "policies/tape.h"
#include "policies/ticket.h"

namespace headgate {

// Whose call it is.
struct Caller {
  Caller() = default;
  explicit Caller(ConnectionId connection) : id(connection) {}
  explicit Caller(const Ticket& t) : id(t.id), ticket(&t) {}
  ConnectionId id;
  const Ticket* ticket = nullptr;
};

// In order.
struct CallNotes {
  std::vector<Wakeup> woke;
  std::vector<Decided> decided;
};

// Passes on whom a call reaches and what it decides; where it goes on a tape, notes that as well.
class Witness : public Wakeups, public DecisionSink {
 public:
  Witness(Wakeups& to, DecisionSink& sink) : to_(to), sink_(sink) {}
  void Admitted(ConnectionId id) override;
  void Refused(ConnectionId id, Reason reason) override;
  void Evicted(ConnectionId id, Reason reason) override;
  void Ready(ConnectionId id) override;
  void Reclaim(ConnectionId id) override;
  void OnSharedAddress(const SharedAddress& found) override { sink_.OnSharedAddress(found); }
  void OnLevel(const LevelChange& change) override { sink_.OnLevel(change); }
  void OnBan(const BanMade& ban) override { sink_.OnBan(ban); }
  void OnDecision(const Decision& d) override;

  // Of the call that this thread is in; null: it goes on none.
  static thread_local CallNotes* notes;

 private:
  Wakeups& to_;
  DecisionSink& sink_;
};

// The tape that there is, and what is held for a call that goes on it.
struct EngineTaping {
  std::atomic<Tape*> to{nullptr};
  std::mutex mutex;  // for the whole call, before all other locks; what follows is under it
  Time at{};         // of the last call
  CallNotes notes;   // of the call
};

}  // namespace headgate
