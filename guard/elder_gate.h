// The gate that this one is to take over from, as this one sees it: what it hands over, and what
// was agreed with it (upgrade_link.h).
//
// Threads: the main thread. Lifetime: until it has become one of the FormerGates.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include "guard/former_gates.h"
#include "guard/upgrade_link.h"
#include "net/passed_sockets.h"

namespace headgate::guard {

class ElderGate {
 public:
  // Null where this process was not started by an upgrade. Takes the variable out of the
  // environment, and waits for what is handed over.
  [[nodiscard]] static absl::StatusOr<std::unique_ptr<ElderGate>> Meet();

  [[nodiscard]] int pid() const { return gate_.pid; }
  [[nodiscard]] std::vector<net::PassedSocket> TakeSockets() { return std::move(sockets_); }
  [[nodiscard]] net::Fd TakeAdmin() { return std::move(admin_); }
  [[nodiscard]] net::Fd TakePage() { return std::move(page_); }
  // As of StateJson().
  [[nodiscard]] const std::string& state() const { return state_; }
  // The kernel's table that it holds; empty: none.
  [[nodiscard]] const std::string& table() const { return table_; }
  // As its [gate] transparent, and so its sockets, are.
  [[nodiscard]] bool transparent() const { return transparent_; }

  // Why this process cannot take over; it ends then.
  void Fail(const std::string& why) const;
  // All that can fail went well. Ok: from now on nobody but this process takes clients. `bans` is
  // the other's state once more, with the bans of this moment and without known-good; empty where
  // it has ended meanwhile, which is no reason not to serve.
  [[nodiscard]] absl::Status AwaitTurn(std::string& bans);
  // What it and those before it hold of the slots, as of its turn's end.
  struct Slots {
    std::uint32_t leases = 0, most = 0;
  };
  [[nodiscard]] Slots Held() const;
  [[nodiscard]] const FormerGate& gate() const { return gate_; }
  // This one serves on the addresses `takes`; returns when the other has let go of everything but
  // its sessions, or has ended.
  void AwaitRelease(const std::vector<std::string>& takes) const;
  // Those that it had taken over from itself, and then it.
  void BecomeFormer(FormerGates& former);

 private:
  explicit ElderGate(UpgradeLink link) : link_(std::move(link)) {}
  absl::Status TakeWhatItHas();
  absl::Status TakeFds(UpgradeLink::Message message);

  UpgradeLink link_;
  FormerGate gate_;
  std::vector<net::PassedSocket> sockets_;
  net::Fd admin_, page_;
  std::string state_, table_;
  bool transparent_ = false;
  std::vector<std::pair<FormerGate, UpgradeLink>> formers_;
};

}  // namespace headgate::guard
