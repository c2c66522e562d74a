// How two policies that are told the same compare: what only the one did, what only the other, and
// what both did, by the limit that did it.
//
// The one is live: what it did stands in what it told (Told::decided). The other is a candidate in
// a Reenactment, whose outcomes come here. What does not act, a dry run, is nothing either did.
//  * What both do to the same connection in the same way within kPatience is one thing that both
//    did, by the candidate's limit; whoever turns a client away at the door is compared with what
//    becomes of it until it is in.
//  * Whom the candidate has ended is gone for it: counted once, by that limit, whatever the live
//    policy does to that client later. The same holds for a statement, until the next one.
//  * Whom only the live policy turned away would do things under the candidate that nobody knows.
// Ends that no limit decides (a client that leaves, a server that says no) are not compared.
//
// Threads: one. Lifetime: a few hundred bytes for each connection open at once, kMostConnections of
// them; beyond, what the candidate does is counted at once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include "policies/engine_event.h"
#include "policies/outcome.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate {

struct ContrastCounts {
  enum class Whose : std::uint8_t { kCandidate, kLive, kBoth };
  static constexpr std::size_t kWhose = 3;
  // Turned away: a client or a statement was refused, or ended. Made to wait: it went on later.
  enum class How : std::uint8_t { kTurnedAway, kMadeWait };
  static constexpr std::size_t kHow = 2;

  struct Cell {
    std::uint64_t all = 0;
    std::uint64_t of_protected = 0;  // of them: see Decision::of_protected, by either policy
  };
  std::array<std::array<std::array<Cell, kWhose>, kHow>, kReasonCount> cells{};

  [[nodiscard]] const Cell& At(Reason reason, How how, Whose whose) const {
    return cells[static_cast<std::size_t>(reason)][static_cast<std::size_t>(how)]
                [static_cast<std::size_t>(whose)];
  }
  [[nodiscard]] Cell& At(Reason reason, How how, Whose whose) {
    return cells[static_cast<std::size_t>(reason)][static_cast<std::size_t>(how)]
                [static_cast<std::size_t>(whose)];
  }
  // Over all reasons.
  [[nodiscard]] Cell Sum(How how, Whose whose) const;
};

// Whether a limit decides it: others are the same under any policy.
[[nodiscard]] bool IsOfLimit(Reason reason);

class PolicyContrast : public OutcomeSink {
 public:
  static constexpr Duration kPatience = std::chrono::seconds(2);
  static constexpr std::size_t kMostConnections = std::size_t{200} * 1000;

  // Around each event that the Reenactment is given, in order.
  void Before(const EngineEvent& event, const Told& told);
  void After(const EngineEvent& event, const Told& told);
  // Of the candidate, between the two.
  void OnOutcome(const Outcome& outcome) override;
  // Connections are others from now on: what is not settled yet is dropped, the counts stay.
  void Forget();

  [[nodiscard]] const ContrastCounts& counts() const { return counts_; }

 private:
  using Whose = ContrastCounts::Whose;
  using How = ContrastCounts::How;
  // What it is done to: each has at most one act that is not settled.
  enum class To : std::uint8_t { kConnection, kStatement, kLogin, kCommand };
  static constexpr std::size_t kTo = 4;
  static constexpr std::size_t kMostDue = std::size_t{64} * 1024;

  struct Act {
    std::uint64_t number = 0;  // 0: there is none
    Whose whose = Whose::kCandidate;
    Reason reason = Reason::kNone;
    bool of_protected = false;
  };
  struct Connection {
    std::array<Act, kTo> open;
    Reason queued = Reason::kNone, held = Reason::kNone;  // by the live policy
    bool in = false;                                      // the server has said OK
    bool gone = false;                                    // for the candidate
    bool stopped = false;                                 // its statement, by the candidate
    bool of_protected = false;
  };
  struct Due {
    Time at{};
    ConnectionId id;
    To to = To::kConnection;
    std::uint64_t number = 0;
  };
  using Key = std::pair<std::uint32_t, std::uint64_t>;

  static To ToWhat(Reason reason);
  [[nodiscard]] Connection* Find(ConnectionId id);
  void Note(Whose whose, ConnectionId id, To to, Reason reason, bool of_protected);
  void OnLive(const EngineEvent& event, const Told& told, const Decided& d);
  void FollowCommand(ConnectionId id, Connection& c, const Told& told);
  void Settle(To to, Act& act);
  void SettleDue();
  void End(ConnectionId id);
  void Count(To to, Whose whose, Reason reason, bool of_protected);

  ContrastCounts counts_;
  absl::flat_hash_map<Key, Connection> connections_;
  std::deque<Due> due_;
  std::uint64_t number_ = 0;
  Time latest_{};
};

}  // namespace headgate
