// The decision core's one door: asks the policies in their order (ban, source, prefix, class,
// global) and keeps the books of every connection from accept to the end of its backend slot.
//
// Who counts what: verdicts and wakeups that refuse or evict are counted and logged by the engine;
// the edge does not Count() them again. Ends the edge decides on are told with Count(); deadlines
// the edge keeps for the engine's limits are asked with Gate() first, as a limit may not act.
//
// Threads: every method may be called from any thread; calls for one Ticket come from its owner.
// Short locks inside, never two at once: trust (bans, known-good, pair locks), a shard of the
// sources, admission (pending, waiting, lane, slots). Sinks may be called under the last.
// Lifetime: the engine outlives all tickets; sinks outlive the engine.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/address.h"
#include "policies/ban_list.h"
#include "policies/event.h"
#include "policies/known_good_record.h"
#include "policies/latency_counts.h"
#include "policies/limits.h"
#include "policies/reason.h"
#include "policies/statement.h"
#include "policies/time.h"

namespace headgate {

// What to do with a connection now. kWait has the reason of what it waits for.
struct Verdict {
  enum class Kind : std::uint8_t { kAdmit, kWait, kRefuse };
  Kind kind = Kind::kAdmit;
  Reason reason = Reason::kNone;
};

// A secret the tables hash attacker-chosen keys with, and the seed for tie-breaks.
struct EngineSecrets {
  std::uint64_t key0 = 0;
  std::uint64_t key1 = 0;
};

// One connection's place in the books. Owned by the edge's session object, never moved.
// Destroying it gives everything back (as OnBackendEnded would).
class Ticket;
struct TicketDeleter {
  void operator()(Ticket* t) const;
};
using TicketPtr = std::unique_ptr<Ticket, TicketDeleter>;

// policies/tape.h
class Tape;
// policies/explain.h
struct ExplainQuestion;
struct Explanation;

struct AcceptResult {
  Verdict verdict;
  TicketPtr ticket;  // null when refused
};

struct ClassStatus {
  std::string name;
  std::uint32_t leases = 0, unproven = 0, reserve = 0, max = 0, waiting = 0;
  std::uint32_t lent = 0;     // of leases: in another class's reserve, or in an implicit one
  std::uint32_t may_use = 0;  // the most it can hold now: its max, less what is kept for others
  Duration expected_wait{};   // of somebody who starts to wait now; zero where nobody waits
  // Turned away since the class is there: logins that had been found to be of it, and commands.
  std::uint64_t refused_logins = 0, refused_commands = 0;
};

// A login in the waiting room.
struct WaitingStatus {
  Address peer;
  std::string user;  // claimed
  std::string class_name;
  std::uint32_t position = 0;  // in its class and tier, by fair turns; 1 is next
  Duration waited{};
  Duration expected{};  // until its turn, as places came free lately; its deadline at most
  Duration left{};      // until its deadline; Duration::max() where there is none
  bool known_good = false;
};

struct EngineStatus {
  std::uint32_t slots_capacity = 0;  // max_connections - keep_free, after lowering
  std::uint32_t server_max = 0;      // the server's max_connections; 0 = not known
  std::uint32_t foreign = 0;         // connections at the server that are not ours
  std::uint32_t former = 0;          // leases at a backend that was left
  std::uint32_t free_slots = 0;
  std::uint32_t implicit_pairs = 0, implicit_reserve = 0, implicit_unused = 0;
  bool implicit_binds = false;
  Level level = Level::kCalm;
  std::string level_cause;  // empty while calm; as Pressure::cause()
  Duration level_for{};     // how long it has been so
  std::uint64_t level_changes = 0;
  bool backend_up = true;
  double ramp = 0;           // logins a second while ramping up, else 0
  std::uint32_t leases = 0;  // orphans included
  std::uint32_t orphans = 0;
  std::uint32_t pending = 0, pending_max = 0;
  std::uint32_t waiting = 0, waiting_max = 0;
  std::uint32_t logins = 0, logins_max = 0;  // in progress at the backend
  std::uint32_t sources = 0, bans = 0, known_good = 0, locked_pairs = 0;
  std::uint32_t connections = 0;  // tickets alive
  std::vector<ClassStatus> classes;
  std::array<std::uint64_t, kReasonCount> acted{};      // exact counts of verdicts carried out
  std::array<std::uint64_t, kReasonCount> would_act{};  // dry-run and observe
  // Commands held for a while, then passed (those refused in the end are in `acted`).
  std::array<std::uint64_t, kReasonCount> delayed{};
  // Of `acted`: denials (IsDenial) of those the gate is there for, see Decision::of_protected.
  std::array<std::uint64_t, kReasonCount> of_protected{};
  bool protected_known = false;  // whether there is anybody of that kind
  // Of them: who waits for a slot now, and for how long already; how many bans bind them.
  std::uint32_t protected_waiting = 0, protected_banned = 0;
  Duration protected_longest_wait{};
  std::uint32_t statements_running = 0, statements_held = 0;
  std::uint32_t digests = 0, digests_max = 0;
  struct RuleStatus {
    std::string name;
    std::uint64_t acted = 0, would_act = 0;
  };
  std::vector<RuleStatus> rules;
  std::uint64_t accepted = 0, logins_ok = 0, logins_failed = 0;
  // Of the command phase: commands passed on to the server; statements (prepares as well) that it
  // answered with ERR; bytes of the commands that were answered, and of their answers.
  std::uint64_t commands = 0, statement_errors = 0, request_bytes = 0, answer_bytes = 0;
  LatencyStatus latency;
  // Seen lately, and not provided for in the limits.
  std::optional<SharedAddress> shared_address;
};

// What is known of one source just now.
struct SourceStatus {
  Address source;
  std::uint32_t pending = 0, waiting = 0;  // connections without a slot
  std::uint32_t logins = 0, in = 0;        // logging in, logged in
  std::uint32_t orphans = 0;
  std::uint64_t refused = 0;  // in about the last minute, dry runs included; see refusal_watch.h
  double refused_per_second = 0;
  Reason reason = Reason::kNone;  // of the last refusal
  bool acted = true;              // that one was carried out
  bool known_good = false;        // some user of it is
  std::optional<Time> banned_until;
  [[nodiscard]] std::uint32_t connections() const {
    return pending + waiting + logins + in + orphans;
  }
};
enum class SourceOrder : std::uint8_t { kRefused, kConnections };

// One connection.
struct SessionStatus {
  enum class State : std::uint8_t { kPending, kWaiting, kLogin, kIn, kOrphan, kEnding };
  ConnectionId id;
  Address peer;
  std::string user, database, class_name;  // claimed; empty before the login
  State state = State::kPending;
  Duration age{};     // since it was accepted
  bool busy = false;  // runs something, or holds a statement back
  Duration idle{};    // where it is in, and not busy
  bool in_transaction = false;
  bool known_good = false;
};

class Engine {
 public:
  Engine(std::shared_ptr<const Limits> limits, EngineSecrets secrets, Wakeups& wakeups,
         DecisionSink& decisions);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  // A new snapshot; live connections meet it at their next verdict. REQUIRES: at least one class.
  // The sizes of tables ([source] and [known_good] table_size) stay those of the constructor.
  void Publish(std::shared_ptr<const Limits> limits, Time now);
  [[nodiscard]] std::shared_ptr<const Limits> limits() const;

  // 1. A TCP connection completed its handshake, and where it came through a proxy that has named
  // `peer`. May evict others (Wakeups::Evicted).
  [[nodiscard]] AcceptResult OnAccept(ConnectionId id, const Address& peer, Time now,
                                      Arrival how = Arrival::kDirect);
  // One that another engine had let in when this one began to be told of its clients: asked nothing
  // at the door, and for no lane at its login. Not for those who come.
  [[nodiscard]] AcceptResult OnFound(ConnectionId id, const Address& peer, Arrival how, Time now);
  // How long it may take to its complete login packet, from accept.
  [[nodiscard]] Duration PendingDeadline(const Ticket& t) const;
  // 2. It asks for TLS. After kRefuse the connection has to be closed.
  [[nodiscard]] Verdict OnTlsHandshake(Ticket& t, Time now);
  // 3. The login packet is complete. kWait: Wakeups says later how it ended. On kAdmit (or a later
  // Admitted) the ticket holds a slot lease and a lane lease, and the edge opens the backend.
  [[nodiscard]] Verdict OnLogin(Ticket& t, const LoginClaim& claim, Time now);
  // 6. Before the end of a first login that has waited for its client for longer than kSlowLogin in
  // all since it was let in (not for the server). A known-good pair then ranks as a stranger, or as
  // a member of its class, in the lane and in the waiting room for a while. On no tape.
  static constexpr Duration kSlowLogin = std::chrono::seconds(1);
  void OnSlowLogin(Ticket& t, Time now);
  // The server said OK / the login ended otherwise. Both give the lane back; the slot stays
  // leased until OnBackendEnded. OnLoginFailed charges the pair and the source and counts
  // logins_failed; the reason the connection is then closed with is told with Count() as any other.
  void OnLoginOk(Ticket& t, Time now);
  // In place of OnLoginOk where nobody will know what came of the login, nor what follows: the lane
  // is given back, and the slot stays. It is no proof: the source earns nothing by it, and nothing
  // that it does is ever taken for idling.
  void OnOpaque(Ticket& t, Time now);
  void OnLoginFailed(Ticket& t, LoginFailure how, Time now);
  // COM_CHANGE_USER: admission asked again for the new user on the slot already held. Never kWait.
  // Then OnLoginOk or OnLoginFailed as above. After kRefuse the connection has to be closed.
  [[nodiscard]] Verdict OnChangeUser(Ticket& t, const LoginClaim& claim, Time now);
  // --- the command phase. Nothing here takes a lock that all threads share, nor allocates, but for
  // a digest seen for the first time, a statement that has to wait, and after a reload.
  // A command, before it is passed on. Commands are asked about one at a time, in order: after
  // kHold and kMore the same one again. After kPass it counts as running until OnAnswer.
  [[nodiscard]] CommandVerdict OnCommand(Ticket& t, const CommandFacts& facts, Time now);
  // The held command again: its time has come, or Wakeups::Ready did. Never kMore. Ready may come
  // late: REQUIRES a command that is held now.
  [[nodiscard]] CommandVerdict OnHeld(Ticket& t, Time now);
  // Its answer is complete; of long data: all of it has been sent on.
  void OnAnswer(Ticket& t, const AnswerFacts& facts, Time now);
  // About every 100 ms for every connection in the command phase, and at once when its client goes
  // or an answer passes the verdict's result_limit. A verdict is given once, then kNone until what
  // it was about has changed.
  [[nodiscard]] SweepVerdict OnSweep(Ticket& t, const SweepFacts& facts, Time now);
  // The deadline of an admitted login's class, as the limits are now. Pure: counts nothing.
  [[nodiscard]] StatementLimit LimitOf(const Ticket& t) const;
  // What "auto" follows, and what is going on at the server beside us.
  void OnServerFacts(const ServerFacts& facts, Time now);
  // While the backend is down logins are refused at once (kBackendUnreachable), those who wait as
  // well. When it is up again they are let in by [slots] start_ramp.
  void OnBackend(bool up, Time now);
  // Another server from now on: what is leased at the one before is no slot of this one. Leases end
  // as they did; OnServerFacts() tells of the new one.
  void OnBackendSwitched(Time now);
  // Another gate of ours is being replaced by this one: it holds, or may yet take, `all` of the
  // slots, of which a list of the server's connections may not show `unseen` yet.
  void OnElsewhere(std::uint32_t all, std::uint32_t unseen, Time now);
  // This gate is being replaced. From the first call on it keeps to the slots that it holds, and
  // some that are free for those who wait or have not logged in yet, and `unnamed` more that the
  // engine has not heard of. Each further call gives up what is not needed any more.
  struct Share {
    std::uint32_t leases = 0;  // held now, those at a former backend included
    std::uint32_t most = 0;    // it will never hold more again
  };
  [[nodiscard]] Share Confine(std::size_t unnamed, Time now);
  void Unconfine(Time now);
  // What the observer sees on the wire: SYNs a second, and whether an anomaly about connections
  // stands (Anomaly::Presses). At least every ten seconds, or it is forgotten.
  void OnWire(double syn_per_second, bool anomaly, Time now);
  [[nodiscard]] Level level() const;

  // For the state file. Restore() before the first connection; `elapsed` since they were taken.
  [[nodiscard]] std::vector<KnownGoodRecord> ExportKnownGood(Time now) const;
  void RestoreKnownGood(const std::vector<KnownGoodRecord>& records, Duration elapsed, Time now);
  // EngineStatus::sources and ::connections alone.
  [[nodiscard]] std::uint32_t TrackedSources() const;
  [[nodiscard]] std::uint32_t Connections() const;
  // Who is connected or was turned away lately, the greatest first.
  [[nodiscard]] std::vector<SourceStatus> Sources(std::size_t limit, SourceOrder order,
                                                  Time now) const;
  // Those that run something first, then those in a transaction, then the oldest.
  [[nodiscard]] std::vector<SessionStatus> Sessions(std::size_t limit, Time now) const;
  // Who waits, those who are next in front.
  [[nodiscard]] std::vector<WaitingStatus> Waiting(std::size_t limit, Time now) const;
  // The (class, digest) rows with the largest total running time first.
  [[nodiscard]] std::vector<DigestRow> Digests(std::size_t limit, Time now) const;

  // A statement was answered without error: what known-good is earned by. OnAnswer does it. Cheap:
  // no lock except on the first one of a minute.
  void OnStatementCompleted(Ticket& t, Time now);

  // The client is gone. Before a backend exists everything is given back; after, the slot counts
  // as an orphan until OnBackendEnded.
  void OnClientGone(Ticket& t, Time now);
  // The backend connection has really ended (its FIN or RST came). The slot is free.
  void OnBackendEnded(Ticket& t, Time now);

  // An end the edge decided on (protocol error, deadline, drain ...): counted and logged; refusals
  // are charged to the source. Does not release anything by itself.
  void Count(const Ticket& t, Reason reason, Time now);
  void Count(Reason reason, const Address& peer, Time now);

  // Whether an end that one of the limits asks for (kPendingDeadline, kLoginDeadline) is to be
  // carried out; false where the limit does not act. Counts and logs it either way, once a call.
  [[nodiscard]] bool Gate(const Ticket& t, Reason reason, Time now);

  // Due work: waiting deadlines, delayed logins, lane rate, expiry. Call about every 20 ms, and at
  // once after NextWork() says so. Returns when it wants to be called next.
  Time OnTick(Time now);

  // Operator's acts. Ban() evicts all connections out of the network, logged in or not, and binds
  // known-good, never_ban and exempt sources as well; only mode = observe keeps it from acting.
  // REQUIRES: a source's network or a wider one. False: the list is full of other operator's bans.
  bool Ban(const Cidr& network, Duration how_long, std::string_view reason, Time now);
  [[nodiscard]] bool Unban(const Cidr& network, Time now);
  std::size_t UnbanAll(Time now);
  [[nodiscard]] std::vector<BanInfo> Bans(Time now) const;
  // For the state file; those that have ended and are still counted as well.
  [[nodiscard]] std::vector<BanRecord> ExportBans(Time now) const;
  // What an earlier run left, before the first connection: nobody is evicted for it. The gate's own
  // are left out where it would not ban today: never_ban, exempt, proxies. With one that is there
  // already it becomes one.
  void RestoreBans(const std::vector<BanRecord>& bans, Duration elapsed, Time now);
  // Another number whenever a ban was made, made longer or lifted, and with new limits; ends by
  // time do not count. Cheap.
  [[nodiscard]] std::uint64_t BanVersion() const;
  [[nodiscard]] EngineStatus Status(Time now) const;
  // From now on every call that changes something is told to `tape` (null: to none), behind what is
  // there already: known-good pairs, bans, facts of the server, connections (not what they run, nor
  // rates, pair locks and the level). Returns how many connections that were. Calls that are under
  // way meanwhile may be told to nobody. Calls are made one after the other while there is a tape.
  // None goes to the one before when this returns. Not from within a call of the tape or of a sink.
  std::uint32_t SetTape(Tape* tape, Time now);
  // What one source, and one login of it, meets now. Takes, counts and tells nothing. Of those who
  // wait, what time has freed since the last OnTick() is not seen.
  [[nodiscard]] Explanation Explain(const ExplainQuestion& question, Time now) const;
  [[nodiscard]] static ConnectionId IdOf(const Ticket& t);

 private:
  friend class Ticket;
  friend struct TicketDeleter;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate
