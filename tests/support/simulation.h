// A world for the engine on a virtual clock: applications, attackers of many kinds, an operator and
// a server with connections of its own, drawn at random, and shadow books that check every grant as
// it is told.
//
// Every event draws from a generator of its own (of the seed and the event's number), names the
// connection it happens to and has its time: so any event can be left out and the others stay what
// they were. counter_example.h makes use of that.
//
// Threads: one. Lifetime: Finish() gives everything back before the engine goes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "policies/engine.h"
#include "tests/support/random.h"
#include "tests/support/shadow_book.h"
#include "tests/support/shadow_lane.h"
#include "tests/support/shadow_trust.h"
#include "tests/support/statement_shadow.h"

namespace headgate::testing {

// What may happen; the first ones to a connection.
enum class Happens : std::uint8_t {
  kConnect,
  kLogin,
  kAnswerLogin,  // by the backend
  kAct,          // logged in
  kAnswerReauth,
  kEnd,     // of a backend
  kGiveUp,  // waiting
  kTick,
  kSynRate,
  kServerFacts,
  kBackend,  // down, or up again
  kSwitch,
  kReload,
  kBan,
  kUnban,
};

struct Happening {
  std::uint64_t number = 0;
  Happens what = Happens::kTick;
  std::uint64_t who = 0;  // a connection, by the number of its kConnect and one more; 0: nobody
  Time at{};
};

class Simulation : public Wakeups, public DecisionSink {
 public:
  explicit Simulation(std::uint64_t seed, ShadowBook::Fault fault = ShadowBook::Fault::kNone,
                      Tape* tape = nullptr);
  ~Simulation() override;

  // Draws the next event and lets it happen. False when something is wrong: see wrong().
  bool Step();
  // One that was drawn in a world of the same seed; nothing happens if it has nobody to happen to.
  bool Replay(const Happening& h);
  // Everybody leaves; then all counts have to be zero, and it has to become calm.
  bool Finish();

  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  [[nodiscard]] std::uint64_t seed() const { return seed_; }
  [[nodiscard]] ShadowBook::Fault fault() const { return fault_; }
  [[nodiscard]] const std::vector<Happening>& trace() const { return trace_; }
  [[nodiscard]] bool IsHere(std::uint64_t who) const { return by_number_.contains(who); }
  // From now on what happens is written down; first what holds by now.
  void Narrate();
  // From now on all figures are compared after each event.
  void LookClosely() { closely_ = true; }
  [[nodiscard]] bool closely() const { return closely_; }
  [[nodiscard]] const std::vector<std::string>& story() const { return story_; }

  // What its engine has now.
  [[nodiscard]] const Limits& limits() const { return limits_; }
  [[nodiscard]] EngineSecrets secrets() const { return {seed_, ~seed_}; }
  [[nodiscard]] EngineStatus Status() { return engine_->Status(now_); }
  // How much of what happened, for those who want to know that something did.
  struct Tally {
    std::uint64_t reloads = 0, reserve_grants = 0, statements = 0, holds = 0, kills = 0;
    std::uint64_t lent = 0, called_back = 0, reclaimed = 0, switches = 0, outages = 0,
                  stake_grants = 0;
    std::uint64_t raised = 0, lowered = 0, bound_events = 0;
  };
  [[nodiscard]] const Tally& tally() const { return tally_; }

  void Admitted(ConnectionId id) override;
  void Refused(ConnectionId id, Reason reason) override;
  void Evicted(ConnectionId id, Reason reason) override;
  void Ready(ConnectionId id) override;
  void Reclaim(ConnectionId id) override;
  void OnDecision(const Decision& d) override;
  void OnLevel(const LevelChange& change) override;

 private:
  enum class Actor : std::uint8_t {
    kApp,
    kReports,
    kSilent,
    kGarbage,
    kStalled,
    kGuesser,
    kClaimer,
    kChurner,
    kHoarder,
    kChanger,
    kOrphaner,
    kActors
  };
  enum class Phase : std::uint8_t { kPending, kWaiting, kLogin, kIn, kReauth, kDying, kPhases };
  static constexpr std::size_t kPhases = static_cast<std::size_t>(Phase::kPhases);
  static constexpr std::uint32_t kMost = 1500;  // connections at once

  // What is drawn once for each world.
  struct World {
    bool without_classes = false;
    bool planted = false;       // trusted from the start, by what is remembered; nobody else ever
    std::uint32_t leap = 4000;  // every so many events some seconds pass
  };
  struct Conn {
    TicketPtr ticket;
    ConnectionId id;
    Address peer;
    Actor actor = Actor::kApp;
    Phase phase = Phase::kPending;
    std::string_view user, proven;   // claimed; of the last login that the server said OK to
    std::size_t claimed = kDefault;  // class
    std::size_t named = kDefault;    // as it was called then
    bool known_good = false;         // the pair, when it logged in
    std::size_t stake = ShadowBook::kNoStake;
    bool doomed = false;                             // evicted or refused by a wakeup
    bool called_back = false;                        // its slot is wanted
    bool called_lent = false, perhaps_lent = false;  // and it was lent then
    Time since{};
    std::int64_t told_minute = INT64_MIN;
    std::uint32_t in_phase = 0;  // where in phases_
    ShadowBook::Lease lease;
    ShadowLane::Place lane;
    Talk talk;
  };

  // simulation.cc: events
  bool Choose(Happening& h, Random& random);
  void Happen(const Happening& h);
  void Tick();
  void Settle();
  void Wrap();

  // simulation_login.cc: from the connect to the end
  void Connect(std::uint64_t number);
  void Login(Conn& c);
  void BackendAnswer(Conn& c);
  void LoginOk(Conn& c);
  void LoginFailed(Conn& c, LoginFailure how);
  void Act(Conn& c);
  void ChangeUser(Conn& c);
  void Changed(Conn& c, std::string_view user, bool known_good);
  void Leave(Conn& c);
  void End(Conn& c);
  void Finish(Conn& c);
  [[nodiscard]] ShadowLane::Who WhoIs(bool known_good, std::size_t in_class) const;
  void Book(Conn& c, bool stakes_bind);
  void LetIn(ConnectionId id, bool stakes_bind);
  void CheckUnreachable(const Conn& c, const Verdict& v);

  // simulation_talk.cc: the command phase
  void Converse(Conn& c);
  void Say(Conn& c);
  void AskAgain(Conn& c);
  void Judge(Conn& c, const CommandVerdict& v, const Said& s);
  void AnswerOldest(Conn& c);
  void Sweep(Conn& c, bool client_gone);
  void Closed(Conn& c, const CommandVerdict& v);
  void CheckReclaimed(const Conn& c, const SweepVerdict& v);
  void Earned(Conn& c, bool earns);
  void SettleReady();
  static QueryLimits MakeQueryLimits(Random& random);

  // simulation_backend.cc: the server, the level, the operator
  void TellServerFacts();
  void TellBackend();
  void SwitchBackend();
  void Reload();
  void SettleReclaims();
  [[nodiscard]] Level ActingLevel() const;
  [[nodiscard]] bool StakesBind() const { return ActingLevel() != Level::kCalm; }
  [[nodiscard]] const char* WrongToCall(const Conn& c);
  [[nodiscard]] bool AnyOwed() const;
  // Whether the book has the implicit reserves there are.
  [[nodiscard]] bool stakes_are_known() const {
    return world_.planted || limits_.classes.size() > 1;
  }

  // simulation_check.cc: figures against figures
  void Compare();
  void CompareSlots(const EngineStatus& s);
  void CompareConnections(const EngineStatus& s);
  void Same(const char* what, std::int64_t engine, std::int64_t shadow);
  void CheckWaiting();
  void CheckOwed();
  [[nodiscard]] bool IsNeglected();
  void CheckHeld();
  void CheckStrangers();
  void SettleLent();

  // simulation_world.cc: who comes, from where, under which name, and what is configured
  Limits MakeLimits(Random& random) const;
  void MakeClasses(Limits& l, Random& random) const;
  void MakeLevels(Limits& l, Random& random) const;
  void Plant();
  Address DrawPeer(Actor actor);
  std::string_view DrawUser(Actor actor);
  static std::size_t ClassOf(std::string_view user);
  [[nodiscard]] std::size_t ClassFor(std::string_view user, const Address& peer) const;
  static std::uint64_t Key(const Address& peer);
  [[nodiscard]] std::size_t StakeOf(const Address& peer, std::string_view user) const;

  // simulation_conns.cc: who is there; and what is written down
  Conn* Find(ConnectionId id);
  Conn* Find(std::uint64_t number, Phase phase);
  Conn* Draw(Phase phase, Random& random);
  [[nodiscard]] const std::vector<Conn*>& In(Phase phase) const {
    return phases_[static_cast<std::size_t>(phase)];
  }
  Conn& Make(std::uint64_t number);
  void Unmake(Conn& c);
  void Move(Conn& c, Phase phase);
  void Insert(Conn& c);
  void Remove(Conn& c);
  // Whether this one's thread is slow this time.
  [[nodiscard]] bool IsSlow(const Conn& c) const;
  void Fail(const std::string& what);
  // `detail` is only asked for when it is written down.
  template <class Detail>
  void Note(const Conn* c, Detail detail) {
    if (narrating_) Write(c, detail());
  }
  void Write(const Conn* c, const std::string& what);
  [[nodiscard]] static std::string Describe(const Limits& l);
  [[nodiscard]] static const char* Name(Actor actor);
  [[nodiscard]] static const char* Name(LoginFailure how);
  [[nodiscard]] static std::string Text(const Address& a);
  [[nodiscard]] static std::string Outcome(const Verdict& v);
  [[nodiscard]] static std::string Outcome(const CommandVerdict& v);
  [[nodiscard]] static std::string Outcome(const SweepVerdict& v);

  const std::uint64_t seed_;
  const ShadowBook::Fault fault_;
  World world_;
  Random random_{0};                   // of the event that happens now
  Time clock_{std::chrono::hours(1)};  // of the last one drawn
  Time now_{clock_};
  std::uint64_t number_ = 0, next_number_ = 0;
  std::vector<Happening> trace_;

  std::unique_ptr<Engine> engine_;
  Limits limits_;
  bool down_ = false, finished_ = false;
  ShadowBook book_;
  ShadowLane lane_;
  ShadowTrust trust_;
  StatementShadow statements_;

  std::vector<std::unique_ptr<Conn>> conns_;
  std::vector<Conn*> free_;
  std::array<std::vector<Conn*>, kPhases> phases_;
  std::unordered_map<std::uint64_t, Conn*> by_number_;

  std::vector<ConnectionId> ready_, reclaims_, doomed_;
  const Conn* asking_ = nullptr;    // its login is being decided about
  const Conn* changing_ = nullptr;  // its change of user
  bool defer_ = false, deferred_binds_ = false;
  std::vector<ConnectionId> deferred_;
  Time neglected_since_ = kNever;
  std::uint64_t calls_then_ = 0;
  bool unsettled_ = false;   // the book may be wrong about what is lent
  bool recovering_ = false;  // a tick has just raised the slots by one
  std::uint32_t strangers_let_in_ = 0;
  EngineStatus before_;  // this event, in worlds where it matters
  Level level_ = Level::kCalm;
  Time level_at_{};
  Duration shortest_calm_after_ = Duration::max();

  std::string wrong_;
  bool narrating_ = false, closely_ = false;
  std::vector<std::string> story_;
  Tally tally_;
  std::uint64_t acted_ = 0, would_act_ = 0;
};

}  // namespace headgate::testing
