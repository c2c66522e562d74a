// Who was greeted and has not said a word yet: a socket, and what a session of it will need. So a
// flood of clients that stay silent costs the gate this and no session; the first word, or the end
// of it, makes one.
//
// Bounded by the engine's budget of pending clients: each one here has its ticket.
//
// Threads: one, its loop's. Lifetime: what is left is closed with the object, and its ticket given
// back. The owner outlives it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include "net/kill_map.h"
#include "net/loop_socket.h"
#include "net/mysql/session.h"
#include "net/proxy_protocol.h"
#include "policies/engine.h"
#include "policies/time.h"

namespace headgate::net {

// A client that has been let in as far as the greeting.
struct Newcomer {
  ConnectionId id;
  Endpoint peer;
  std::optional<Endpoint> destination;  // as a proxy has named it; else the socket's own
  Time accepted{};
  TicketPtr ticket;
  KillMap::Lease kill;
  mysql::SessionOptions options;
};

class Doorstep {
 public:
  // It has spoken, or left: owner of it again, who calls TakeOut().
  using Stirred = std::function<void(std::uint64_t serial)>;

  // What TakeOut() gives.
  struct Taken {
    LoopSocket socket;  // watched by nobody; what is known of its readiness stays
    Newcomer who;
    Time deadline{};
  };

  Doorstep(Loop& loop, Stirred stirred);
  ~Doorstep();

  // False: the kernel has no memory to watch it; all stays with the caller. `deadline`: the
  // caller's word, kept for TakeOut().
  [[nodiscard]] bool Put(Fd& client, Newcomer& who, Time deadline);
  // Empty: there is none.
  [[nodiscard]] std::optional<Taken> TakeOut(std::uint64_t serial);
  [[nodiscard]] std::vector<std::uint64_t> All() const;
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  struct One;

  Loop& loop_;
  const Stirred stirred_;
  absl::flat_hash_map<std::uint64_t, std::unique_ptr<One>> waiting_;
};

}  // namespace headgate::net
