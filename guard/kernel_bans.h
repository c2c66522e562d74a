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

  // Takes the bans over that an earlier run has left, where they are kept; before the first
  // connection. Errors are of the configuration; a kernel that refuses is a warning.
  absl::Status Prepare(Engine& engine);
  // Brings the table into the kernel, and holds it there: once the gate serves, since from then on
  // a redirect leads here.
  void Start();
  // After a reload: whom the rules spare, what they limit, and how it is to end.
  void Reload(const Config& config);
  // The gate is about to take nobody new: with fail = "open" who comes from now on is led to the
  // server, and who is here stays. With "closed" nothing changes.
  void LetGo();
  // What is not to be kept is taken away. With fail = "closed" a redirect stays, and what is
  // transparent, or the server would be open.
  void Stop();
  // Another process of this gate has the table from now on: nothing is taken away.
  void HandOver();
  [[nodiscard]] net::FirewallStatus Status() const;
  // Whether the kernel leads the clients of [firewall] redirect here; who does not let the gate
  // know (enforce = false) is believed.
  [[nodiscard]] bool LeadsToGate() const;

 private:
  enum class Going : std::uint8_t { kNo, kOpened, kNotOpened, kHandedOver };

  void TakeOver(Engine& engine);
  void Give(net::FirewallOptions options);  // REQUIRES: mutex_ is held

  const FirewallConfig config_;  // but for `fail`
  const Say say_;
  Going going_ = Going::kNo;
  std::mutex mutex_;                // for the next two: a reload has a thread of its own
  FailMode fail_;                   // guarded by mutex_
  net::Firewall::Options options_;  // once started, guarded by mutex_
  std::unique_ptr<net::Firewall> firewall_;
};

}  // namespace headgate::guard
