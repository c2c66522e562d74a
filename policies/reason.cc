#include "policies/reason.h"

namespace headgate {
namespace {

struct Row {
  Reason reason;
  std::string_view name;
  bool refusal;
  std::string_view text;
};

constexpr bool kYes = true;
constexpr bool kNo = false;

constexpr std::array<Row, kReasonCount> kRows = {{
    {Reason::kNone, "none", kNo, "Nothing stood against it."},
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
    {Reason::kTlsNotOffered, "tls_not_offered", kYes,
     "The client asked for TLS, which the gate did not offer."},
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
    {Reason::kBackendFull, "backend_full", kNo, "The backend itself has too many connections."},
    {Reason::kBackendRefused, "backend_refused", kNo,
     "The backend answered the gate's connect with an error."},
    {Reason::kBackendClosed, "backend_closed", kNo, "The backend closed the connection."},
    {Reason::kClientClosed, "client_closed", kNo, "The client closed the connection."},
    {Reason::kHealthCheck, "health_check", kNo,
     "The client left at once, as load balancers' checks do."},
    {Reason::kDescriptors, "descriptors", kNo,
     "The gate is out of file descriptors and paused accepting."},
    {Reason::kDraining, "draining", kNo, "The gate is shutting down and takes no new clients."},
    {Reason::kStopped, "stopped", kNo, "The gate was stopped at once."},
    {Reason::kBanApplied, "ban_applied", kYes, "The source was banned while it was connected."},
}};

constexpr bool InOrder() {
  for (std::size_t i = 0; i < kRows.size(); ++i) {
    if (static_cast<std::size_t>(kRows[i].reason) != i) return false;
  }
  return true;
}
static_assert(InOrder(), "one row per reason, in the order of the enum");

const Row& RowOf(Reason r) {
  const auto i = static_cast<std::size_t>(r);
  return kRows[i < kRows.size() ? i : 0];
}

}  // namespace

std::string_view Name(Reason r) { return RowOf(r).name; }
std::string_view Describe(Reason r) { return RowOf(r).text; }
bool IsRefusal(Reason r) { return RowOf(r).refusal; }

}  // namespace headgate
