// What net::Relay does with a session, its two sockets and the engine, line by line where it can
// be, on sockets that are simulated. What is not here: TLS, PROXY headers, a transparent gate,
// several backends, metrics. Whatever it does, it checks that it may: see Check...().
//
// Threads: one. Lifetime: its gate's.
#pragma once

#include <cstdint>
#include <memory>
#include <utility>

#include "net/mysql/session.h"
#include "policies/backend_health.h"
#include "policies/engine.h"
#include "tests/whole/leg.h"

namespace headgate::whole {

class Gate;

class Relay {
 public:
  using Action = mysql::Action;
  using Side = mysql::Side;

  Relay(Gate& gate, ConnectionId id, const Address& peer, TicketPtr ticket,
        mysql::SessionOptions options);

  void Start(Socket* client);
  void OnAdmission(bool admitted, Reason reason);
  void OnEvicted(Reason reason, bool by_engine);
  void OnDeadline();
  void OnReady();
  void OnReclaim();
  void OnKillEnded(bool reached);
  [[nodiscard]] bool Sweep();
  void OnBackendDown();
  void Detach();

  [[nodiscard]] std::uint64_t serial() const { return id_.serial; }
  [[nodiscard]] bool watched() const { return watched_; }
  [[nodiscard]] bool detached() const { return detached_; }
  [[nodiscard]] Time deadline() const { return deadline_; }
  [[nodiscard]] const mysql::Session& session() const { return session_; }
  [[nodiscard]] const Address& peer() const { return peer_; }
  // What may be in its buffers.
  void CheckBounds();

 private:
  enum class Link : std::uint8_t { kNone, kConnecting, kOpen, kEnded };
  enum class Kill : std::uint8_t { kNone, kWanted, kAsked };

  // relay.cc, after net/relay.cc
  void Event(const Action& first);
  void Poll();
  bool Feed(Side side);
  void NoteTime();
  void Settle();
  void OnLeg(Side side);
  void OnReadable(Side side);
  void Arm(Side side);
  [[nodiscard]] bool WantsToRead(Side side) const;
  void OnClientFin();
  void OnClientEnd();
  void FollowClientEnd();
  void OnServerEnd();

  // relay_actions.cc
  void Perform(const Action& action);
  void AskEngine(bool reauthentication);
  void Admit(bool admitted, Reason reason);
  void OpenBackend();
  void OnConnected(Socket* socket);
  void NoteGreeted();
  void NoteNoGreeting(BackendFailure how);
  void OnLoginFailed(LoginFailure failure);
  void TellSlowLogin();
  void ShutdownServer(const Action& action);
  void Deliver();
  void Close(const Action& action);
  void CountEnd(Reason reason);
  void LetClientGo(mysql::Bytes last_words);
  void NoteClientGone();
  void PhaseChanged();
  [[nodiscard]] Time DeadlineOf(mysql::Phase phase) const;
  void SetDeadline(Time when);
  bool RemoveIfOver();
  void CheckMayReachServer(const char* what);

  // relay_commands.cc
  void Decide(const CommandVerdict& verdict);
  [[nodiscard]] bool ListensToClient() const {
    return !client_gone_ && !client_.blocked() && !server_.blocked();
  }
  void TellAnswers();
  void TellLongData();
  void WatchProgress();
  [[nodiscard]] bool CanBeSwept() const;
  [[nodiscard]] bool NeedsWatching() const;
  void LookForEnd();
  void SweepNow();
  void AskSweep();
  void NoteStall();
  void WantKill();
  void AskKill();
  void EndKill();
  void FollowKill();

  [[nodiscard]] Leg& leg(Side side) { return side == Side::kClient ? client_ : server_; }
  [[nodiscard]] const Leg& leg(Side side) const {
    return side == Side::kClient ? client_ : server_;
  }
  static Side Other(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }
  [[nodiscard]] bool delivering() const { return answers_owed_ && client_.open(); }
  [[nodiscard]] bool discarding() const {
    return session_over_ || (phase_ == mysql::Phase::kOrphaned && !delivering());
  }
  [[nodiscard]] Time now() const;

  Gate& gate_;
  const ConnectionId id_;
  const Address peer_;
  const Time accepted_;
  TicketPtr ticket_;
  mysql::Session session_;
  Leg client_, server_;
  std::shared_ptr<bool> given_up_;  // its connect, before it came about
  Time deadline_ = kNever, login_deadline_ = kNever, stalled_since_ = kNever;
  Time kill_asked_{}, greeted_at_{};
  std::uint32_t progress_ = 0;
  std::uint64_t answers_ = 0, result_limit_ = 0, kill_at_ = 0;
  Kill killing_ = Kill::kNone;
  mysql::Phase phase_ = mysql::Phase::kGreeting;
  Link link_ = Link::kNone;
  Reason engine_said_ = Reason::kNone;
  bool sends_ = false, polling_ = false, greeted_ = false, logged_in_ = false, holding_ = false;
  bool result_judged_ = false, kill_orphan_ = false, watched_ = false, client_gone_ = false;
  bool answers_owed_ = false, session_over_ = false, detached_ = false;
  bool admitted_ = false;
  unsigned ends_ = 0;  // reasons that were given
};

}  // namespace headgate::whole
