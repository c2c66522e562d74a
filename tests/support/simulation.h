// A world for the engine on a virtual clock: applications, attackers of many kinds and an operator,
// drawn at random, and a shadow book that checks every grant as it is told.
//
// Threads: one. Lifetime: Finish() gives everything back before the engine goes.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policies/engine.h"
#include "tests/support/shadow_book.h"
#include "tests/support/statement_shadow.h"

namespace headgate::testing {

// SplitMix64: small, fast, and the same on every machine.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  std::uint32_t Below(std::uint32_t n) {
    return static_cast<std::uint32_t>((std::uint64_t{static_cast<std::uint32_t>(Next())} * n) >>
                                      32);
  }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }

 private:
  std::uint64_t state_;
};

class Simulation : public Wakeups, public DecisionSink {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation() override { Finish(); }

  // One event. False when something is wrong: see wrong().
  bool Step();
  // Everybody leaves; then all counts have to be zero.
  bool Finish();

  [[nodiscard]] const std::string& wrong() const { return wrong_; }
  [[nodiscard]] std::string LastEvents() const;
  [[nodiscard]] EngineStatus Status() { return engine_->Status(now_); }
  [[nodiscard]] std::uint64_t reloads() const { return reloads_; }
  [[nodiscard]] std::uint64_t reserve_grants() const { return known_good_grants_; }
  [[nodiscard]] std::uint64_t statements() const { return passed_; }
  [[nodiscard]] std::uint64_t holds() const { return held_; }
  [[nodiscard]] std::uint64_t kills() const { return kills_; }
  [[nodiscard]] Time now() const { return now_; }

  void Admitted(ConnectionId id) override;
  void Refused(ConnectionId id, Reason reason) override;
  void Evicted(ConnectionId id, Reason reason) override;
  void Ready(ConnectionId id) override;
  void Reclaim(ConnectionId id) override { reclaims_.push_back(id); }
  void OnDecision(const Decision& d) override;

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

  struct Conn {
    TicketPtr ticket;
    ConnectionId id;
    Address peer;
    Actor actor = Actor::kApp;
    Phase phase = Phase::kPending;
    std::string_view user;
    std::size_t claimed = kDefault;  // class
    std::size_t named = kDefault;    // as it was called then
    bool known_good = false;         // the pair, when it logged in
    bool proven_before = false;      // reauth: the same user again
    bool doomed = false;             // evicted or refused by a wakeup
    Time since{};
    std::uint32_t in_phase = 0;  // where in phases_
    ShadowBook::Lease lease;
    ShadowBook::Lane lane;
    Talk talk;
  };
  struct Trust {
    std::int64_t minute = INT64_MIN;
    std::uint32_t minutes = 0;
  };

  Limits MakeLimits();
  bool TryEvent(std::uint32_t what);
  bool With(Phase phase, void (Simulation::*happens)(Conn&));
  bool Connect();
  void Login(Conn& c);
  void BackendAnswer(Conn& c);
  void LoginOk(Conn& c);
  void LoginFailed(Conn& c, LoginFailure how);
  void Act(Conn& c);  // logged in
  void ChangeUser(Conn& c);
  // simulation_talk.cc: the command phase
  void Converse(Conn& c);
  void Say(Conn& c);
  void AskAgain(Conn& c);
  void Judge(Conn& c, const CommandVerdict& v, const Said& s);
  void AnswerOldest(Conn& c);
  void Sweep(Conn& c, bool client_gone);
  void Earned(const Conn& c);
  void SettleReady();
  void CheckHeld();
  static QueryLimits MakeQueryLimits(Random& random);
  void Leave(Conn& c);
  void End(Conn& c);
  void Finish(Conn& c);
  void Operate();
  void Tick();
  void Settle();
  void Compare();
  void CheckWaiting();

  Address DrawPeer(Actor actor);
  std::string_view DrawUser(Actor actor);
  static std::size_t ClassOf(std::string_view user);
  static std::uint64_t Key(const Address& peer);
  bool IsKnownGood(const Address& peer, std::string_view user) const;
  void Book(Conn& c, std::size_t claimed);
  Conn* Find(ConnectionId id);
  Conn* Draw(Phase phase);
  void Move(Conn& c, Phase phase);
  void Insert(Conn& c);
  void Remove(Conn& c);
  void Fail(std::string what);
  void Note(const char* what, const Conn* c, std::uint64_t n = 0);

  Random random_;
  std::uint64_t seed_;
  Time now_{std::chrono::hours(1)};
  std::unique_ptr<Engine> engine_;
  Limits limits_;
  ShadowBook book_;
  std::vector<std::unique_ptr<Conn>> conns_;
  std::vector<std::uint32_t> free_;
  std::array<std::vector<std::uint32_t>, kPhases> phases_;  // indices into conns_
  std::uint64_t serial_ = 0;
  std::map<std::pair<std::uint64_t, std::string_view>, Trust> trust_;
  StatementShadow statements_;
  std::vector<ConnectionId> ready_, reclaims_;
  std::vector<ConnectionId> doomed_;
  bool defer_ = false;
  std::vector<ConnectionId> deferred_;
  std::string wrong_;
  struct Line {
    const char* what = "";
    std::uint64_t serial = 0, n = 0;
    Time at{};
  };
  std::array<Line, 64> lines_{};
  std::uint64_t noted_ = 0, events_ = 0, reloads_ = 0, known_good_grants_ = 0, refusals_ = 0;
  std::uint64_t acted_ = 0, would_act_ = 0;
  std::uint64_t passed_ = 0, held_ = 0, kills_ = 0;
};

}  // namespace headgate::testing
