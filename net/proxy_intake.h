// Where a proxy's connections stay until they have said whose they are: no session, no backend, a
// socket and the header's bytes so far. Exactly the header is taken out of the socket; what follows
// it stays there for the session.
//
// Bounded: by who calls Take(), and by each one's deadline; a header is at most kMaxProxyHeader.
//
// Threads: one. Lifetime: what is left is closed with the object. The callbacks' owner outlives it;
// they may call Take() again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

#include <absl/container/btree_map.h>
#include "net/deadline_queue.h"
#include "net/fd.h"
#include "net/loop.h"
#include "net/proxy_header.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate::net {

class ProxyIntake {
 public:
  struct Callbacks {
    // Its header is complete: no kMore or kBad.
    std::function<void(Fd client, const Endpoint& proxy, const ProxyHeaderIn& header)> named;
    // It must go: kProxyHeader, kHealthCheck when it left without a word, or what TurnAwayAll() was
    // told.
    std::function<void(Fd client, const Endpoint& proxy, Reason reason)> unnamed;
  };

  ProxyIntake(Loop& loop, Callbacks callbacks);
  ~ProxyIntake();

  // Owns `client` from here on. Non-blocking. May call back at once.
  void Take(Fd client, const Endpoint& proxy, Time deadline);
  // Those whose deadline has passed.
  void Expire(Time now);
  void TurnAwayOldest();
  void TurnAwayAll(Reason reason);
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  struct One;
  using Serial = std::uint64_t;
  void Read(Serial serial);
  void End(Serial serial, Reason reason);
  [[nodiscard]] std::unique_ptr<One> TakeOut(Serial serial);

  Loop& loop_;
  const Callbacks callbacks_;
  Serial next_ = 1;
  absl::btree_map<Serial, std::unique_ptr<One>> waiting_;  // by age
  DeadlineQueue deadlines_;
};

}  // namespace headgate::net
