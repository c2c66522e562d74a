// One configured backend: its addresses, what is known of it, and what the gate's sessions and its
// own account there have to tell about it.
//
// Threads: Note...(), Learn() and the plain accessors from any; the monitor's reports come on the
// monitor's thread; what says so belongs to its room (Backends) and is under the room's lock.
// Lifetime: of its room.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/backend_probe.h"
#include "net/greeting_store.h"
#include "net/live_ids.h"
#include "net/loop.h"
#include "net/monitor.h"
#include "net/options.h"
#include "net/socket_address.h"
#include "policies/backend_health.h"
#include "policies/token_bucket.h"

namespace headgate::net {

class Backends;

class Backend final : public MonitorListener {
 public:
  // `index`: its place in the order of preference.
  Backend(Backends& room, std::size_t index, std::string name, std::vector<SocketAddress> addresses,
          const GateOptions& options, const std::atomic<std::size_t>& clients);

  [[nodiscard]] std::size_t index() const { return index_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  [[nodiscard]] const std::vector<SocketAddress>& addresses() const { return addresses_; }
  // What its certificate has to be about: the host or address as configured; empty: a unix socket.
  [[nodiscard]] const std::string& host() const { return host_; }
  // On a unix socket, or loopback.
  [[nodiscard]] bool local() const { return local_; }
  [[nodiscard]] Monitor& monitor() { return monitor_; }
  [[nodiscard]] LiveIds& live_ids() { return live_ids_; }
  // Null until it is known.
  [[nodiscard]] GreetingPtr greeting() const { return greeting_.Get(); }
  // False while its breaker is open.
  [[nodiscard]] bool may_connect() const { return may_connect_.load(std::memory_order_relaxed); }

  // A session got its greeting. Cheap when nothing changes.
  void NoteReached();
  void NoteFailure(BackendFailure how, const std::string& detail);
  // Whether another TLS handshake may be tried: a server counts those that fail against the gate's
  // address, and blocks it after max_connect_errors (100 by default) of them.
  [[nodiscard]] bool may_start_tls(Time now) const;
  void NoteTlsFailure(const std::string& why, Time now);
  // No greeting for a connection from a client's own address, which may be the fault of the way
  // back to it: that alone counts for nothing, but the backend is tried from the gate's address.
  void NoteDoubt();
  // The greeting of a live login.
  void Learn(const mysql::Greeting& greeting);

  void OnMonitorLogin(const mysql::Greeting& greeting) override;
  void OnMonitorLook(const ServerFigures& figures) override;
  void OnMonitorTrouble(MonitorTrouble trouble, const std::string& error) override;
  [[nodiscard]] bool MayMonitorConnect() const override;

 private:
  friend class Backends;
  // Who the greeting in store is from: a better one is not replaced, but by another server's.
  enum class Taught : std::uint8_t { kNobody, kFile, kMonitor, kLive };
  // True when that changed what is in store.
  bool Teach(const mysql::Greeting& greeting, Taught by);
  // For those who read without the lock.
  void Publish();

  Backends& room_;
  const std::size_t index_;
  const std::string name_;
  const std::vector<SocketAddress> addresses_;
  const std::string host_;
  const bool local_;
  TokenBucket tls_failures_;
  TokenBucket tls_news_;
  LiveIds live_ids_;
  GreetingStore greeting_;
  std::atomic<bool> may_connect_{true};
  std::atomic<bool> sound_{false};

  // The room's.
  BackendHealth health_;
  Taught taught_ = Taught::kNobody;
  std::string error_;  // why it is not up; empty when it is
  std::optional<ServerFigures> figures_;
  bool monitor_can_probe_;      // its last login worked, or there has been none yet
  bool monitor_asked_ = false;  // the probe that is out is its login
  bool was_open_ = false;
  bool monitor_lost_ = false;  // it looked once, and nothing came of it since
  Time looked_{};              // the monitor, last
  Time probed_{};              // a probe or the monitor was asked, last
  bool facts_stale_ = false;   // the engine was told to forget who else is there
  // What was told to GateOptions::on_event (backends_news.cc).
  unsigned downs_ = 0, said_downs_ = 0;
  bool said_down_ = false;
  bool said_monitor_lost_ = false;
  std::string down_error_;  // why it went down last
  Time said_at_{};
  Time planned_ = kNever;  // what `due_` is set to
  // Of the room's thread.
  LoopTimer due_;
  LoopTimer patience_;
  std::shared_ptr<BackendProbe> probe_;

  Monitor monitor_;
};

}  // namespace headgate::net
