#include "policies/reason.h"

namespace headgate {
namespace {

struct ReasonRow {
  Reason reason;
  std::string_view name;
  bool refusal;
  std::string_view text;
};

constexpr bool kYes = true;
constexpr bool kNo = false;

constexpr std::array<ReasonRow, kReasonCount> kReasons = {{
    {Reason::kNone, "none", kNo, "Nothing stood against it."},
    {Reason::kProxyHeader, "proxy_header", kYes,
     "The peer is in proxy_from_clients, and did not begin with a whole PROXY header in time."},
    {Reason::kBanned, "banned", kYes, "The source is on the ban list."},
    {Reason::kConnectRate, "connect_rate", kYes,
     "The source connects more often than [source] connect_rate allows."},
    {Reason::kSourceConnections, "source_connections", kYes,
     "The source has as many connections as [source] connections allows while room is scarce."},
    {Reason::kPrefixConnections, "prefix_connections", kYes,
     "The unknown sources of this prefix together have as many connections as "
     "[source] prefix_connections allows while room is scarce."},
    {Reason::kSourceTableFull, "source_table_full", kNo,
     "Every entry of the source table is in use, so this source shares one with others."},
    {Reason::kPendingFull, "pending_full", kYes,
     "All places for clients that have not logged in yet are kept for known-good sources."},
    {Reason::kPendingEvicted, "pending_evicted", kYes,
     "It was the oldest of the greediest group when the places for clients that have not logged in "
     "yet ran out."},
    {Reason::kPendingDeadline, "pending_deadline", kYes,
     "It sent no complete login packet within [pending] deadline."},
    {Reason::kPasswordlessUser, "passwordless_user", kYes,
     "The server may let this user in from localhost without a password, and through the gate "
     "everybody looks like localhost."},
    {Reason::kPairLocked, "pair_locked", kYes,
     "This user failed to log in too often from this source, and is locked there for a while."},
    {Reason::kClassFull, "class_full", kYes, "The class holds as many slots as its max allows."},
    {Reason::kUnprovenFull, "unproven_full", kYes,
     "Too many logins of the class are waiting for the server to confirm them."},
    {Reason::kNoSlot, "no_slot", kYes, "No backend slot is free and waiting is off."},
    {Reason::kLoginLane, "login_lane", kYes,
     "Too many logins are in progress, or came lately, and waiting is off."},
    {Reason::kWaitingFull, "waiting_full", kYes, "The waiting room is full."},
    {Reason::kWaitingPerSource, "waiting_per_source", kYes,
     "The source has as many clients waiting as [waiting] per_source allows."},
    {Reason::kWaitingDeadline, "waiting_deadline", kYes,
     "No slot and no place in the login lane came free in time."},
    {Reason::kLoginDeadline, "login_deadline", kYes,
     "The login did not end within [login] deadline."},
    {Reason::kMalformedLogin, "malformed_login", kYes, "The login packet does not parse."},
    {Reason::kOversizedLogin, "oversized_login", kYes, "The login packet is longer than 64 KiB."},
    {Reason::kProxyForbidden, "proxy_forbidden", kYes,
     "The client sent a PROXY header, and its address is not in proxy_from_clients."},
    {Reason::kTlsNotOffered, "tls_not_offered", kYes,
     "The client asked for TLS, which the gate did not offer."},
    {Reason::kTlsRate, "tls_rate", kYes,
     "The source begins more TLS handshakes per second than [source] tls_rate allows."},
    {Reason::kTlsFailed, "tls_failed", kYes, "The TLS handshake with the client failed."},
    {Reason::kTlsRefused, "tls_refused", kNo,
     "The client broke off the TLS handshake, as those do that do not trust the certificate."},
    {Reason::kNoAuthSwitch, "no_auth_switch", kYes,
     "The client cannot switch the authentication plugin, which logging in through the gate "
     "needs."},
    {Reason::kMalformedAuth, "malformed_auth", kYes,
     "The client's authentication answer has a length its plugin cannot produce."},
    {Reason::kProtocolError, "protocol_error", kYes,
     "One side sent something that is not the MySQL protocol."},
    {Reason::kLoginFailed, "login_failed", kNo, "The backend refused the login."},
    {Reason::kChangeUserFailed, "change_user_failed", kNo,
     "The backend refused COM_CHANGE_USER, and the connection was closed."},
    {Reason::kChangeUserRefused, "change_user_refused", kYes,
     "The gate refused COM_CHANGE_USER, as it would have refused that login."},
    {Reason::kBackendUnreachable, "backend_unreachable", kNo,
     "The backend cannot be reached, or never greeted yet."},
    {Reason::kBackendTls, "backend_tls", kNo,
     "The client has TLS, and the backend cannot be talked to by TLS."},
    {Reason::kBackendFull, "backend_full", kNo, "The backend itself has too many connections."},
    {Reason::kBackendRefused, "backend_refused", kNo,
     "The backend answered the gate's connect with an error."},
    {Reason::kBackendClosed, "backend_closed", kNo, "The backend closed the connection."},
    {Reason::kCommandRefused, "command_refused", kYes,
     "The command is on the list of [query] refuse_commands."},
    {Reason::kPacketTooLarge, "packet_too_large", kYes,
     "The command, or a statement's long data, is larger than [query] packet."},
    {Reason::kQueryRate, "query_rate", kYes,
     "The source runs more statements per second than [query] rate allows."},
    {Reason::kQueryRunning, "query_running", kYes,
     "The source has as many statements running as [query] running allows."},
    {Reason::kQueryBusy, "query_busy", kYes,
     "The source has used up the running time that [query] busy allows."},
    {Reason::kUserRate, "user_rate", kYes,
     "The user runs more statements per second than [query] user_rate allows."},
    {Reason::kUserRunning, "user_running", kYes,
     "The user has as many statements running as [query] user_running allows."},
    {Reason::kUserBusy, "user_busy", kYes,
     "The user has used up the running time that [query] user_busy allows."},
    {Reason::kClassRate, "class_rate", kYes,
     "The class runs more statements per second than [query] class_rate allows."},
    {Reason::kClassRunning, "class_running", kYes,
     "The class has as many statements running as [query] class_running allows."},
    {Reason::kClassBusy, "class_busy", kYes,
     "The class has used up the running time that [query] class_busy allows."},
    {Reason::kDigestRunning, "digest_running", kYes,
     "As many copies of the statement run in the class as [query] digest_running allows."},
    {Reason::kStatementQueueFull, "statement_queue_full", kYes,
     "Too many statements wait for a running one to end."},
    {Reason::kPrepared, "prepared", kYes,
     "The connection has as many prepared statements as [query] prepared allows."},
    {Reason::kPreparedPerSource, "prepared_per_source", kYes,
     "The source has as many prepared statements as [query] prepared_per_source allows."},
    {Reason::kShapeLog, "shape_log", kNo, "The statement's shape scores at or above [shape] log."},
    {Reason::kShapeDelay, "shape_delay", kNo,
     "The statement's shape scores at or above [shape] delay."},
    {Reason::kShapeRefuse, "shape_refuse", kYes,
     "The statement's shape scores at or above [shape] refuse."},
    {Reason::kRule, "rule", kYes, "A [[rule]] says so."},
    {Reason::kQueryDeadline, "query_deadline", kYes,
     "The statement ran longer than [query] deadline and was killed."},
    {Reason::kResultSize, "result_size", kYes,
     "The statement's result is larger than [query] result."},
    {Reason::kIdle, "idle", kYes, "The connection was idle for longer than [query] idle."},
    {Reason::kIdleInTransaction, "idle_in_transaction", kYes,
     "The connection was idle inside a transaction for longer than [query] idle_in_transaction."},
    {Reason::kStalledRead, "stalled_read", kYes,
     "The client did not take its result, or the rest of its command did not come, for [query] "
     "stalled_read."},
    {Reason::kReclaimed, "reclaimed", kYes,
     "The connection's slot was wanted back: it was lent, or idle while the gate is under attack."},
    {Reason::kOrphanKilled, "orphan_killed", kNo,
     "The client is gone, so the statement it left behind was killed."},
    {Reason::kDigestTableFull, "digest_table_full", kNo,
     "Every place of the digest table is in use, so this statement is not accounted for."},
    {Reason::kClientClosed, "client_closed", kNo, "The client closed the connection."},
    {Reason::kHealthCheck, "health_check", kNo,
     "The client left at once, as load balancers' checks do."},
    {Reason::kDescriptors, "descriptors", kNo,
     "The gate is out of file descriptors, or the kernel of memory for them."},
    {Reason::kDraining, "draining", kNo, "The gate is shutting down and takes no new clients."},
    {Reason::kStopped, "stopped", kNo, "The gate was stopped at once."},
    {Reason::kFailover, "failover", kNo, "Another backend took over from the connection's own."},
    {Reason::kBanApplied, "ban_applied", kYes, "The source was banned while it was connected."},
    {Reason::kMemory, "memory", kNo, "The gate is out of memory."},
    {Reason::kAcceptFailed, "accept_failed", kNo,
     "The kernel does not hand over clients that have come, so the gate paused accepting."},
}};

constexpr bool ReasonsInOrder() {
  for (std::size_t i = 0; i < kReasons.size(); ++i) {
    if (static_cast<std::size_t>(kReasons[i].reason) != i) return false;
  }
  return true;
}
static_assert(ReasonsInOrder(), "one row per reason, in the order of the enum");

const ReasonRow& ReasonRowOf(Reason r) {
  const auto i = static_cast<std::size_t>(r);
  return kReasons[i < kReasons.size() ? i : 0];
}

}  // namespace

std::string_view Name(Reason r) { return ReasonRowOf(r).name; }
std::string_view Describe(Reason r) { return ReasonRowOf(r).text; }
bool IsRefusal(Reason r) { return ReasonRowOf(r).refusal; }

bool IsAboutStatement(Reason r) {
  return r >= Reason::kCommandRefused && r <= Reason::kDigestTableFull && r != Reason::kIdle &&
         r != Reason::kIdleInTransaction && r != Reason::kReclaimed;
}

bool IsDenial(Reason r) {
  switch (r) {
    case Reason::kBackendFull:
    case Reason::kDescriptors:
    case Reason::kMemory:
    case Reason::kAcceptFailed:
      return true;
    case Reason::kProxyHeader:
    case Reason::kProxyForbidden:
    case Reason::kPendingDeadline:
    case Reason::kPasswordlessUser:
    case Reason::kLoginDeadline:
    case Reason::kMalformedLogin:
    case Reason::kOversizedLogin:
    case Reason::kTlsNotOffered:
    case Reason::kTlsFailed:
    case Reason::kTlsRefused:
    case Reason::kNoAuthSwitch:
    case Reason::kMalformedAuth:
    case Reason::kProtocolError:
    case Reason::kLoginFailed:
    case Reason::kChangeUserFailed:
    case Reason::kIdle:
    case Reason::kIdleInTransaction:
    case Reason::kStalledRead:
    case Reason::kReclaimed:
      return false;
    default:
      return IsRefusal(r);
  }
}

}  // namespace headgate
