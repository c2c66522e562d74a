// The facts the edges tell the engine about, as plain values.
//
// Threads: plain values. Lifetime: views inside are only valid during the call they are passed to.
#pragma once

#include <cstdint>
#include <string_view>

#include "policies/address.h"
#include "policies/limits.h"
#include "policies/reason.h"
#include "policies/shared_address.h"
#include "policies/time.h"

namespace headgate {

// Names a connection to the edges for its whole life: which thread owns it and which one it is
// there. Never reused within a process.
struct ConnectionId {
  std::uint32_t thread = 0;
  std::uint64_t serial = 0;
  auto operator<=>(const ConnectionId&) const = default;
};

// How a client has come.
enum class Arrival : std::uint8_t {
  kDirect,       // from its own address
  kProxied,      // through a proxy (Limits::proxies), which has named it
  kProxyItself,  // through one that has named its own address, or nobody: itself, or whoever shares
                 // that address with it
  kProxyLocal,   // it is such a proxy, and says that it speaks for nobody: a health check
};

// What a login packet claims. A claim is no proof until the server said OK.
struct LoginClaim {
  std::string_view user;      // bytes as sent
  std::string_view database;  // empty = none
  // Of the client's verified certificate, as RFC 2253 writes it ("CN=shop,O=Example"); else empty.
  std::string_view subject{};
};

// How a login at the backend ended, other than with OK.
enum class LoginFailure : std::uint8_t {
  kAccessDenied,    // ERR of the authentication kind (1045, 1044, 1698, 3118, 1820...): charged to
                    // the pair
  kServerError,     // another ERR after the greeting: charged to nobody
  kStalled,         // the client did not answer the auth switch in time
  kMalformed,       // the client answered with something no plugin sends
  kHealthCheck,     // the client left at the switch with QUIT, as load balancers' checks do
  kClientGone,      // the client closed before the answer
  kBackendFull,     // the backend said 1040
  kUnreachable,     // connect failed, or the backend ended before its greeting
  kBackendRefused,  // ERR instead of a greeting, other than 1040
};

// One line of the decision log. Told at most once per verdict, to a sink that samples.
struct Decision {
  Time at{};
  Reason reason = Reason::kNone;
  bool enforced = true;  // false: a dry-run limit or mode = observe; nothing was done
  Address peer;
  std::string_view user;        // claimed; empty before the login packet
  std::string_view class_name;  // empty before the login packet
  std::uint64_t digest = 0;     // of the statement it is about; 0 = about none
  std::string_view rule;        // the rule's name, where one decided
  // Of a known-good (source, user), or from the networks of a class with a reserve: whom the gate
  // is there for.
  bool of_protected = false;
  ConnectionId id;  // {}: not known, or about none
};

// The gate bans a source by itself.
struct BanMade {
  Time at{};
  Address source;
  std::string_view why;
  bool enforced = true;
};

// The level has changed.
struct LevelChange {
  Time at{};
  Level from = Level::kCalm, to = Level::kCalm;
  std::string_view cause;  // of `to`, or what has ended
};

class DecisionSink {
 public:
  virtual ~DecisionSink() = default;
  // As OnDecision; once an hour for each address.
  virtual void OnSharedAddress(const SharedAddress&) {}
  // As OnDecision.
  virtual void OnLevel(const LevelChange&) {}
  // As OnDecision. What is not carried out is told as a Decision as well.
  virtual void OnBan(const BanMade&) {}
  // Called from any thread, possibly under an engine lock: must not block and must not call back.
  virtual void OnDecision(const Decision& d) = 0;
};

// How the engine reaches a connection that some other connection's event decided about.
// Called from any thread, possibly under an engine lock: implementations only post to the owning
// thread, which looks the id up and ignores it when the connection is gone.
class Wakeups {
 public:
  virtual ~Wakeups() = default;
  virtual void Admitted(ConnectionId id) = 0;  // left the waiting room: has slot and lane
  virtual void Refused(ConnectionId id, Reason reason) = 0;  // waited in vain
  virtual void Evicted(ConnectionId id, Reason reason) = 0;  // pending, waiting or in: must go now
  virtual void Ready(ConnectionId id) = 0;  // a held command may be asked about again: OnHeld
  // Its slot is wanted back. Sweep it now: OnSweep says whether and how it ends.
  virtual void Reclaim(ConnectionId id) = 0;
};

}  // namespace headgate
