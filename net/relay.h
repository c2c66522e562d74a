// Drives one session between its client's socket and its backend's: reads, shows the session what
// came, does what it says, and keeps the engine's books right.
//
// Threads: one, its worker's. Lifetime: shared by the worker's table and by the handlers of pending
// socket events; Detach() ends it in whatever state it is.
//
// It has two ends. The client's: FIN, RST, or the gate's own decision; the socket is closed or
// handed to the farewells at once. Only a FIN behind unanswered commands leaves the way back open
// for their answers, as at a server; a client that is really gone meets them with RST. The
// backend's: only its FIN or RST (or a failed connect). Until then the relay stays, half-closed and
// discarding what comes, because the slot is still in use.
#pragma once

#include <cstdint>
#include <memory>

#include "net/connector.h"
#include "net/kill_map.h"
#include "net/leg.h"
#include "net/mysql/session.h"
#include "net/proxy_protocol.h"
#include "policies/engine.h"

namespace headgate::net {

class Worker;

class Relay : public std::enable_shared_from_this<Relay> {
 public:
  Relay(Worker& worker, ConnectionId id, const Endpoint& peer, TicketPtr ticket,
        KillMap::Lease kill, mysql::SessionOptions options, Time accepted);

  void Start(Fd client);
  // The engine's answer to a login that waited.
  void OnAdmission(bool admitted, Reason reason);
  // `by_engine`: the engine has counted it already.
  void OnEvicted(Reason reason, bool by_engine);
  void OnDeadline();
  // The gate stops: turned away unless its login has gone to the backend already.
  void OnDrain();
  // Closes everything without another word and gives everything back.
  void Detach();

 private:
  using Action = mysql::Action;
  using Side = mysql::Side;
  enum class Backend : std::uint8_t { kNone, kConnecting, kOpen, kEnded };

  // The loop (relay.cc): an event, what the session wants done about it, until it waits.
  void Event(const Action& first);
  void Poll();
  bool Feed(Side side);
  void Settle();
  void OnReadable(Side side);
  void OnWritable(Side side);
  void Arm(Side side);
  [[nodiscard]] bool WantsToRead(Side side) const;
  void OnClientFin();
  void OnClientEnd();
  void OnServerEnd();

  // The deeds (relay_actions.cc).
  void Perform(const Action& action);
  void AskEngine(bool reauthentication);
  void OpenBackend();
  void OnConnected(Fd fd);
  void OnLoginOk();
  void OnLoginFailed(LoginFailure failure);
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
  const Time accepted_;
  TicketPtr ticket_;
  KillMap::Lease kill_;
  mysql::Session session_;
  Leg client_;
  Leg server_;
  std::shared_ptr<Connector> connector_;
  Time deadline_ = kNever;
  Time login_deadline_ = kNever;  // from the start of the connect on
  std::uint64_t statements_ = 0;
  mysql::Phase phase_ = mysql::Phase::kGreeting;
  Backend backend_ = Backend::kNone;
  Reason engine_said_ = Reason::kNone;  // the verdict that ends it: already in the books
  bool polling_ = false;
  bool client_gone_ = false;   // told to the engine
  bool answers_owed_ = false;  // the client's FIN came behind commands not answered yet
  bool session_over_ = false;  // kClose was performed: the session may not be called any more
  bool detached_ = false;
};

}  // namespace headgate::net
