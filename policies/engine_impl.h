// The engine's inside: the policies, the locks that guard them, and the steps its methods share.
//
// Threads: three kinds of lock, never two at once (so there is no order to get wrong):
//   trust      bans, known-good, pair locks
//   a shard    the entries of some sources
//   admission  pending, prefixes, waiting room, lane, slots, and the third part of every ticket
// The snapshot's own lock is held for the copy of a pointer, inside any of them. The query guard
// has its own, and is called under none of these but to publish limits. Lifetime: of the engine.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "policies/class_matcher.h"
#include "policies/decisions.h"
#include "policies/engine.h"
#include "policies/engine_event.h"
#include "policies/engine_taping.h"
#include "policies/handshake_rates.h"
#include "policies/known_good.h"
#include "policies/latency.h"
#include "policies/pair_lock.h"
#include "policies/pressure.h"
#include "policies/query_guard.h"
#include "policies/shared_address.h"
#include "policies/tape.h"
#include "policies/ticket.h"
#include "policies/turn_clock.h"

namespace headgate {

// Whose pending place was entered under `tag`, which is its ticket's address.
inline Ticket& TicketOf(std::uint64_t tag) {
  return *reinterpret_cast<Ticket*>(tag);  // NOLINT(performance-no-int-to-ptr)
}

struct Engine::Impl {
  using LimitsPtr = std::shared_ptr<const Limits>;
  static constexpr std::size_t kShards = 16;
  static constexpr Duration kCallBackEvery = std::chrono::milliseconds(20);

  struct alignas(64) Shard {
    // Far fewer sources ask for TLS at a time than connect in a day.
    Shard(KeyedHash hash, std::uint32_t capacity)
        : sources(hash, capacity), handshakes(hash, capacity / 4 + 1) {}
    mutable std::mutex mutex;
    SourceTable sources;
    HandshakeRates handshakes;
    MajorityTally tally;  // of who connects
  };

  // Holds the admission lock; when it lets go, what others read without the lock is brought up to
  // date.
  class Admission {
   public:
    Admission(Impl& m, Time now) : m_(m), lock_(m.admission_mutex) {
      if (m.begun == Time{}) m.begun = now;
      if (now > m.latest) m.latest = now;
    }
    explicit Admission(Impl& m) : m_(m), lock_(m.admission_mutex) {}
    ~Admission() { m_.NoteRoom(m_.latest); }
    Admission(const Admission&) = delete;
    Admission& operator=(const Admission&) = delete;

   private:
    Impl& m_;
    std::lock_guard<std::mutex> lock_;
  };

  // Whom a refusal is charged to; nobody with the address of zeros.
  struct Blamed {
    Address source;
    bool proxied = false;
  };
  static Blamed Of(const Ticket& t) { return {t.source(), t.arrival != Arrival::kDirect}; }

  // What the policies of trust say about a login.
  struct Trust {
    bool locked = false;
    Duration delay = Duration::zero();
    bool known_good = false;
    bool slow = false;  // known-good, and under a penalty for slow logins
    bool known_neighbour = false;
  };
  // Whether a source is on the ban list, and whether that is carried out.
  struct BanAnswer {
    bool banned = false, acts = false;
  };
  // What [source] asks of a newcomer now, and what the level lays over it. Its rate is asked where
  // it is not known.
  struct SourceQuestion {
    bool rate = false, connections = false, prefix = false;
    bool at_rate = false, at_connections = false, at_prefix = false;  // by the level's own numbers
    std::uint32_t most = 0, at_most = 0;                              // connections
    const SourceLimits* at = nullptr;                                 // of the level
  };
  // What is missing for a login to go on.
  struct Lack {
    Reason slot = Reason::kNone;
    Reason dry = Reason::kNone;  // of a class that does not enforce it
    LoginLane::Answer lane = LoginLane::Answer::kFree;
    bool owed = false;  // of its own reserve, in which others sit
  };
  // Those who wait and have a reserve of their own that others sit in.
  struct Owner {
    SlotLedger::ClassId class_id = 0;
    SlotLedger::StakeId stake = SlotLedger::kNoStake;
    std::uint32_t owed = 0;
    std::uint32_t unused = 0;  // of the reserve: they are owed no more
  };
  // Who of those who wait lacks a slot.
  struct Wanted {
    std::vector<Owner> owners;
    std::uint32_t others = 0;  // of those for everybody
  };

  Impl(LimitsPtr first, EngineSecrets secrets, Wakeups& w, DecisionSink& d);

  // engine_door.cc. The call, and its line on the tape where there is one: what `event` makes.
  template <typename Act, typename MakeEvent>
  auto Taped(Caller caller, std::optional<Time> now, const Act& act, const MakeEvent& event);
  // The same, where what came of it `matters`.
  template <typename Act, typename MakeEvent, typename Matters>
  auto TapedIf(Caller caller, std::optional<Time> now, const Act& act, const MakeEvent& event,
               const Matters& matters);
  SweepVerdict OnSweepTaped(Ticket& t, const SweepFacts& facts, Time now);
  CommandVerdict OnCommandTaped(Ticket& t, const CommandFacts& facts, Time now);
  void Forget(Ticket& t);
  // What is there already, as events to which nothing was told. Returns how many connections.
  std::uint32_t TellWhatIs(Tape& to, Time now);

  // What Engine's methods of the same names do, each in the file of its subject.
  void Publish(std::shared_ptr<const Limits> next, Time now);
  void Count(const Ticket& t, Reason reason, Time now);
  void Count(Reason reason, const Address& peer, Time now);
  [[nodiscard]] bool Gate(const Ticket& t, Reason reason, Time now);
  [[nodiscard]] AcceptResult OnAccept(ConnectionId id, const Address& peer, Time now, Arrival how,
                                      bool found = false);
  [[nodiscard]] Verdict OnTlsHandshake(Ticket& t, Time now);
  void OnOpaque(Ticket& t, Time now);
  [[nodiscard]] Verdict OnLogin(Ticket& t, const LoginClaim& claim, Time now);
  [[nodiscard]] Verdict OnChangeUser(Ticket& t, const LoginClaim& claim, Time now);
  void OnSlowLogin(const Ticket& t, Time now);
  void OnLoginOk(Ticket& t, Time now);
  void OnLoginFailed(Ticket& t, LoginFailure how, Time now);
  void OnStatementCompleted(Ticket& t, Time now);
  void OnClientGone(Ticket& t, Time now);
  void OnBackendEnded(Ticket& t, Time now);
  Time OnTick(Time now);
  [[nodiscard]] CommandVerdict OnCommand(Ticket& t, const CommandFacts& facts, Time now);
  [[nodiscard]] CommandVerdict OnHeld(Ticket& t, Time now);
  void OnAnswer(Ticket& t, const AnswerFacts& facts, Time now);
  [[nodiscard]] SweepVerdict OnSweep(Ticket& t, const SweepFacts& facts, Time now);
  void OnServerFacts(const ServerFacts& facts, Time now);
  void OnBackend(bool up, Time now);
  void OnBackendSwitched(Time now);
  void OnElsewhere(std::uint32_t all, std::uint32_t unseen, Time now);
  [[nodiscard]] Share Confine(std::size_t unnamed, Time now);
  void Unconfine(Time now);
  void OnWire(double syn_per_second, bool anomaly, Time now);
  void RestoreKnownGood(const std::vector<KnownGoodRecord>& records, Duration elapsed, Time now);
  bool Ban(const Cidr& network, Duration how_long, std::string_view reason, Time now);
  [[nodiscard]] bool Unban(const Cidr& network, Time now);
  std::size_t UnbanAll(Time now);
  void RestoreBans(const std::vector<BanRecord>& records, Duration elapsed, Time now);
  [[nodiscard]] Duration DeadlineOf(const Ticket& t) const;

  // engine.cc: limits, counting, charging
  [[nodiscard]] LimitsPtr Snapshot() const;
  void Configure(LimitsPtr next);
  [[nodiscard]] static bool Acts(const Limits& limits, Reason reason);
  [[nodiscard]] static bool IsOfClass(Reason reason);
  [[nodiscard]] bool ActsFor(SlotLedger::ClassId id, Reason reason) const;
  [[nodiscard]] const ClassLimits& LimitsOf(SlotLedger::ClassId id) const;
  bool Decide(bool acts, Reason reason, const Address& peer, std::string_view user,
              std::string_view class_name, Time now, bool presses = true, bool of_protected = false,
              ConnectionId id = {});
  bool Decide(bool acts, Reason reason, const Ticket& t, Time now, bool presses);
  bool Decide(const Limits& limits, Reason reason, const Ticket& t, Time now);
  void KeepTallies(const std::vector<ClassLimits>& classes);
  [[nodiscard]] static bool IsSpared(const Limits& limits, const Address& source);
  void Charge(const Blamed& who, Reason reason, Time now);
  void BanSource(const Limits& limits, const Blamed& who, std::string_view why, bool logged_in_too,
                 bool here, Time now);
  std::size_t EvictAllOf(const Cidr& network, bool logged_in_too, Time now);

  // engine_accept.cc
  [[nodiscard]] static bool IsTallied(const Limits& limits, const Address& source, Arrival how);
  [[nodiscard]] bool AskBan(const Limits& limits, const Address& peer, Arrival how, Time now,
                            bool found, bool& known_good);
  // Under the trust lock.
  [[nodiscard]] BanAnswer LookUpBan(const Limits& limits, const Address& source, Time now) const;
  [[nodiscard]] SourceQuestion QuestionFor(const Limits& limits, const Ticket& t) const;
  [[nodiscard]] Reason AskSource(const Limits& limits, Ticket& t, Time now);
  [[nodiscard]] Reason AskSqueezed(const Limits& limits, const SourceQuestion& ask, Ticket& t,
                                   Time now);
  // Under the admission lock: the connections of all unknown ones of the prefix together, and what
  // is asked of them.
  struct PrefixAnswer {
    std::uint32_t held = 0, most = 0, at_most = 0;
    bool full = false, at_full = false;
  };
  [[nodiscard]] PrefixAnswer LookUpPrefix(const Limits& limits, const SourceQuestion& ask,
                                          const Address& prefix) const;
  [[nodiscard]] bool PrefixIsFull(const Limits& limits, const Ticket& t, const Address& prefix,
                                  Time now);
  [[nodiscard]] Reason EnterPending(const Limits& limits, Ticket& t, Time now, Blamed& evicted);
  [[nodiscard]] bool TakePendingPlace(const Limits& limits, Ticket& t, Time now, Blamed& evicted);

  // engine_login.cc; all but the first three under the admission lock
  [[nodiscard]] Trust AskTrust(const PairKey& pair, const Limits& limits, Time now) const;
  [[nodiscard]] static bool RefusedUser(const Limits& limits, const Ticket& t,
                                        std::string_view user);
  static void TakeTrust(Ticket& t, const Trust& trust);
  [[nodiscard]] Reason AskClaim(const Limits& limits, Ticket& t, std::string_view user,
                                Trust& trust, Time now);
  [[nodiscard]] Verdict Seat(Ticket& t, const LoginClaim& claim, const Trust& trust, Time now);
  [[nodiscard]] Verdict Wait(Ticket& t, Reason lack, Duration delay, Time now);
  // What a login has to wait for, by the limits that act; kNone: for nothing.
  [[nodiscard]] Reason WaitsFor(SlotLedger::ClassId id, const Lack& lack, Duration delay) const;
  // Why there is no place for one who lacks that; kNone: there is.
  [[nodiscard]] Reason NoRoom(Reason lack, const WaitingRoom::Answer& answer) const;
  [[nodiscard]] Lack Missing(const Ticket& t, SlotLedger::ClassId id, Time now) const;
  void Admit(Ticket& t, SlotLedger::ClassId id, Time now);
  [[nodiscard]] WaitingRoom::Try TryWaiting(Ticket& t, Time now);
  void Serve(Time now);
  void ExpireWaiting(Time now);
  void LeaveRoom(Ticket& t, Time now);
  void EnterRoom(Ticket& t, Time now);
  void LoseTier(const PairKey& pair, Time now);
  void LeavePending(Ticket& t);
  Verdict Refuse(Ticket& t, Reason reason);

  [[nodiscard]] static Reason ReasonOf(SlotLedger::Answer answer);
  [[nodiscard]] SlotLedger::Standing StandingOf(bool is_known_good, SlotLedger::ClassId id) const;
  [[nodiscard]] LoginLane::Rank RankOf(bool is_known_good, SlotLedger::ClassId id) const;
  // For the lane as it is now: the same for asking and for entering.
  [[nodiscard]] LoginLane::Rank LaneRankOf(bool is_known_good, SlotLedger::ClassId id) const;
  [[nodiscard]] static bool HasMembers(const Limits& limits);
  [[nodiscard]] static bool IsReserved(const ClassLimits& c);
  [[nodiscard]] SlotLedger::StakeId StakeOf(const Ticket& t) const;
  [[nodiscard]] const WaitingLimits& WaitingOf(const Ticket& t) const;
  [[nodiscard]] Duration QueueOf(const Ticket& t) const;

  // engine_change_user.cc; the second under the admission lock
  [[nodiscard]] bool TakeReauth(const Limits& limits, const Ticket& t, Time now);
  [[nodiscard]] Reason Reseat(Ticket& t, const LoginClaim& claim, bool same_user,
                              const Trust& trust, Time now);

  // engine_query.cc
  [[nodiscard]] bool EndsWanted(Ticket& t, CommandKind command, Time now);
  [[nodiscard]] bool IsWantedBack(const Ticket& t, Time now);
  [[nodiscard]] static Speaker SpeakerOf(const Ticket& t);
  [[nodiscard]] StatementBook& BookOf(Ticket& t);

  // engine_backend.cc
  void TurnAwayWaiting(Reason reason, Time now);

  // engine_pressure.cc
  void NoteRoom(Time now);
  [[nodiscard]] bool AnythingAtStake() const;
  void NoteLevel(Time now);
  [[nodiscard]] static bool Squeezes(const Ticket& t, Level level);
  [[nodiscard]] static bool IsReservedSource(const Limits& limits, const Address& peer);
  [[nodiscard]] static bool HasStakes(const Limits& limits);
  void RenewStakes(Time now);
  using Vouched = absl::flat_hash_map<SlotLedger::StakeId, std::uint32_t>;
  void Vouch(Ticket& t, const std::vector<PairKey>& good, Vouched& vouched);
  [[nodiscard]] bool IsInHabit(const PairKey& pair, std::uint32_t used) const;
  [[nodiscard]] bool IsTrusted(bool known_good, const PairKey& pair,
                               SlotLedger::StakeId stake) const;

  // engine_reclaim.cc
  void CallBack(Time now);
  void Want(const Ticket& t, Time now, Wanted& wanted) const;
  bool Recall(Ticket* out, Time now);
  [[nodiscard]] static bool Leaving(const Ticket& t);
  [[nodiscard]] static Time LatestIdle(const Ticket& t, Time now);
  [[nodiscard]] static bool MayBeCalledBack(const Ticket& t);
  [[nodiscard]] bool ClaimsReserve(const Ticket& t) const;
  [[nodiscard]] Ticket* VictimFor(SlotLedger::ClassId owner, Time now) const;
  [[nodiscard]] Ticket* IdleStranger(Time now) const;
  [[nodiscard]] static Time IdleSince(const Ticket& t);

  // engine_status.cc; under the admission lock
  void ReadSlots(EngineStatus& s) const;
  void ReadClasses(EngineStatus& s, Time now) const;
  [[nodiscard]] TurnClock TurnsOf(SlotLedger::ClassId id) const;

  // engine_protected.cc
  void ReadProtected(EngineStatus& s, Time now) const;
  [[nodiscard]] std::uint32_t ProtectedBans(const Limits& limits, Time now);
  [[nodiscard]] static bool MeetsReserved(const Limits& limits, const Cidr& banned);

  // engine_views.cc
  [[nodiscard]] std::vector<SourceStatus> ConnectedSources(Time now) const;

  // engine_shared_address.cc
  void LookForSharedAddress(Time now);
  [[nodiscard]] AddressLoad MostConnects();
  void CountSessions(AddressLoad& load) const;
  [[nodiscard]] Address MostSessions() const;

  // explainer.h
  class Explainer;

  // engine_life.cc
  void GiveBack(Ticket& t, std::optional<Time> now, bool for_good);
  void Link(Ticket& t);
  void Unlink(Ticket& t);
  void DropGood(Ticket& t);
  void DropCounted(Ticket& t, const PairKey& pair);

  [[nodiscard]] Shard& ShardOf(const Address& source) const {
    return *shards[(hash(source) >> 32) % kShards];
  }

  EngineTaping taping;

  const KeyedHash hash;
  Witness witness;
  Wakeups& wakeups;
  Decisions decisions;

  mutable std::mutex snapshot_mutex;
  LimitsPtr snapshot;

  mutable std::mutex trust_mutex;
  BanList bans;
  KnownGood known_good;
  PairLock pairs;
  // How many bans bind whom the gate is there for, as last counted.
  struct BansCount {
    bool stale = true;  // an operator has banned or unbanned since
    Time at{};
    std::uint32_t bans = 0;
  };
  BansCount protected_bans;

  std::vector<std::unique_ptr<Shard>> shards;
  std::atomic<std::uint32_t> next_shard_to_expire{0};

  mutable std::mutex admission_mutex;
  LimitsPtr limits;  // as snapshot, for those who hold the lock
  std::unique_ptr<ClassMatcher> matcher;
  std::vector<SlotLedger::ClassId> class_ids;  // of limits->classes
  PrefixCounts prefixes;
  PendingBudget pending;
  WaitingRoom room;
  std::uint32_t slow_waiting = 0;  // of those in it, known-good ones under a penalty
  LoginLane lane;
  SlotLedger ledger;
  Pressure pressure;
  // How many slots a known-good pair is used to have, where there are implicit reserves: what is
  // beyond it is a stranger's.
  absl::flat_hash_map<PairKey, std::uint32_t, KeyedHash> habits;
  std::vector<TurnClock> turns;  // by class id: how fast those who wait got in lately
  bool backend_up = true;
  ServerFacts server;  // as last told
  Time next_call_back{};
  SharedAddressWatch shared_addresses;
  Ticket* tickets = nullptr;  // all of them
  std::uint32_t ticket_count = 0;
  absl::flat_hash_map<std::string, std::uint64_t> refused_logins;  // of the classes there are
  Time begun{};                                                    // the first
  Time latest{};  // the youngest `now` heard of: what a deleter goes by

  // Read without a lock. Of the two levels the first is as it is, the second as far as it acts.
  std::atomic<bool> scarce{false};
  std::atomic<std::uint32_t> capacity{1};
  std::atomic<Level> true_level{Level::kCalm};
  std::atomic<Level> acting_level{Level::kCalm};
  std::atomic<std::uint64_t> pressing{0};  // refusals that no level's override caused
  std::atomic<Time> stakes_due{Time::min()};
  std::atomic<Time> shared_due{Time::min()};
  std::atomic<std::uint64_t> ban_version{0};

  QueryGuard guard;

  std::atomic<std::uint64_t> accepted{0}, logins_ok{0}, logins_failed{0};
  Latency login_time, wait_time;
};

}  // namespace headgate
