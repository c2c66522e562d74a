// The service manager that started the gate, where there is one that wants to be told
// (sd_notify(3), sd_listen_fds(3), sd_watchdog_enabled(3)). Without NOTIFY_SOCKET, LISTEN_FDS and
// WATCHDOG_USEC everything here does nothing.
//
// Threads: any; construct it before any other thread, as it takes variables out of the environment.
// Lifetime: of the process.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "net/passed_sockets.h"
#include "policies/time.h"

namespace headgate::guard {

class ServiceManager {
 public:
  ServiceManager();
  ~ServiceManager();  // StopWatchdog()
  ServiceManager(const ServiceManager&) = delete;
  ServiceManager& operator=(const ServiceManager&) = delete;

  // Whether it wants to be told of anything.
  [[nodiscard]] bool there() const { return there_; }
  // Whether it started us at all (systemd.exec(5), INVOCATION_ID).
  [[nodiscard]] static bool StartedUs();
  // What it passed, once. Nothing where LISTEN_PID is another process.
  [[nodiscard]] std::vector<net::PassedSocket> TakeSockets();

  void Ready(const std::string& status);
  void Reloading();
  void Stopping(const std::string& status);
  // The process that is the service from now on. Returns when that has been taken in, or after
  // `most`; false: it was not.
  bool MainIs(int pid, Duration most);
  // Nothing is said from now on: another process speaks.
  void Silence() { there_ = false; }

  // Hands over copies of the sockets for the next start, however this one ends. False: there is
  // nobody who keeps them.
  bool Store(const std::vector<net::PassedSocket>& sockets);
  // Gives up what is stored under that name.
  void Forget(const std::string& name);

  // How long it waits for a ping; zero: it does not.
  [[nodiscard]] Duration watchdog() const { return watchdog_; }
  // Pings as long as `trouble` says nothing. What it says is logged when it begins.
  void StartWatchdog(std::function<std::string()> trouble);
  void StopWatchdog();

 private:
  void Say(const std::string& state) const;
  void Watch();

  std::atomic<bool> there_ = false;
  Duration watchdog_{};
  std::function<std::string()> trouble_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace headgate::guard
