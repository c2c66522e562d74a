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

  // Errors are of the configuration.
  absl::Status Prepare(Engine& engine);
  // Takes the bans over that an earlier run has left, where they are kept, or where another process
  // has just let go of them; before the first connection. A kernel that refuses is a warning.
  // REQUIRES: Prepare() went well.
  void Start(Engine& engine, bool handed_over);
  // Ends the thread and leaves everything in the kernel as it is, for the process that takes over.
  void LetGo();
  // After a reload: whom the rules spare, and what they limit.
  void Reload(const Config& config);
  // What is not to be kept is taken away, once it was started; a redirect stays, and what is transparent, or the server
  // would be open.
  void Stop();
  [[nodiscard]] net::FirewallStatus Status() const;

 private:
  void TakeOver(Engine& engine);

  const FirewallConfig config_;
  const Say say_;
  net::Firewall::Options options_;
  std::unique_ptr<net::Firewall> firewall_;
  bool started_ = false;
};

}  // namespace headgate::guard
