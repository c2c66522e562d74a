// One connection's place in the books, from accept to the end of its backend slot. Opaque outside
// policies/: the edges hold a TicketPtr and hand it back to the engine.
//
// Threads: fields of the first part are set before the ticket is handed out; the second belongs to
// the owner's thread; the third is guarded by the engine's admission lock (its owner, who alone
// writes names, reads them without).
// Lifetime: between OnAccept and the TicketDeleter, which gives everything back.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "policies/claimed_names.h"
#include "policies/engine.h"
#include "policies/keyed_hash.h"
#include "policies/login_lane.h"
#include "policies/pending.h"
#include "policies/prefix_counts.h"
#include "policies/slot_ledger.h"
#include "policies/source_table.h"
#include "policies/statement_book.h"
#include "policies/waiting_room.h"

namespace headgate {

class Ticket {
 public:
  static constexpr std::int64_t kBusy = INT64_MAX;

  enum class State : std::uint8_t {
    kPending,  // no complete login yet
    kWaiting,  // in the waiting room
    kLogin,    // holds slot and lane
    kIn,       // the server said OK
    kReauth,   // COM_CHANGE_USER: slot, and lane again
    kFailed,   // the server said no; the slot is held until the backend's end
    kOrphan,   // the client is gone; the slot is held until the backend's end
    kRefused,  // must go, or has gone
  };

  // Whether its slot is wanted back.
  enum class Reclaim : std::uint8_t {
    kNo,
    kIdle,  // when it is idle; the owner says no otherwise
    kLent,  // in any case, as soon as that can be
  };

  Ticket(Engine::Impl& e, ConnectionId connection, const Address& from, Arrival how, Time now)
      : engine(e), id(connection), peer(from), came(now), arrival(how) {}
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

  // Also whose pair became known-good while it was in. Of its owner, or under the admission lock.
  [[nodiscard]] bool IsProtected() const {
    return of_protected || trusted.load(std::memory_order_relaxed);
  }

  // In the lane and in the waiting room.
  [[nodiscard]] bool RanksAsKnownGood() const { return known_good && !slow; }
  [[nodiscard]] bool IsSlow() const { return known_good && slow; }

  // As SourceOf().
  [[nodiscard]] Address source() const { return SourceOf(peer); }
  // What is claimed.
  [[nodiscard]] PairKey pair() const { return {source(), claimed_user}; }
  // Of the last login that the server said OK to: who statements speak for.
  [[nodiscard]] PairKey proven() const { return {source(), proven_user}; }

  Engine::Impl& engine;
  const ConnectionId id;
  const Address peer;
  const Time came;
  const Arrival arrival;
  SourceTable::Handle entry = SourceTable::kOverflow;
  bool known_source = false;  // some user of it was known-good when it came
  bool exempt = false;
  bool reserved_source = false;  // in the networks of a class with a reserve
  // Whom the gate is there for: by its source, since its login by what that claimed. Written by its
  // owner under the admission lock. See IsProtected().
  bool of_protected = false;
  bool found = false;     // was there before this engine: asked nothing at the door, and no lane
  bool opaque = false;    // let in without being understood
  bool squeezed = false;  // refused by what a level above calm lays over [source]
  bool linked = false;    // got as far as the admission lock

  bool known_good = false;
  bool slow = false;                 // known-good, but its logins were slow: see SlowLogins
  bool counted = false;              // among the live sessions of its known-good entry
  bool live = false;                 // counted in the source's entry
  bool good = false;                 // counted as one of the source's logged-in sessions
  std::atomic<bool> trusted{false};  // proven() was known-good when last asked
  std::atomic<bool> in_transaction{false};
  std::atomic<Reclaim> reclaim{Reclaim::kNo};  // set under the admission lock, unset by the owner
  ClaimedNames names;
  std::uint64_t claimed_user = 0;               // as the hash has it
  std::uint64_t proven_user = 0;                // written under the admission lock
  std::atomic<std::int64_t> minute{INT64_MIN};  // the last one told to known-good
  // Since when it has neither run nor held anything, in ticks of Time; kBusy while it does. Changes
  // of user count for nothing.
  std::atomic<std::int64_t> idle_since{kBusy};
  // From its first login on: most of a flood never has one.
  std::unique_ptr<StatementBook> book;

  State state = State::kPending;
  Reason refused = Reason::kNone;  // why, in kRefused
  WaitingRoom::Tier tier = WaitingRoom::Tier::kOther;
  SlotLedger::ClassId class_id = 0;
  PrefixCounts::Handle prefix = PrefixCounts::kUncounted;
  PendingBudget::Place pending = PendingBudget::kRefused;
  WaitingRoom::Place place = WaitingRoom::kNowhere;
  Time waits_since{};
  Time waits_until = kNever;
  Time not_before{};
  Time wanted_back{};  // since when `reclaim` is not kNo
  SlotLedger::Lease slot;
  std::unique_ptr<LoginLane::Lease> lane;  // null: it has none
  Ticket* previous = nullptr;
  Ticket* next = nullptr;
};

}  // namespace headgate
