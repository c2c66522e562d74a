// One try of a backend without an account: connects, reads the greeting and ends a login politely,
// so that the server counts nothing against the gate's address.
//
// A connection that nobody greets is kept for a minute: it shows at once when a stopped server goes
// on, and a server counts those that were closed before it came to greet them as connect errors,
// max_connect_errors of which block the gate.
//
// Threads: its loop's. Lifetime: shared, as it may be replaced in its own callback. The addresses
// outlive it.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/connector.h"
#include "net/leg.h"
#include "net/loop.h"
#include "net/mysql/greeting_probe.h"
#include "net/socket_address.h"
#include "policies/backend_health.h"
#include "policies/time.h"

namespace headgate::net {

class BackendProbe final : public std::enable_shared_from_this<BackendProbe>, private LegOwner {
 public:
  struct Result {
    // kNone: it serves, or would if it were not full.
    BackendFailure failure = BackendFailure::kNone;
    bool could_try = true;                    // false: for want of descriptors or ports here
    std::string error;                        // of a failure, in words
    std::optional<mysql::Greeting> greeting;  // where it was read
  };
  struct Callbacks {
    std::function<void()> overdue;  // connected, and not greeted for kOverdue; goes on waiting
    std::function<void(const Result&)> ended;
  };
  static constexpr Duration kOverdue = std::chrono::seconds(2);  // of each step
  static constexpr Duration kLongestHang = std::chrono::minutes(1);

  BackendProbe(Loop& loop, const std::vector<SocketAddress>& addresses, std::string header,
               Callbacks callbacks);

  // May call back from here.
  void Start();
  // Nothing will be called any more.
  void Cancel();

 private:
  void OnConnected(LoopSocket socket, int error);
  void OnLeg(Leg& leg) override;
  [[nodiscard]] bool Advance();
  void SetDeadline(Duration patience);
  void OnDeadline();
  void OnServerEnd();
  void End(BackendFailure failure, std::string error, bool could_try = true);

  Loop& loop_;
  const std::vector<SocketAddress>& addresses_;
  const std::string header_;
  Callbacks callbacks_;
  std::unique_ptr<Connector> connector_;
  Leg leg_;
  LoopTimer deadline_;
  mysql::GreetingProbe probe_;
  bool connected_ = false;
  bool overdue_ = false;
  bool ended_ = false;
  std::array<std::uint8_t, 4096> scratch_{};
};

}  // namespace headgate::net
