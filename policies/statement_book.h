// One connection's part of the query guard: the commands that were passed on and are not answered
// yet, the one that is being asked about or held back, and what the login has open.
//
// A server runs a connection's commands one after another, so a connection counts once where
// statements running are counted, however many it has sent ahead; and a command's time begins when
// it was passed on or the one before it ended, whichever was later.
//
// Threads: the connection's owner. Lifetime: part of the ticket; QueryGuard::End() gives back what
// it holds, before the guard goes. Memory: about 170 bytes, and 70 for a
// command that is asked about, 120 for one that runs. Connections that send commands ahead take 256
// more, kept from then on.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "policies/digest_table.h"
#include "policies/on_demand.h"
#include "policies/query_account.h"
#include "policies/query_snapshot.h"
#include "policies/small_ring.h"
#include "policies/statement.h"
#include "policies/statement_queue.h"

namespace headgate {

// Where a statement has a place among those running: a bit each, of the scopes and of the digest.
using Places = std::uint8_t;
inline constexpr std::size_t kDigestPlace = kScopes;
constexpr Places PlaceBit(std::size_t i) { return static_cast<Places>(1U << i); }

// What a statement was charged of the running time of each scope, and by which rate (0: nothing).
struct BusyCharges {
  std::array<double, kScopes> rate{};
  std::array<Duration, kScopes> charged{};
};

// A command that was passed on and whose answer is not complete.
struct RunningCommand {
  CommandKind command = CommandKind::kOther;
  bool counted = false;       // as a statement running
  bool digest_place = false;  // holds one of its digest's
  bool prepared = false;      // counted as an open statement, unless it fails
  QueryReasons told = 0;      // sweeps' verdicts that were given: each once
  QueryReasons wished = 0;    // and those that were not carried out
  StatementMark mark;
  DigestTable::Pin digest;
  Time passed{};
  Time swept{};                        // looked at last
  Duration waited = Duration::zero();  // for locks, or for the rest of it: not charged
  BusyCharges charges;
};

// The command that is being asked about, or held back.
struct PendingCommand {
  CommandKind command = CommandKind::kOther;
  bool limited = false;         // keeps the server busy and is none of those never delayed
  bool in_transaction = false;  // and so is never held
  bool prepared = false;        // counted as an open statement already
  bool asked = false;           // everything before its text was; it is being asked about
  bool held = false;
  QueryReasons told = 0;          // limits that do not act and have been counted for this command
  Reason reason = Reason::kNone;  // it is held for
  StatementMark mark;
  DigestTable::Pin digest;
  std::uint64_t packet_limit = 0;  // bytes it may have with what continues it; 0: any number
  Time not_before{};               // its rate's token is due then, a rule's delay over
  Time deadline{};                 // longest hold
};

// By a rule or its shape: statements that are limited, and none inside a transaction.
[[nodiscard]] inline bool MayHold(const PendingCommand& p) {
  return p.limited && RunsSql(p.command) && !p.in_transaction;
}

// The commands passed on, oldest first: as many as the session follows answers of.
// An idle connection has none of them.
using RunningCommands = SmallRing<OnDemand<RunningCommand>, 32>;

struct StatementBook {
  explicit StatementBook(std::uint32_t owner) : thread(owner) {}

  const std::uint32_t thread;  // its owner

  // What it goes by; kept up to date with the guard's.
  std::shared_ptr<const QuerySnapshot> snapshot;
  const QuerySnapshot::Class* limits = nullptr;  // of its class, in `snapshot`
  std::uint64_t class_tag = 0;                   // for the digest table

  // Accounts, leased as far as the limits need them.
  std::array<AccountTable::Lease, kScopes> accounts;
  AccountTable::Lease source_account;  // over all classes: prepared statements
  std::uint64_t leased_tag = 0;        // the class they are of
  bool leased = false;                 // as `limits` need them

  std::unique_ptr<StatementQueue::Waiter> waiter;  // while it waits for a place
  OnDemand<PendingCommand> pending;
  RunningCommands running;
  OnDemand<RunningCommand> upload;  // long data that has not been sent on: behind all of them
  std::uint32_t counted = 0;        // of `running`, and the upload
  Places places = 0;                // of the connection, while any is counted
  std::uint32_t prepared = 0;       // open statements, those being prepared included
  bool in_transaction = false;
  Time last_end{};  // of the answer before, or the login
  Time active{};    // of the last command or answer

  // Sweeps' verdicts on the connection that stand, and those that were not carried out.
  QueryReasons told = 0, wished = 0;
};

// Neither runs nor takes anything.
[[nodiscard]] inline bool IsQuiet(const StatementBook& b) {
  return b.running.empty() && !b.upload->counted;
}

// How long the client has left half sent what is all that there is to do; zero: it has not, or not
// for long enough to be more than what networks do.
[[nodiscard]] inline Duration StandsStillFor(const StatementBook& b, Duration client_silent,
                                             Time now) {
  constexpr Duration kLeast = std::chrono::seconds(1);
  const Duration silent = std::min(client_silent, now - b.active);
  const bool alone = b.running.size() + (b.upload->counted ? 1 : 0) == 1;
  return alone && silent >= kLeast ? silent : Duration::zero();
}

// How long the oldest command has run, without what it waited for.
[[nodiscard]] inline Duration RunFor(const StatementBook& b, const RunningCommand& r, Time now) {
  return std::max(now - std::max(r.passed, b.last_end) - r.waited, Duration::zero());
}

}  // namespace headgate
