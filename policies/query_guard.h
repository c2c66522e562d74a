// What a login may run, and for how long: asks the limits of [query], the rules and [shape] about
// every command, keeps the books of what runs, and says what has to end.
//
// The order: refuse_commands, packet, prepared, prepared_per_source; then the text is looked at;
// rate (of the source, the user, the class), rules, shape; and last what may have to be waited for:
// busy (three), running (three), digest_running. What a rule or its shape refuses so never stands
// in a queue before, and what waits holds no place: all places are taken at once, or none.
//
// Held back, at most `wait` long, are only commands that run SQL outside a transaction. Inside one
// rate and busy may run into debt by `wait`, running and digest_running to twice their number; what
// is beyond that is refused at once. COMMIT and its kind are not limited at all. Long data has no
// rate, and else is limited as a statement that runs until all of it has been sent on.
//
// One code path decides; whether it is carried out is asked last (EffectiveQuery::Acts): where not,
// it is counted once for each command, and the command goes on as if nothing had been said.
//
// Threads: every method from any thread, those for one book from its owner; never under a lock of
// the engine, but for Publish(). Per command: no lock that all threads share (but to wait, and for
// a digest not seen before), no allocation (but for those, and after a reload).
// Lifetime: of the engine; outlives the books.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "policies/decisions.h"
#include "policies/digest_table.h"
#include "policies/engine.h"
#include "policies/latency.h"
#include "policies/query_account.h"
#include "policies/query_snapshot.h"
#include "policies/statement_book.h"
#include "policies/statement_queue.h"

namespace headgate {

// For whom a command speaks. Views valid during the call.
struct Speaker {
  Address peer;
  Address source;
  ConnectionId id;
  std::string_view user, class_name;
  std::string_view database;  // named at the login
  bool known = false;         // known-good or exempt: [query.unknown] and "auto" do not bind it
  bool of_protected = false;  // see Decision
  bool reclaim = false;       // its slot is wanted back, once it is idle
  bool lent = false;          // and at once, as it was lent
};

class QueryGuard {
 public:
  // `level`: above calm [query.unknown] binds and orphaned writes are ended.
  // `digests`: places of their table. REQUIRES: Publish() before anything else.
  QueryGuard(KeyedHash hash, std::uint32_t digests, const std::atomic<Level>& level,
             Wakeups& wakeups, Decisions& decisions);

  // Callers hold one lock of theirs.
  void Publish(const std::shared_ptr<const Limits>& limits);
  void OnServerFacts(const ServerFacts& facts);

  // As Engine's. `bans` becomes the matched rule when it says that the source is to be banned.
  [[nodiscard]] CommandVerdict OnCommand(StatementBook& b, const Speaker& who,
                                         const CommandFacts& facts, Time now, const Rule*& bans);
  [[nodiscard]] CommandVerdict OnHeld(StatementBook& b, const Speaker& who, Time now);
  void OnAnswer(StatementBook& b, const AnswerFacts& facts, Time now);
  [[nodiscard]] SweepVerdict OnSweep(StatementBook& b, const Speaker& who, const SweepFacts& facts,
                                     Time now);

  // How much of a statement's text is looked at for this one now, bytes of code.
  [[nodiscard]] std::size_t InspectOf(const Speaker& who) const;

  // The server said OK to a login or a change-user: a new session.
  void OnLoginOk(StatementBook& b, Time now);
  // What is held back is given up.
  void OnClientGone(StatementBook& b);
  // Everything is given back. May be called again.
  void End(StatementBook& b, Time now);
  // Now and then.
  void Expire(Time now) { accounts_.Expire(now, kExpireAtOnce); }

  [[nodiscard]] StatementLimit LimitOf(std::string_view class_name) const;
  // What a new connection's statements meet: adds the rows of kQuery, and what would become of a
  // plain SELECT. Takes, counts and tells nothing.
  void Explain(const Speaker& who, Time now, Explanation& out) const;
  void ReadStatus(EngineStatus& s) const;
  [[nodiscard]] std::vector<DigestRow> Digests(std::size_t limit) const {
    return digests_.Top(limit);
  }

  // The waiting room for statements; for the books.
  [[nodiscard]] StatementQueue& queue() { return queue_; }

 private:
  using SnapshotPtr = std::shared_ptr<const QuerySnapshot>;
  using Kind = CommandVerdict::Kind;
  static constexpr std::uint32_t kExpireAtOnce = 64;

  // One connection's call: what every step needs.
  struct Call {
    StatementBook& b;
    const Speaker& who;
    const Time now;
    const EffectiveQuery& q;
    const bool unknown;  // neither known nor in an explicit class
  };
  // Where one kind of place among those running is counted.
  struct Place {
    StatementGauge* gauge = nullptr;
    std::uint32_t limit = 0;  // 0: none, it is only counted
    Reason reason = Reason::kNone;
  };
  // Whether a limit lets a command go on, and what it is held or refused for.
  struct Step {
    Kind kind = Kind::kPass;  // kPass, kHold or kRefuse
    Reason reason = Reason::kNone;
    Time until{};  // of kHold
    [[nodiscard]] bool goes_on() const { return kind == Kind::kPass; }
  };

  // query_guard.cc
  [[nodiscard]] SnapshotPtr Snapshot() const;
  void Refresh(StatementBook& b, const Speaker& who, Time now);
  void LeaseAccounts(StatementBook& b, const Speaker& who, Time now);
  [[nodiscard]] static bool IsUnknown(const QuerySnapshot::Class& c, const Speaker& who) {
    return !c.is_explicit && !who.known;
  }
  // What binds now, strangers by the level.
  [[nodiscard]] const EffectiveQuery& Binding(const QuerySnapshot::Class& c, bool unknown) const;
  [[nodiscard]] Call CallOf(StatementBook& b, const Speaker& who, Time now) const;
  bool Tell(const Call& c, bool acts, Reason reason, std::uint64_t digest,
            std::string_view rule = {});
  [[nodiscard]] bool Breach(const Call& c, Reason reason);
  void DropPrepared(StatementBook& b, std::uint32_t n);
  void GiveUp(StatementBook& b);

  // query_guard_command.cc
  [[nodiscard]] Reason AskBeforeText(const Call& c, const CommandFacts& facts);
  [[nodiscard]] Reason AskPrepared(const Call& c);
  void CloseStatement(StatementBook& b, bool unanswered);
  [[nodiscard]] std::uint64_t MostBytes(const EffectiveQuery& q, CommandKind command) const;
  [[nodiscard]] std::uint32_t MostPrepared(const EffectiveQuery& q, bool unknown) const;
  [[nodiscard]] std::size_t Look(const Call& c, const CommandFacts& facts);
  void FindDigest(const Call& c, const CommandFacts& facts);
  [[nodiscard]] CommandVerdict Refuse(const Call& c, Reason reason);
  [[nodiscard]] CommandVerdict TurnAway(const Call& c, Reason reason, Kind how,
                                        std::string_view message = {});
  [[nodiscard]] CommandVerdict Pass(const Call& c, const BusyCharges& charges, Places taken);

  // query_guard_rules.cc
  [[nodiscard]] std::optional<CommandVerdict> AskRules(const Call& c, const CommandFacts& facts,
                                                       const Rule*& bans);
  [[nodiscard]] std::optional<CommandVerdict> AskShape(const Call& c);
  static void Delay(const Call& c, Duration by, Reason reason);

  // query_guard_limits.cc
  [[nodiscard]] Reason PayRate(const Call& c);
  [[nodiscard]] CommandVerdict Proceed(const Call& c);
  [[nodiscard]] CommandVerdict Hold(const Call& c, Reason reason, Time until);
  [[nodiscard]] Step TakeBusy(const Call& c, BusyCharges& charges);
  static void SettleBusy(StatementBook& b, BusyCharges& charges, Duration used, Time now);
  [[nodiscard]] static std::array<Place, kScopes + 1> PlacesOf(const Call& c);
  [[nodiscard]] Step TakePlaces(const Call& c, Places& taken);
  [[nodiscard]] Step TakePlace(const Call& c, const Place& place, bool its_turn);
  [[nodiscard]] Step TryAgain(const Call& c, const std::array<Place, kScopes + 1>& places,
                              Places& taken);

  // query_guard_explain.cc
  class Explainer;

  // query_guard_answer.cc
  void Account(const StatementBook& b, const RunningCommand& r, const AnswerFacts& facts, Time now);
  void Settle(StatementBook& b, RunningCommand& r, Time now);
  void EndUpload(StatementBook& b, Time now);
  void ReleasePlaces(StatementBook& b, RunningCommand& r);

  // query_guard_sweep.cc
  static void ChargeOverrun(StatementBook& b, bool waits, Time now);
  [[nodiscard]] bool Give(const Call& c, QueryReasons& told, QueryReasons& wished, Reason reason,
                          bool can);
  [[nodiscard]] SweepVerdict AskOrphan(const Call& c, bool can_kill);
  [[nodiscard]] SweepVerdict AskRunning(const Call& c, const SweepFacts& facts);
  // `idle`: for how long; nullopt: it is not.
  [[nodiscard]] SweepVerdict AskReclaim(const Call& c, std::optional<Duration> idle, bool can_kill);
  [[nodiscard]] SweepVerdict AskStalled(const Call& c, Duration stalled);
  [[nodiscard]] SweepVerdict AskIdle(const Call& c, Duration idle);

  Decisions& decisions_;
  const std::atomic<Level>& level_;
  AccountTable accounts_;
  DigestTable digests_;
  StatementQueue queue_;

  mutable std::mutex snapshot_mutex_;
  SnapshotPtr snapshot_;
  std::atomic<std::uint64_t> version_{0};
  // Publish() alone
  QuerySnapshot::RuleCounters rule_counters_;
  QuerySnapshot::ClassCounters class_counters_;

  std::atomic<std::uint64_t> max_packet_{0};
  std::atomic<std::uint32_t> max_prepared_{0};

  // Apart by thread, so that counting costs no thread another's cache line.
  struct alignas(64) Figures {
    std::atomic<std::int64_t> running{0}, held{0};
    std::atomic<std::uint64_t> commands{0}, errors{0}, request_bytes{0}, answer_bytes{0};
  };
  std::array<Figures, 16> figures_;
  Latency statement_time_;
  [[nodiscard]] Figures& FiguresOf(const StatementBook& b) {
    return figures_[b.thread % figures_.size()];
  }
};

}  // namespace headgate
