// The gate: listens, accepts, and drives every session between a client and the backend.
//
//   auto gate = Gate::Bind(options);             // as root, if the port needs it
//   ... drop privileges ...
//   Engine engine(limits, secrets, (*gate)->wakeups(), decisions);
//   (*gate)->Start(engine);
//   (*gate)->Wait();                             // until Drain() or StopNow() has done its work
//
// Threads: Bind, Start and the destructor on one thread; Drain, StopNow, Wait and Status from any.
// Each worker thread has its own io_context and its own SO_REUSEPORT listeners; one more thread
// ticks the engine and probes the backend, and one is the monitor's, where there is an account.
// All of them block every signal.
// Lifetime: after Wait() returned nothing touches the engine any more: destroy the engine, then
// the gate. wakeups() is valid as long as the gate.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "net/options.h"
#include "policies/engine.h"
#include "policies/event.h"
#include "policies/time.h"

namespace headgate::net {

// What the monitor read last.
struct MonitorFigures {
  std::uint64_t max_connections = 0, threads_connected = 0, threads_running = 0, foreign = 0;
  std::uint64_t aborted_connects = 0, slow_queries = 0;
  std::uint64_t pool_read_requests = 0, pool_reads = 0;  // InnoDB's buffer pool; reads missed it
  std::uint64_t connection_errors = 0;
  std::optional<Duration> replication_lag;  // where it is a replica
};

struct BackendStatus {
  std::string name;  // as in GateOptions::backends
  bool current = false, up = false;
  std::string state;
  Duration since{};  // in that state
  std::string error, server_version;
  bool read_only = false;
  MonitorFigures figures;
};

struct GateStatus {
  std::vector<std::uint64_t> sessions;  // live, one number per thread; orphans included
  std::uint64_t connections = 0;        // their sum
  std::uint64_t max_clients = 0;        // what the descriptors allow
  std::string backend;                  // as configured
  bool backend_up = false;              // the last try to reach it succeeded
  std::string server_version;           // empty until its greeting is known
  bool monitor_configured = false;      // there is an account and a password file
  bool monitor_up = false;              // logged in now
  std::string monitor_error;            // why not, in the server's or the client library's words
  std::uint64_t kills = 0;              // KILLs the server carried out for it
  std::vector<BackendStatus> backends;  // in the order of GateOptions::backends
};

class Gate {
 public:
  // Raises the descriptor limit and binds every address, on the calling thread. The error names
  // the address and the remedy.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<Gate>> Bind(GateOptions options);
  ~Gate();  // StopNow() and Wait()
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  [[nodiscard]] Wakeups& wakeups();
  // "127.0.0.1:3306", in the order of GateOptions::listen, with the ports really bound.
  [[nodiscard]] std::vector<std::string> listening() const;
  [[nodiscard]] std::size_t max_clients() const;

  // Resolves the backend, then starts the threads. The backend need not be there yet: clients get
  // ERR 1105 until its greeting is known.
  [[nodiscard]] absl::Status Start(Engine& engine);

  // Stops accepting, turns away who is not logged in (ERR 1053), and lets the others go on until
  // they leave or `patience` has passed. Returns at once.
  void Drain(Duration patience);
  // Ends everything now: listeners first, then the sessions. Returns at once. Also cuts a Drain().
  void StopNow();
  // Blocks until a Drain() or StopNow() is complete and all threads have ended. At once when never
  // started.
  void Wait();

  [[nodiscard]] GateStatus Status() const;
  // Of every backend whose greeting is known.
  [[nodiscard]] std::vector<KnownGreeting> Greetings() const;
  // The operator's choice. NotFound: there is no backend of this name.
  [[nodiscard]] absl::Status UseBackend(const std::string& name);

 private:
  struct Impl;
  explicit Gate(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace headgate::net
