// Every reason headgate can give for what it did to a connection: the one list that logs, metrics,
// `status` and docs share. A verdict carries exactly one.
//
// Threads: plain values. Lifetime: the names are string literals.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace headgate {

enum class Reason : std::uint8_t {
  kNone,
  // admission, in the order it is asked
  kProxyHeader,        // a peer that must begin with a PROXY header did not, in time or in form
  kBanned,             // the source is on the ban list
  kConnectRate,        // more connects per second than [source] connect_rate
  kSourceConnections,  // more connections at once than [source] connections
  kPrefixConnections,  // all unknown sources of the prefix together: prefix_connections
  kSourceTableFull,    // no room to account for a new source
  kPendingFull,        // no pending place, and nobody greedier to evict
  kPendingEvicted,     // was the oldest of the greediest group when the pending budget was full
  kPendingDeadline,    // no complete login packet within [pending] deadline
  kPasswordlessUser,   // a user the server lets in without a password from localhost
  kPairLocked,         // this (source, user) failed to log in too often
  kClassFull,          // the class holds its max
  kUnprovenFull,       // too many logins of the class that the server has not said OK to
  kNoSlot,             // no backend slot (only where waiting is off)
  kLoginLane,          // no place in the login lane (only where waiting is off)
  kWaitingFull,        // the waiting room is full
  kWaitingPerSource,   // the source's share of the waiting room is used
  kWaitingDeadline,    // no slot or lane came free in time
  kLoginDeadline,      // the login stalled at the backend: [login] deadline
  // protocol outcomes
  kMalformedLogin,     // the login packet does not parse
  kOversizedLogin,     // the login packet is longer than 64 KiB
  kProxyForbidden,     // began with a PROXY header, and is not one of those that may
  kTlsNotOffered,      // asked for TLS that the gate did not offer
  kTlsRate,            // more TLS handshakes a second than [source] tls_rate
  kTlsFailed,          // the TLS handshake with the client failed
  kTlsRefused,         // the client broke it off itself, by an alert
  kNoAuthSwitch,       // a client older than auth plugins took the switch for an OK (ERR 1251)
  kMalformedAuth,      // an auth answer of a length the plugin cannot have (ERR 1043)
  kProtocolError,      // anything else that cannot be parsed
  kLoginFailed,        // the backend said ERR to the login
  kChangeUserFailed,   // the backend said ERR to COM_CHANGE_USER: both sides closed
  kChangeUserRefused,  // the gate refused COM_CHANGE_USER
  // the backend
  kBackendUnreachable,  // no connection to the backend, or no greeting known yet
  kBackendTls,          // no TLS with the backend for a client with TLS
  kBackendFull,         // the backend itself said 1040
  kBackendRefused,      // the backend answered the connect with another ERR (1129, 1130, ...)
  kBackendClosed,       // the backend closed first
  // what a login may run: [query], [shape], [[rule]]
  kCommandRefused,      // [query] refuse_commands
  kPacketTooLarge,      // [query] packet: a command, or a statement's long data
  kQueryRate,           // [query] rate
  kQueryRunning,        // [query] running
  kQueryBusy,           // [query] busy
  kUserRate,            // [query] user_rate
  kUserRunning,         // [query] user_running
  kUserBusy,            // [query] user_busy
  kClassRate,           // [query] class_rate
  kClassRunning,        // [query] class_running
  kClassBusy,           // [query] class_busy
  kDigestRunning,       // [query] digest_running
  kStatementQueueFull,  // no place to wait in for one of these
  kPrepared,            // [query] prepared
  kPreparedPerSource,   // [query] prepared_per_source
  kShapeLog,            // [shape] log
  kShapeDelay,          // [shape] delay
  kShapeRefuse,         // [shape] refuse
  kRule,                // a [[rule]] acted
  kQueryDeadline,       // [query] deadline: KILL QUERY
  kResultSize,          // [query] result
  kIdle,                // [query] idle
  kIdleInTransaction,   // [query] idle_in_transaction
  kStalledRead,         // [query] stalled_read: the client takes no result, or ends no command
  kReclaimed,           // its slot was wanted back by whose it is
  kOrphanKilled,        // its client is gone, so its statement was killed
  kDigestTableFull,     // a new digest found no place and is not accounted for
  // ordinary ends and the gate's own state
  kClientClosed,  // the client closed first
  kHealthCheck,   // logged in and left at once, as load balancers do
  kDescriptors,   // out of file descriptors, or the kernel of memory for them
  kDraining,      // the gate is shutting down
  kStopped,       // ended by the gate's immediate stop
  kFailover,      // another backend took over
  kBanApplied,    // the source was banned while it was connected
  kMemory,        // serving it took memory that the gate had to set aside for such a moment
  kAcceptFailed,  // accept(2) fails, and not for want of anything: the listener paused
  kCount
};

inline constexpr std::size_t kReasonCount = static_cast<std::size_t>(Reason::kCount);

// snake_case, stable: "connect_rate". The name in logs, metrics and docs.
[[nodiscard]] std::string_view Name(Reason r);
// One plain sentence for an operator.
[[nodiscard]] std::string_view Describe(Reason r);
// Whether it is about what a login runs, rather than about getting in.
[[nodiscard]] bool IsAboutStatement(Reason r);
// Whether somebody was turned away who may have wanted no more than to be served: refusals and the
// like, but for those that a client brings about by its own bytes or its own silence.
[[nodiscard]] bool IsDenial(Reason r);
// True when the gate itself turned somebody away (counts as a refusal), false for ordinary ends.
[[nodiscard]] bool IsRefusal(Reason r);

}  // namespace headgate
