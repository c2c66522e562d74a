// The gate's firewall as a whole: the engine's bans in the kernel's table.
//
// Threads: Make, Start and Stop on one; Status() from any. Lifetime: the engine outlives Stop().
#pragma once

#include <functional>
#include <memory>
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
  absl::Status Start(Engine& engine);
  // After a reload: whom the rules spare, and what they limit.
  void Reload(const Config& config);
  // What is not to be kept is taken away; a redirect stays, and what is transparent, or the server
  // would be open.
  void Stop();
  [[nodiscard]] net::FirewallStatus Status() const;

 private:
  void TakeOver(Engine& engine);

  const FirewallConfig config_;
  const Say say_;
  net::Firewall::Options options_;
  std::unique_ptr<net::Firewall> firewall_;
};

}  // namespace headgate::guard
