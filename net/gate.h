// The gate: listens, accepts, and drives every session between a client and the backend.
//
//   auto gate = Gate::Bind(options);             // as root, if the port needs it
//   ... drop privileges ...
//   Engine engine(limits, secrets, (*gate)->wakeups(), decisions);
//   (*gate)->Start(engine);
//   (*gate)->Wait();                             // until Drain() or StopNow() has done its work
//
// Threads: Bind, Start and the destructor on one thread; the rest from any.
// Each worker thread has its own io_context and its own listeners (SO_REUSEPORT), or its turns on
// those that were passed to the gate; one more thread
// ticks the engine and probes the backends, and where there is an account each backend has one for
// its monitor. All of them block every signal.
// Lifetime: after Wait() returned nothing touches the engine any more: destroy the engine, then
// the gate. wakeups() is valid as long as the gate.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/backends.h"
#include "net/heartbeat.h"
#include "net/options.h"
#include "net/passed_sockets.h"
#include "policies/engine.h"
#include "policies/event.h"
#include "policies/time.h"

namespace headgate::net {

class TlsContext;

struct GateStatus {
  std::vector<std::uint64_t> sessions;  // live, one number per thread; orphans included
  std::uint64_t connections = 0;        // their sum
  std::uint64_t max_clients = 0;        // what the descriptors allow
  std::uint64_t tls_sessions = 0;       // clients with TLS now
  std::uint64_t tls_handshakes = 0;     // with clients, complete
  std::uint64_t tls_resumed = 0;        // of those: by a ticket
  std::vector<BackendStatus> backends;  // in order of preference
  // Of the current backend, once more.
  std::string backend;              // as configured
  bool backend_up = false;          // its breaker is closed, and it was reached
  std::string server_version;       // empty until its greeting is known
  bool monitor_configured = false;  // there is an account and a password file
  bool monitor_up = false;          // logged in now
  std::string monitor_error;        // why not, in the server's or the client library's words
  std::uint64_t kills = 0;          // KILLs the server carried out for it
};

class Gate {
 public:
  // Raises the descriptor limit and binds every address, on the calling thread, or takes what was
  // passed for it. The error names the address and the remedy.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Gate>> Bind(
      GateOptions options, std::vector<PassedSocket> passed = {});
  ~Gate();  // StopNow() and Wait()
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  [[nodiscard]] Wakeups& wakeups();
  // "127.0.0.1:3306", in the order of GateOptions::listen, with the ports really bound.
  [[nodiscard]] std::vector<std::string> listening() const;
  [[nodiscard]] std::size_t max_clients() const;
  // Names of what was passed and that no address of `listen` has asked for: it is closed.
  [[nodiscard]] const std::vector<std::string>& not_asked_for() const;

  // Resolves the backends, then starts the threads. They need not be there yet: clients get ERR
  // 1105 until a greeting is known. With `accept` = false nobody is taken before Accept().
  [[nodiscard]] absl::Status Start(Engine& engine, bool accept = true);

  // For a hand-over, and its failure. Hold(): from its return on no thread takes anybody; queues go
  // on to fill. False: some thread has not answered within `most`.
  [[nodiscard]] bool Hold(Duration most);
  void Accept();
  // Copies of the listening sockets, named by their addresses (StoreName). FailedPrecondition:
  // they are closed, or are being closed.
  [[nodiscard]] absl::StatusOr<std::vector<PassedSocket>> CopySockets() const;
  // Somebody else has copies: whoever is in a queue when the sockets are closed is theirs.
  void KeepQueues();
  // As Drain(), but who is not logged in goes on as well, and those in the queues are left to who
  // has copies. A Drain() after it turns them away. `taken`: the addresses, as of listening(), that
  // somebody has copies of, all of them where it is empty; in the queues of others they are told
  // (ERR 1053).
  void Leave(Duration patience, const std::vector<std::string>& taken = {});
  // How many have not named themselves yet: behind a proxy, before the engine has heard of them.
  [[nodiscard]] std::size_t Unnamed() const;
  // Of every thread that clients need.
  [[nodiscard]] std::vector<Beat> Beats(Duration patience) const;

  // Stops accepting, turns away who is not logged in (ERR 1053), and lets the others go on until
  // they leave or `patience` has passed. Returns at once.
  void Drain(Duration patience);
  // Ends everything now: listeners first, then the sessions. Returns at once. Also cuts a Drain().
  void StopNow();
  // For clients that come from now on. REQUIRES: TlsMode::kTerminate.
  void SetTls(std::shared_ptr<const TlsContext> context);
  // Blocks until a Drain() or StopNow() is complete and all threads have ended. At once when never
  // started.
  void Wait();

  [[nodiscard]] GateStatus Status() const;
  // Makes that backend, by its name in GateOptions, the current one. NotFound: there is no such
  // name. FailedPrecondition: it is not up, or was not heard of lately and is being asked now, or
  // the gate has not been started.
  [[nodiscard]] absl::Status UseBackend(std::string_view name, Time now);
  // What the backends greet with, as far as known: for GateOptions::greetings after a restart.
  [[nodiscard]] std::vector<KnownGreeting> Greetings() const;

 private:
  struct Impl;
  explicit Gate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::net
