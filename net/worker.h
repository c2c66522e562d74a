// One thread of the gate: its listeners, its sessions, their deadlines, and the inbox through which
// the other threads reach them.
//
// Threads: Run() is the thread's body. Post...() from any thread; everything else from its own.
// Lifetime: outlives its thread. No session is left when Run() returns.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "net/backends.h"
#include "net/deadline_queue.h"
#include "net/doorstep.h"
#include "net/farewell.h"
#include "net/greeting_store.h"
#include "net/heartbeat.h"
#include "net/kill_map.h"
#include "net/listener.h"
#include "net/loop.h"
#include "net/mysql/session.h"
#include "net/mysql/wire.h"
#include "net/options.h"
#include "net/proxy_intake.h"
#include "net/published.h"
#include "net/salts.h"
#include "net/tls_context.h"
#include "policies/engine.h"
#include "policies/token_bucket.h"

namespace headgate::net {

class Relay;

// How many handshake errors plugins unknown to the gate may cause at the backend: each counts in
// its host_cache, where max_connect_errors (100 by default) without a login between them block the
// gate. Above it their logins are ended politely before the answer.
inline constexpr Rate kHandshakeErrors{1.0 / 60, 10};

struct TlsCounts {
  std::atomic<std::uint64_t> handshakes{0};  // with clients, to their end
  std::atomic<std::uint64_t> resumed{0};     // of those
  std::atomic<std::uint64_t> sessions{0};    // clients with TLS now
};

using TlsContextPtr = std::shared_ptr<const TlsContext>;

// What all workers share.
struct GateShared {
  GateOptions options;
  std::size_t max_clients = 0;
  Engine* engine = nullptr;
  KillMap kill_map{KillMap::RandomFirst()};
  std::unique_ptr<Backends> backends;
  TokenBucket handshake_errors;  // at the backend, by answers of plugins the gate does not know
  TokenBucket source_news;       // lines about connects from clients' addresses that failed
  TokenBucket accept_news;       // lines about accept(2)
  Published<TlsContext> tls;     // as the last reload has it
  TlsCounts tls_counts;
  std::atomic<std::size_t> clients{0};     // sessions of all threads, and who is in an intake
  std::atomic<Time> end_sessions{kNever};  // while draining: when those still there are ended
  std::atomic<std::size_t> unnamed{0};     // of `clients`: who is in an intake
  std::atomic<bool> accepting{true};       // false: nobody is taken for now
  // Somebody else goes on with the listening sockets: who waits in their queues is theirs.
  std::atomic<bool> queue_kept{false};
  std::vector<Endpoint> given_up;  // but with these nobody; settled before the listeners close
  // While draining: who is not logged in goes on as well.
  std::atomic<bool> patient{false};
};

class Worker {
 public:
  // What another thread has to say about one connection: the engine, because of another one, or
  // the monitor.
  struct Wake {
    enum class Kind : std::uint8_t {
      kAdmitted,
      kRefused,
      kEvicted,
      kReady,
      kReclaim,
      kKilled,     // the server has answered the KILL
      kNotKilled,  // it could not be asked
    };
    Kind kind = Kind::kAdmitted;
    Reason reason = Reason::kNone;
    std::uint64_t serial = 0;
  };

  Worker(std::uint32_t index, GateShared& shared, std::vector<ListenFeed> listeners);
  ~Worker();

  void Run();
  void PostWake(const Wake& wake);
  // Starts or holds the listeners, as GateShared::accepting says, then calls `done`.
  void PostFollowAccepting(std::function<void()> done);
  // Empties and closes the listeners, answering ERR 1053, then calls `closed`. Where the queue is
  // kept they are closed as they are, but for those given up; where the gate is patient nobody is
  // turned away.
  void PostCloseListeners(std::function<void()> closed);
  // Nobody may connect to that backend for now: who is about to is told.
  void PostBackendDown(std::size_t backend);
  // Another backend is current: ends every session that has one.
  void PostBackendSwitched();
  // Turns away who is not logged in, where the gate is not patient, and ends the thread when the
  // last session has ended, or at GateShared::end_sessions. May be called again when that was
  // brought forward.
  void PostDrain();
  [[nodiscard]] const Heartbeat& heartbeat() const { return heartbeat_; }
  [[nodiscard]] std::uint64_t session_count() const {
    return session_count_.load(std::memory_order_relaxed);
  }

  // For its relays.
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] GateShared& shared() { return shared_; }
  [[nodiscard]] Engine& engine() { return *shared_.engine; }
  [[nodiscard]] std::span<std::uint8_t> scratch() { return scratch_; }
  void MoveDeadline(std::uint64_t serial, Time was, Time when);
  void SayFarewell(Parting client);
  // Whether a client with TLS may have that backend without.
  [[nodiscard]] bool PlainBackendWillDo(const Backend& backend);
  // Null: TLS is off.
  [[nodiscard]] const TlsContextPtr& tls() { return tls_.Get(); }
  void Remove(std::uint64_t serial);
  // Every session that is logged in is swept each kIdleSweep; those that are watched, and say so
  // each time, each kSweep.
  void NeedSweeps();
  void Watch(Relay& relay);

 private:
  // Who is at the other end of a client's socket, and how it came.
  struct Client {
    Endpoint peer;
    Arrival how = Arrival::kDirect;
    std::optional<Endpoint> destination{};  // as a proxy has named it; else the socket's own
  };
  [[nodiscard]] bool QueueIsOurs(const Listener& listener) const;
  void OnPaused(const Listener& at, int error);
  void OnAccepted(Fd client, const SocketAddress& peer);
  void Come(Fd client, const SocketAddress& peer);
  void AwaitProxyHeader(Fd client, const Endpoint& proxy, const Limits& limits, Time now);
  void OnNamed(Fd client, const Endpoint& proxy, const ProxyHeaderIn& header);
  void OnUnnamed(Fd client, const Endpoint& proxy, Reason reason);
  void Admit(Fd client, const Client& who, Time now);
  void Greet(Fd client, const Client& from, ConnectionId id, TicketPtr ticket, Time now);
  static std::size_t Say(const Fd& client, mysql::Bytes bytes);
  // From the doorstep: what comes for it is for its session from now on. False: it is not there.
  bool LetIn(std::uint64_t serial);
  void LetAllIn();
  void StartRelay(LoopSocket client, Newcomer who, std::size_t greeted);
  void CountSessions();
  [[nodiscard]] mysql::TlsUse TlsUseFor(const mysql::Greeting& greeting);
  // The cheap way out: no session, no allocation, no log line.
  void TurnAway(const Fd& client, Reason reason);
  void TakeWakes();
  void Deliver(const Wake& wake);
  void Drain();
  void EndSessions();
  void Beat();
  void NeedTick();
  void Tick();
  void SweepIn(Duration pause);
  void Sweep();
  void SweepIdle(const LockWaits& lock_waits, Time now);
  [[nodiscard]] std::vector<Relay*> AllRelays() const;

  static constexpr std::size_t kScratch = std::size_t{64} * 1024;
  static constexpr Duration kSweep = std::chrono::milliseconds(100);
  static constexpr Duration kIdleSweep = std::chrono::seconds(1);

  const std::uint32_t index_;
  GateShared& shared_;
  Loop loop_;
  LoopTimer tick_{loop_};
  LoopTimer sweep_{loop_};
  Time sweep_at_ = kNever;       // when the timer goes off
  Time idle_sweep_at_ = kNever;  // when all are due
  bool ticking_ = false;
  bool closing_ = false;   // the listeners are closing or closed
  bool draining_ = false;  // sessions are asked to end
  std::vector<std::unique_ptr<Listener>> listeners_;
  GreetingStore::View greeting_;
  Published<TlsContext>::View tls_;
  Salts salts_;
  std::array<mysql::Buffer, kReasonCount> refusals_;  // what is sent at accept, by reason
  DeadlineQueue deadlines_;
  Farewells farewells_;
  Doorstep doorstep_;
  ProxyIntake intake_;
  std::uint64_t next_serial_ = 1;
  absl::flat_hash_map<std::uint64_t, std::unique_ptr<Relay>> relays_;
  std::vector<std::unique_ptr<Relay>> gone_;  // until the turn ends: one may be in its own event
  std::vector<Relay*> watched_;
  std::atomic<std::uint64_t> session_count_{0};
  std::array<std::uint8_t, kScratch> scratch_;

  std::mutex inbox_mutex_;
  std::vector<Wake> inbox_;

  bool turned_away_ = false;  // while draining: who is not logged in has been
  LoopTimer beat_{loop_};
  Heartbeat heartbeat_;
};

}  // namespace headgate::net
