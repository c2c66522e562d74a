#include "guard/service_manager.h"

#include <systemd/sd-daemon.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <utility>

#include <absl/strings/str_format.h>
#include "guard/log.h"
#include "net/signals_blocked.h"

namespace headgate::guard {
namespace {

// A line of STATUS= is one line.
std::string OneLine(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return text;
}

// CLOCK_MONOTONIC, which the manager compares with its own (sd_notify(3), MONOTONIC_USEC).
std::uint64_t MonotonicMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1'000;
}

}  // namespace

// WATCHDOG_PID is of whoever was started first: after an upgrade this is another process, and the
// variable has been left out.
ServiceManager::ServiceManager() : there_(std::getenv("NOTIFY_SOCKET") != nullptr) {
  std::uint64_t usec = 0;
  if (sd_watchdog_enabled(/*unset_environment=*/0, &usec) > 0) {
    watchdog_ = std::chrono::microseconds(usec);
  }
}

ServiceManager::~ServiceManager() { StopWatchdog(); }

bool ServiceManager::StartedUs() { return std::getenv("INVOCATION_ID") != nullptr; }

std::vector<net::PassedSocket> ServiceManager::TakeSockets() {
  char** names = nullptr;
  const int count = sd_listen_fds_with_names(/*unset_environment=*/1, &names);
  std::vector<net::PassedSocket> sockets;
  for (int i = 0; i < count; ++i) {
    sockets.push_back({names[i], net::Fd(SD_LISTEN_FDS_START + i)});
    std::free(names[i]);
  }
  std::free(names);
  if (count < 0) Log(LogLevel::kWarning, "LISTEN_FDS: what was passed cannot be taken");
  return sockets;
}

void ServiceManager::Say(const std::string& state) const {
  if (!there_) return;
  const int said = sd_notify(/*unset_environment=*/0, state.c_str());
  if (said < 0) {
    Log(LogLevel::kWarning,
        absl::StrFormat("the service manager cannot be told: error %d (errno(3))", -said));
  }
}

void ServiceManager::Ready(const std::string& status) { Say("READY=1\nSTATUS=" + OneLine(status)); }

void ServiceManager::Reloading() {
  Say(absl::StrFormat("RELOADING=1\nMONOTONIC_USEC=%d\nSTATUS=reads its configuration again",
                      MonotonicMicroseconds()));
}

void ServiceManager::Stopping(const std::string& status) {
  Say("STOPPING=1\nSTATUS=" + OneLine(status));
}

bool ServiceManager::MainIs(int pid, Duration most) {
  if (!there_) return true;
  Say(absl::StrFormat("MAINPID=%d", pid));
  const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(most).count();
  return sd_notify_barrier(/*unset_environment=*/0, static_cast<std::uint64_t>(usec)) >= 0;
}

// One message each: a datagram takes 253 descriptors at most (SCM_MAX_FD, unix(7)), and the name is
// of all that are in it. What is beyond FileDescriptorStoreMax= is closed without a word.
bool ServiceManager::Store(const std::vector<net::PassedSocket>& sockets) {
  const char* variable = std::getenv("FDSTORE");
  const int most = variable != nullptr ? std::atoi(variable) : 0;
  if (!there_ || most <= 0) return false;
  if (sockets.size() > static_cast<std::size_t>(most)) {
    Log(LogLevel::kWarning,
        absl::StrFormat("a restart resets who waits for the gate: it has %d listening sockets, and "
                        "the service manager keeps %d (FileDescriptorStoreMax=, FDSTORE)",
                        sockets.size(), most));
    return false;
  }
  bool stored = !sockets.empty();
  for (const net::PassedSocket& socket : sockets) {
    const int fd = socket.fd.get();
    const std::string state = "FDSTORE=1\nFDPOLL=0\nFDNAME=" + socket.name;
    stored &= sd_pid_notify_with_fds(0, /*unset_environment=*/0, state.c_str(), &fd, 1) > 0;
  }
  return stored;
}

void ServiceManager::Forget(const std::string& name) {
  Say("FDSTOREREMOVE=1\nFDNAME=" + OneLine(name));
}

void ServiceManager::StartWatchdog(std::function<std::string()> trouble) {
  if (watchdog_ <= Duration::zero() || !there_ || thread_.joinable()) return;
  trouble_ = std::move(trouble);
  Log(LogLevel::kInfo,
      absl::StrFormat("watchdog: the service manager is pinged, and waits %.3g s for a ping",
                      std::chrono::duration<double>(watchdog_).count()));
  const net::SignalsBlocked blocked;
  thread_ = std::thread([this] { Watch(); });
}

void ServiceManager::StopWatchdog() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

// Where there was trouble it looks again soon: who was stopped as a whole has little time left for
// a ping when it goes on.
void ServiceManager::Watch() {
  const Duration pause = std::min<Duration>(watchdog_ / 4, std::chrono::seconds(5));
  const Duration soon = std::min<Duration>(pause, std::chrono::seconds(1));
  bool well = true;
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    const std::string trouble = trouble_();
    if (trouble.empty()) {
      Say("WATCHDOG=1");
    } else if (well) {
      Log(LogLevel::kError, "watchdog: no ping, as " + trouble);
    }
    if (trouble.empty() && !well) Log(LogLevel::kWarning, "watchdog: all is well again");
    well = trouble.empty();
    lock.lock();
    wake_.wait_for(lock, well ? pause : soon, [this] { return stop_; });
  }
}

}  // namespace headgate::guard
