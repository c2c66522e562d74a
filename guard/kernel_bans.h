// The gate's firewall as a whole: the engine's bans in the kernel's table.
//
// Threads: all but Reload(), Status() and LeadsToGate() on one. Lifetime: the engine outlives
// Stop().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include <absl/status/statusor.h>
#include "guard/config.h"
#include "net/firewall.h"
#include "policies/engine.h"

namespace headgate::guard {

class KernelBans {
 public:
  using Say = std::function<void(const std::string& line, bool warning)>;

  KernelBans(const Config& config, Say say);
  ~KernelBans();
  KernelBans(const KernelBans&) = delete;
  KernelBans& operator=(const KernelBans&) = delete;

  // Errors are of the configuration.
  absl::Status Prepare(Engine& engine);
  // Takes the bans over that an earlier run has left, where they are kept, or where another process
  // has just let go of them; brings the table into the kernel, and holds it there. Once the gate
  // serves: a redirect leads here from then on. A kernel that refuses is a warning. REQUIRES:
  // Prepare() went well.
  void Start(Engine& engine, bool handed_over);
  // Whether the kernel has the table since, or has refused it once; in dry-run there is none.
  [[nodiscard]] bool HasTried() const;
  // Ends the thread and leaves everything in the kernel as it is, for the process that takes over.
  void LetGo();
  // After a reload: whom the rules spare, what they limit, and how it is to end.
  void Reload(const Config& config);
  // The gate is about to take nobody new: with fail = "open" who comes from now on is led to the
  // server, and who is here stays. With "closed" nothing changes.
  void Open();
  // What is not to be kept is taken away, once it was started. With fail = "closed" a redirect
  // stays, and what is transparent, or the server would be open.
  void Stop();
  [[nodiscard]] net::FirewallStatus Status() const;
  // The kernel's table that is held; empty: none.
  [[nodiscard]] std::string table() const { return config_.enforce ? config_.table : ""; }
  // Whether the kernel leads the clients of [firewall] redirect here; who does not let the gate
  // know (enforce = false) is believed.
  [[nodiscard]] bool LeadsToGate() const;

 private:
  enum class State : std::uint8_t { kPrepared, kStarted, kOpened, kNotOpened, kLetGo };

  void TakeOver(Engine& engine);
  void Give(net::FirewallOptions options);  // REQUIRES: mutex_ is held

  const FirewallConfig config_;  // but for `fail`
  const Say say_;
  State state_ = State::kPrepared;
  std::mutex mutex_;                // for the next two: a reload has a thread of its own
  FailMode fail_;                   // guarded by mutex_
  net::Firewall::Options options_;  // once started, guarded by mutex_
  std::unique_ptr<net::Firewall> firewall_;
};

}  // namespace headgate::guard
