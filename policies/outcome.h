// What a policy made of what happened to it: one line for each that it turned away, made wait, held
// back, ended or banned.
//
// Threads: plain values. Lifetime: views inside are only valid during the call they are passed to.
#pragma once

#include <cstdint>
#include <string_view>

#include "policies/event.h"

namespace headgate {

struct Outcome {
  enum class What : std::uint8_t {
    kRefused,  // at the door, a login, a command
    kQueued,   // a login waited, and got in
    kDelayed,  // a command was held back, and passed on
    kEvicted,  // a connection had to go for another, or for a ban
    kKilled,   // a statement was ended
    kClosed,   // a session was ended
    kBanned,   // a source
    kNoted,    // a rule or [shape] that only logs
  };
  Time at{};
  What what = What::kRefused;
  Reason reason = Reason::kNone;
  bool enforced = true;  // false: the limit does not act, and nothing came of it
  ConnectionId id;       // {}: of a source
  Address peer;
  std::string_view user, class_name;  // claimed; empty before the login packet
  std::uint64_t digest = 0;           // of the statement it is about; 0 = about none
  std::string_view rule;
  bool of_protected = false;  // as Decision::of_protected
  Duration how_long{};        // of kQueued and kDelayed
  // Of those: how far behind itself the connection then is in all. Many short waits add up where
  // the client has no pause between them.
  Duration behind{};
  // Of those: it was still waiting when its client left, or when there was no more to be seen.
  bool unfinished = false;
};
// "refused", "queued" ...
[[nodiscard]] std::string_view Name(Outcome::What what);

class OutcomeSink {
 public:
  virtual ~OutcomeSink() = default;
  virtual void OnOutcome(const Outcome& outcome) = 0;
  virtual void OnLevel(const LevelChange&) {}
  // It is not in the candidate's world any more, or never got in: no more comes of it.
  virtual void OnGone(ConnectionId) {}
};

// What comes of these the verdict tells, and no decision by itself.
constexpr bool VerdictTells(Reason r) {
  return r == Reason::kRule || r == Reason::kShapeLog || r == Reason::kShapeDelay;
}

}  // namespace headgate
