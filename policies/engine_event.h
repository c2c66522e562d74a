// What the edges tell an engine, as values: each call that changes something in it, in the order
// the calls were made. The live gate's tape, a trace file and a capture speak this one language;
// Reenactment puts it to another engine.
//
// What cannot change an engine (Status, Explain, PendingDeadline ...) is no event. A connection's
// events begin with Accepted and end with Forgotten; of one refused at the door the first is all.
//
// Threads: plain values. Lifetime: views and pointers inside are only valid during the call that an
// event is passed to; what it points to is whose call it was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "policies/ban_list.h"
#include "policies/event.h"
#include "policies/known_good_record.h"
#include "policies/limits.h"
#include "policies/statement.h"
#include "policies/time.h"

namespace headgate {

// Each is a method of Engine, by its name and with its arguments.
namespace event {

// --- of a connection
struct Accepted {  // OnAccept
  Address peer;
  Arrival how = Arrival::kDirect;
  bool found = false;  // OnFound
};
struct TlsHandshake {};
struct Login {
  LoginClaim claim;
};
struct LoginOk {};
struct Opaque {};
struct LoginFailed {
  LoginFailure how = LoginFailure::kAccessDenied;
};
struct ChangeUser {
  LoginClaim claim;
};
struct Command {
  CommandFacts facts;
};
struct Held {};
struct Answer {
  AnswerFacts facts;
};
struct Sweep {
  SweepFacts facts;
};
struct StatementCompleted {};
struct ClientGone {};
struct BackendEnded {};
struct Ended {  // Count() with its ticket: an end that the edge decided on
  Reason reason = Reason::kNone;
};
struct Gated {
  Reason reason = Reason::kNone;
};
struct Forgotten {};  // its ticket is given back: nothing more is heard of it

// --- of nobody in particular
struct Counted {  // Count() without a ticket
  Reason reason = Reason::kNone;
  Address peer;
};
struct Tick {};
struct ServerTold {  // OnServerFacts
  ServerFacts facts;
};
struct Backend {
  bool up = true;
};
struct BackendSwitched {};
struct Elsewhere {
  std::uint32_t all = 0, unseen = 0;
};
struct Confined {
  std::size_t unnamed = 0;
};
struct Unconfined {};
struct Wire {
  double syn_per_second = 0;
  bool anomaly = false;
};
struct Ban {  // by an operator
  Cidr network;
  Duration how_long{};
  std::string_view reason;
};
struct Unban {
  Cidr network;
};
struct UnbanAll {};
struct KnownGoodRestored {  // keyed by the secrets of whose call it was
  const std::vector<KnownGoodRecord>* records = nullptr;
  Duration elapsed{};
};
struct BansRestored {
  const std::vector<BanRecord>* bans = nullptr;
  Duration elapsed{};
};
// Publish(): other limits from now on. Null where they are not known, as in a trace file.
struct Reloaded {
  std::shared_ptr<const Limits> limits;
};

}  // namespace event

struct EngineEvent {
  Time at{};
  ConnectionId id;  // of the events of a connection; else {}
  std::variant<event::Accepted, event::TlsHandshake, event::Login, event::LoginOk, event::Opaque,
               event::LoginFailed, event::ChangeUser, event::Command, event::Held, event::Answer,
               event::Sweep, event::StatementCompleted, event::ClientGone, event::BackendEnded,
               event::Ended, event::Gated, event::Forgotten, event::Counted, event::Tick,
               event::ServerTold, event::Backend, event::BackendSwitched, event::Elsewhere,
               event::Confined, event::Unconfined, event::Wire, event::Ban, event::Unban,
               event::UnbanAll, event::KnownGoodRestored, event::BansRestored, event::Reloaded>
      what;
};

template <typename T>
bool Is(const EngineEvent& e) {
  return std::holds_alternative<T>(e.what);
}

// A connection that a call reached, by Wakeups.
struct Wakeup {
  enum class Kind : std::uint8_t { kAdmitted, kRefused, kEvicted, kReady, kReclaim };
  Kind kind = Kind::kAdmitted;
  ConnectionId id;
  Reason reason = Reason::kNone;
  bool operator==(const Wakeup&) const = default;
};

// What was decided on the way to an answer.
struct Decided {
  ConnectionId id;  // {}: of a source, or not known
  Reason reason = Reason::kNone;
  bool enforced = true;
  bool of_protected = false;  // see Decision
};

// What an engine said to an event: whatever it answered, and whom it woke meanwhile.
struct Told {
  enum class Of : std::uint8_t {
    kUnknown,  // nobody was asked: of packets
    kNothing,  // it is a call without an answer
    kVerdict,
    kCommand,
    kSweep,
    kYesNo,
  };
  Of of = Of::kUnknown;
  std::uint8_t kind = 0;  // Verdict::Kind, CommandVerdict::Kind, SweepVerdict::Kind; of kYesNo 0, 1
  Reason reason = Reason::kNone;
  Time until{};                // of a command's kHold
  std::uint64_t look = 0;      // of a command's kMore
  std::vector<Wakeup> woke{};  // in order
  // Of a live engine alone, in no trace, and not compared: whether the connection is one of those
  // whom the gate is there for, and what was decided, in order.
  bool of_protected = false;
  std::vector<Decided> decided{};
  bool operator==(const Told& o) const {
    return of == o.of && kind == o.kind && reason == o.reason && until == o.until &&
           look == o.look && woke == o.woke;
  }

  static Told Nothing() { return {.of = Of::kNothing}; }
  static Told Be(bool yes) {
    return {.of = Of::kYesNo, .kind = static_cast<std::uint8_t>(yes ? 1 : 0)};
  }

  [[nodiscard]] bool Is(CommandVerdict::Kind k) const {
    return of == Of::kCommand && kind == static_cast<std::uint8_t>(k);
  }
};

}  // namespace headgate
