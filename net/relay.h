// Drives one session between its client's socket and its backend's: reads, shows the session what
// came, does what it says, and keeps the engine's books right.
//
// Threads: one, its worker's. Lifetime: the worker's, which keeps it to the end of the loop's turn
// in which it was removed; Detach() ends it in whatever state it is.
//
// It has two ends. The client's: FIN, RST, or the gate's own decision; the socket is closed or
// handed to the farewells at once. Only a FIN behind unanswered commands leaves the way back open
// for their answers, as at a server; a client that is really gone meets them with RST. The
// backend's: only its FIN or RST (or a failed connect). Until then the relay stays, half-closed and
// discarding what comes, because the slot is still in use.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "net/backends.h"
#include "net/connector.h"
#include "net/doorstep.h"
#include "net/kill_map.h"
#include "net/leg.h"
#include "net/live_ids.h"
#include "net/mysql/session.h"
#include "net/proxy_protocol.h"
#include "policies/engine.h"
#include "policies/on_demand.h"

namespace headgate::net {

class Worker;

// How long a client may leave its bytes where they are when no limit says so: one that has said FIN
// the answers it is owed, one that nobody understands whatever it gets. It is what the server's
// net_write_timeout gives it by default.
inline constexpr Duration kDeliveryStall = std::chrono::seconds(60);

class Relay final : private mysql::KillMap, private LegOwner {
 public:
  Relay(Worker& worker, Newcomer who);

  // `greeted`: so many bytes of the greeting have been sent.
  void Start(LoopSocket client, std::size_t greeted);
  // The engine's answer to a login that waited.
  void OnAdmission(bool admitted, Reason reason);
  // `by_engine`: the engine has counted it already.
  void OnEvicted(Reason reason, bool by_engine);
  void OnDeadline();
  // The engine has changed its mind about a held command.
  void OnReady();
  // The engine wants its slot back.
  void OnReclaim();
  // The KILL that was asked for has ended; `reached`: the server has answered it.
  void OnKillEnded(bool reached);
  // Asks the engine how it stands between its commands and answers. False when that need not be
  // soon again: nothing runs, nothing is held, and the client is there.
  [[nodiscard]] bool Sweep(const LockWaits& lock_waits, Time now);
  [[nodiscard]] bool watched() const { return watched_; }
  [[nodiscard]] bool detached() const { return detached_; }
  [[nodiscard]] std::uint64_t serial() const { return id_.serial; }
  // Nobody may connect to that backend for now.
  void OnBackendDown(std::size_t backend);
  // Another backend is current.
  void OnBackendSwitched();
  // The gate stops: turned away unless its login has gone to the backend already.
  void OnDrain();
  // Closes everything without another word and gives everything back.
  void Detach();

 private:
  using Action = mysql::Action;
  using Side = mysql::Side;
  enum class Link : std::uint8_t { kNone, kConnecting, kOpen, kEnded };
  enum class Kill : std::uint8_t { kNone, kWanted, kAsked };

  // The loop (relay.cc): an event, what the session wants done about it, until it waits.
  void Event(const Action& first);
  void Poll();
  bool Feed(Side side);
  static void Forward(const Action& action, const Leg& from, Leg& to);
  void NoteTime();
  void Settle();
  void OnLeg(Leg& which) override;
  void OnReadable(Side side);
  void OnWritable(Side side);
  void Arm(Side side);
  [[nodiscard]] bool WantsToRead(Side side) const;
  void OnClientFin();
  void OnClientEnd();
  void FollowClientEnd();
  Action SessionWithoutServer();
  void OnServerEnd();
  [[nodiscard]] bool OnServerBroken();

  // TLS (relay_tls.cc).
  void StartTls(Side side);
  void StartClientTls();
  void StartServerTls();
  void GoOnWithTls(Side side);
  void OnTlsDone(Side side);
  [[nodiscard]] Reason WhyTlsFailed(Side side) const;
  void OnTlsFailed(Side side, Reason reason);
  // For the PROXY header.
  [[nodiscard]] std::optional<ProxiedTls> ClientTls() const;
  void ForgetTls();

  // The deeds (relay_actions.cc).
  void Perform(const Action& action);
  void AskEngine(bool reauthentication);
  void Admit(bool admitted, Reason reason);
  void SetStatementLimit();
  void OpenBackend();
  [[nodiscard]] std::string HeaderForBackend();
  void OnConnected(LoopSocket socket, int error);
  void NoteGreeted();
  void NoteNoGreeting(BackendFailure how, const std::string& detail);
  [[nodiscard]] std::optional<Address> ClientSource() const;
  [[nodiscard]] bool IsOnServersHost() const;
  void SaySourceTrouble(const std::string& what);
  [[nodiscard]] std::uint32_t BackendId(std::uint32_t our_id) const override;
  void OnLoginOk();
  void OnLoginFailed(LoginFailure failure);
  void TellSlowLogin();
  void ShutdownServer(const Action& action);
  void Close(const Action& action);
  void Deliver();
  void CountEnd(Reason reason);
  void LetClientGo(mysql::Bytes last_words);
  void NoteClientGone();
  void PhaseChanged();
  [[nodiscard]] Time DeadlineOf(mysql::Phase phase, Time now) const;
  void SetDeadline(Time when);
  bool RemoveIfOver();

  // The command phase (relay_commands.cc).
  void Decide(const CommandVerdict& verdict);
  [[nodiscard]] bool ListensToClient() const {
    return !client_gone_ && !client_.blocked() && !server_.blocked();
  }
  void TellAnswers();
  void TellLongData();
  void WatchProgress();
  void AskSweep(const BackendIds& lock_waits, Time now);
  void SweepNow();
  void NoteStall(Time now);
  // Of a session that nobody understands only this: a client that takes nothing must go.
  [[nodiscard]] bool SweepOpaque(Time now);
  void LookForEnd();
  void WantKill(Time now);
  void AskKill(Time now);
  void EndKill();
  void FollowKill(Time now);
  [[nodiscard]] bool CanBeSwept() const;
  [[nodiscard]] bool NeedsWatching() const;

  // A handshake is on that somebody still waits for.
  [[nodiscard]] bool InHandshake(Side side) const {
    return leg(side).handshaking() && !session_over_;
  }
  [[nodiscard]] Leg& leg(Side side) { return side == Side::kClient ? client_ : server_; }
  [[nodiscard]] const Leg& leg(Side side) const {
    return side == Side::kClient ? client_ : server_;
  }
  static Side Other(Side side) { return side == Side::kClient ? Side::kServer : Side::kClient; }
  // The client has said FIN and still gets the answers it is owed.
  [[nodiscard]] bool delivering() const { return answers_owed_ && client_.open(); }
  [[nodiscard]] bool discarding() const {
    return session_over_ || (phase_ == mysql::Phase::kOrphaned && !delivering());
  }

  Worker& worker_;
  const ConnectionId id_;
  const Endpoint peer_;
  const std::optional<Endpoint> destination_;  // for the PROXY header; empty: the socket says
  const Time accepted_;
  TicketPtr ticket_;
  net::KillMap::Lease kill_;
  Backend* backend_ = nullptr;  // from its admission on
  LiveIds::Lease live_;
  mysql::Session session_;
  Leg client_;
  Leg server_;
  std::unique_ptr<Connector> connector_;
  Time deadline_ = kNever;
  Time login_deadline_ = kNever;  // from the start of the connect on
  Time stalled_since_ = kNever;   // as far as sweeps have seen; `sends_`: of what
  std::uint64_t answers_ = 0;     // complete, since the start
  std::uint64_t result_limit_ = 0;
  std::uint64_t kill_at_ = 0;  // `answers_` when the KILL was decided
  Time kill_asked_{};
  Time greeted_at_{};              // by the backend
  OnDemand<std::string> subject_;  // of the client's certificate
  std::uint32_t progress_ = 0;     // then: drains of the client's leg, or bytes of its command
  Kill killing_ = Kill::kNone;
  mysql::Phase phase_ = mysql::Phase::kGreeting;
  Link link_ = Link::kNone;
  Reason engine_said_ = Reason::kNone;  // the verdict that ends it: already in the books
  bool polling_ = false;
  bool tls_counted_ = false;    // among the clients with TLS
  bool greeted_ = false;        // by the backend
  bool logged_in_ = false;      // once
  bool holding_ = false;        // a command, on the engine's word; the deadline is its own
  bool result_judged_ = false;  // the running answer has passed result_limit_
  bool kill_orphan_ = false;    // killed again and again until its backend has ended
  bool sends_ = false;          // what stalls is the client's command; else its taking of answers
  bool watched_ = false;        // on the worker's list of those swept often
  bool client_gone_ = false;    // told to the engine
  bool answers_owed_ = false;   // the client's FIN came behind commands not answered yet
  bool session_over_ = false;   // kClose was performed: the session may not be called any more
  bool detached_ = false;
};

}  // namespace headgate::net
