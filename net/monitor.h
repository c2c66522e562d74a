// The gate's own account at one backend: ends statements with KILL, knows which connections wait
// for a lock, follows its capacity and who else is connected, and tells whether it lives. Optional:
// without a user or a password file there is none, and the file is looked for again each interval.
//
// The account needs, granted to itself and not through a role:
//   MariaDB from 10.5   GRANT PROCESS, CONNECTION ADMIN ON *.*
//   MySQL from 8.0      GRANT PROCESS, CONNECTION_ADMIN ON *.*
//   older servers       GRANT PROCESS, SUPER ON *.*
// MySQL lets nobody without SYSTEM_USER kill a session that has it. The address has to be the same
// server as the backend: connection ids mean nothing at another one. How far a replica lags is
// asked where the account may (MariaDB: REPLICA MONITOR, MySQL: REPLICATION CLIENT).
//
// The process list is read and told of first. A further question that is not answered in time costs
// the connection, and is then left out for five minutes.
//
// A full server has one place more for such an account, which is then kept as long as the server
// lets it. While the backend's breaker is open it connects only when asked to.
//
// Only ever KILL QUERY, also for an orphan: at KILL CONNECTION the server says FIN before its
// thread has ended, and the slot would be taken for free too early. It ends what the connection
// runs when it arrives. Its session holds the client's next command until then; what a pipelining
// client had sent before cannot be held any more.
//
// Threads: Run() is the body of its own thread, the only one that talks to the server and so the
// only one that ever waits for it; the other methods from any thread. Lifetime: Stop() and join
// before the listener and the ids go. It holds one descriptor, of those kept back for the control
// plane.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include "net/kill_queue.h"
#include "net/live_ids.h"
#include "net/monitor_look.h"
#include "net/options.h"
#include "net/server_client.h"
#include "net/server_figures.h"
#include "policies/time.h"

namespace headgate::net {

// A KILL that the server could not be sent for so long is not sent any more.
inline constexpr Duration kKillStart = std::chrono::seconds(1);

// Why the monitor has no connection (any more).
enum class MonitorTrouble : std::uint8_t {
  kNotConfigured,  // no password file
  kRejected,       // the server does not take the login, or the account lacks a privilege
  kNoConnection,
  kLoginTimedOut,
  kLost,  // the server, or somebody between, ended it
  kLookTimedOut,
  kPingTimedOut,
};

// Who wants to know. All of it on the monitor's thread.
class MonitorListener {
 public:
  virtual ~MonitorListener() = default;
  virtual void OnMonitorLogin(const mysql::Greeting& greeting) = 0;
  virtual void OnMonitorLook(const ServerFigures& figures) = 0;
  virtual void OnMonitorTrouble(MonitorTrouble trouble, const std::string& error) = 0;
  // Whether it may try by itself now.
  [[nodiscard]] virtual bool MayMonitorConnect() const = 0;
};

struct MonitorStatus {
  bool configured = false;  // there is an account and a password file
  bool up = false;          // logged in, with what it needs
  std::string error;        // why not up; empty while not configured
  std::uint64_t kills = 0;  // carried out
  ServerFigures figures;    // as of the last look
  Time looked{};            // when that was; Time() = never

  // Whether `figures` tell of now; and whether those of SHOW GLOBAL STATUS do.
  [[nodiscard]] bool HasFigures() const { return up && looked != Time(); }
  [[nodiscard]] bool HasCounters() const { return HasFigures() && figures.uptime > 0; }
};

class Monitor {
 public:
  // `clients`: how many sessions there are. Without any nobody waits for a lock.
  Monitor(MonitorOptions options, const std::string& backend, ProxyHeader header,
          const std::atomic<std::size_t>& clients, LiveIds& ours, MonitorListener& listener);
  ~Monitor();
  Monitor(const Monitor&) = delete;
  Monitor& operator=(const Monitor&) = delete;

  void Run();
  // Run() returns after at most kServerPatience.
  void Stop();
  // Connects at once, if it has not, whatever pause it is in.
  void TryNow();
  // Whether it logs in where clients do.
  [[nodiscard]] bool through_backend() const { return options_.address.empty(); }

  [[nodiscard]] bool up() const { return up_.load(std::memory_order_relaxed); }
  // KILL QUERY, of a connection that was greeted at `greeted`: one from before the server's last
  // start is as good as killed, and its id somebody else's. Never waits. True: `done` is called
  // once, later, on the monitor's thread. False: it will never be called, as the monitor is not up
  // or has too much to do.
  [[nodiscard]] bool Kill(std::uint32_t backend_id, Time greeted,
                          std::function<void(KillEnd)> done);
  // Who waited for a lock when last asked; empty while that is not known. Never null.
  [[nodiscard]] std::shared_ptr<const BackendIds> lock_waits() const;
  [[nodiscard]] MonitorStatus status() const;

 private:
  bool WaitForWork();
  void ConnectIfDue();
  void TryConnect();
  std::optional<MonitorTrouble> Connect(std::string& error);
  absl::Status LogIn(const std::vector<SocketAddress>& addresses, const ServerLogin& login);
  absl::Status AskStart();
  void CarryOutKills();
  KillEnd CarryOut(const KillOrder& order);
  void Look();
  absl::Status ReadProcesses();
  absl::Status AskOptional();
  void BackOff();
  void NoteUp();
  void NoteDown(MonitorTrouble trouble, const std::string& error);
  void Disconnect(const std::string& error);
  void PublishLockWaits(BackendIds ids);

  const MonitorOptions options_;
  const std::string address_;
  const std::string proxy_header_;
  const std::atomic<std::size_t>& clients_;
  LiveIds& ours_;
  MonitorListener& listener_;

  // Of its own thread.
  std::unique_ptr<ServerClient> client_;
  Time next_try_{};
  Time next_look_{};
  Time next_replication_{};
  // Of questions that got no answer, whichever connection it was.
  Time status_again_{};
  Time replication_again_{};
  Time server_start_{};  // of the server it is logged in to; Time() = not known
  Duration pause_{};
  mysql::Greeting greeting_;
  Unanswerable not_there_;
  ForeignCount foreign_;
  ServerFigures figures_;

  std::atomic<bool> up_{false};
  mutable std::mutex mutex_;  // for what follows; never held while waiting for the server
  std::condition_variable wake_;
  bool stop_ = false;
  bool asked_ = false;
  KillQueue kills_;
  MonitorStatus status_;
  std::shared_ptr<const BackendIds> lock_waits_ = std::make_shared<const BackendIds>();
};

}  // namespace headgate::net
