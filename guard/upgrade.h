// `headgate upgrade`: the running gate starts the program that now stands at its own path and hands
// over to it, so that nobody is refused or cut (upgrade_link.h has the steps). Whatever goes wrong
// before the other one serves ends it, and this one goes on.
//
// Threads: Begin() and status() from any; Stop() on the main thread; the hand-over has a thread of
// its own, on which the parts are called. Lifetime: what the parts refer to outlives Stop().
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "guard/former_gates.h"
#include "guard/spawn.h"
#include "guard/upgrade_link.h"
#include "net/passed_sockets.h"
#include "policies/engine.h"

namespace headgate::guard {

enum class UpgradeState : std::uint8_t { kNone, kRunning, kFailed, kHandedOver };
// How GET /upgrade says it.
[[nodiscard]] std::string_view Name(UpgradeState state);

struct UpgradeStatus {
  using State = UpgradeState;
  State state = State::kNone;
  std::string why;                   // it failed
  int pid = 0;                       // of the other one
  std::vector<std::string> takes{};  // what it listens on; empty where it does not say
};

// What is handed over before the other one begins.
struct Estate {
  std::vector<net::PassedSocket> sockets;
  net::Fd admin, page;
  std::string state;         // as StateJson() has it
  std::string table;         // the kernel's, that this gate holds; empty: none
  bool transparent = false;  // [gate] transparent, which the sockets have
  // Links to those that this one has taken over from itself.
  std::vector<std::pair<FormerGate, net::Fd>> formers;
};

class Upgrade {
 public:
  struct Parts {
    std::string program;
    std::vector<std::string> arguments;
    // Why there can be none now; the first that is asked.
    std::function<absl::Status()> may;
    // The one in use, which is in the estate as well.
    std::function<std::string()> backend;
    std::function<absl::StatusOr<Estate>()> estate;
    std::function<bool()> hold;  // nobody is taken from here on; false: some thread is deaf
    std::function<void()> resume;
    std::function<Engine::Share()> share;
    std::function<std::string()> bans;  // a state without known-good
    std::function<std::uint64_t()> sessions;
    // The other one is the service from now on. Then everything but the sessions is let go of.
    std::function<void(int pid)> let_go;
  };

  explicit Upgrade(Parts parts) : parts_(std::move(parts)) {}
  ~Upgrade();  // Stop()
  Upgrade(const Upgrade&) = delete;
  Upgrade& operator=(const Upgrade&) = delete;

  // Returns at once; status() tells what comes of it. FailedPrecondition: not now.
  // Unavailable: there is no thread for it.
  absl::Status Begin();
  [[nodiscard]] UpgradeStatus status() const;
  // The gate ends: whoever has not been handed over to is ended, which is not waited for, and there
  // is no other.
  void Abort() { abort_ = true; }
  // The same, and ends what is told to one that has been. Returns when the thread has ended.
  void Stop();
  // Whoever was handed over to has gone, and nobody is told any more what is held here.
  [[nodiscard]] bool Deserted() const;

 private:
  void Run();
  // What the other one has said at its end.
  absl::StatusOr<UpgradeLink::Message> HandOver(const UpgradeLink& link, const Spawned& younger);
  absl::Status SendEstate(const UpgradeLink& link, const Estate& estate) const;
  // The message that is to come next; the error is why it will not.
  absl::StatusOr<UpgradeLink::Message> Await(const UpgradeLink& link, const std::string& say,
                                             Duration most) const;
  absl::Status GiveTurn(const UpgradeLink& link);
  void Tell(const UpgradeLink& link) const;
  void EndForTheNext(int younger) const;
  void Set(UpgradeStatus status);
  void TellBy(int fd);

  const Parts parts_;
  std::atomic<bool> abort_ = false;  // nobody is to take over any more
  std::atomic<bool> stop_ = false;   // that, and nobody who has is told any more
  mutable std::mutex mutex_;
  UpgradeStatus status_;
  std::thread thread_;
  int told_by_ = -1;  // guarded by mutex_: the link, from the hand-over on until nobody listens
};

}  // namespace headgate::guard
