#include "net/mysql/refusal.h"

#include <string>
#include <string_view>

namespace headgate::mysql {
namespace {

struct Text {
  std::uint16_t code;
  std::string_view state;
  std::string_view message;
};

constexpr Text kFull{1040, "08004", "Too many connections"};
constexpr Text kBadHandshake{1043, "08S01", "Bad handshake"};

Text TextFor(Reason reason) {
  switch (reason) {
    case Reason::kMalformedLogin:
    case Reason::kOversizedLogin:
    case Reason::kMalformedAuth:
      return kBadHandshake;
    case Reason::kTlsNotOffered:
      // 1043 is what a server without TLS answers; its text alone would not help anybody.
      return {1043, "08S01", "Bad handshake: TLS is not offered on this port"};
    case Reason::kProxyHeader:
      return {1105, "08S01", "headgate: a PROXY header was expected first"};
    case Reason::kProxyForbidden:
      return {1105, "08S01", "headgate: no PROXY header is taken from this address"};
    case Reason::kBackendTls:
      return {1105, "08S01", "headgate: the database server cannot be reached by TLS"};
    case Reason::kNoAuthSwitch:
      return {1251, "08004",
              "Client does not support authentication protocol requested by server; consider "
              "upgrading MySQL client"};
    case Reason::kPasswordlessUser:
      return {1045, "28000", "Access denied: this user may log in only from the database host"};
    case Reason::kPendingDeadline:
    case Reason::kLoginDeadline:
      return {1159, "08S01", "Got timeout reading communication packets"};
    case Reason::kProtocolError:
      return {1835, "HY000", "Malformed communication packet."};
    case Reason::kBackendUnreachable:
    case Reason::kBackendRefused:
    case Reason::kBackendClosed:
      return {1105, "08S01", "headgate: the database server cannot be reached"};
    case Reason::kIdle:
    case Reason::kIdleInTransaction:
    case Reason::kStalledRead:
    case Reason::kReclaimed:
      return {4031, "HY000",
              "The client was disconnected by the server because of inactivity. See wait_timeout "
              "and interactive_timeout for configuring this behavior."};
    case Reason::kDraining:
    case Reason::kStopped:
    case Reason::kFailover:
      return {1053, "08S01", "Server shutdown in progress"};
    case Reason::kNone:
    case Reason::kClientClosed:
    case Reason::kHealthCheck:
    case Reason::kTlsRefused:
    case Reason::kCount:
      return {0, "", ""};
    default:
      return kFull;
  }
}

// MySQL's own texts are cut at 512 bytes.
constexpr std::size_t kMaxMessage = 512;
constexpr std::size_t kMaxUser = 64;

}  // namespace

Buffer BuildRefusal(Reason reason, std::uint8_t sequence, bool first) {
  const Text text = TextFor(reason);
  if (text.code == 0) return {};
  return first ? BuildErr(0, text.code, "", text.message)
               : BuildErr(sequence, text.code, text.state, text.message);
}

Buffer BuildCommandRefusal(Reason reason, std::string_view user, std::string_view message) {
  const std::string name(Name(reason));
  switch (reason) {
    case Reason::kQueryRate:
    case Reason::kQueryRunning:
    case Reason::kQueryBusy:
    case Reason::kUserRate:
    case Reason::kUserRunning:
    case Reason::kUserBusy:
    case Reason::kClassRate:
    case Reason::kClassRunning:
    case Reason::kClassBusy:
    case Reason::kDigestRunning:
    case Reason::kStatementQueueFull:
      return BuildErr(0, 1226, "42000",
                      "User '" + std::string(user) + "' has exceeded the '" + name + "' resource");
    case Reason::kPrepared:
    case Reason::kPreparedPerSource:
      return BuildErr(
          0, 1461, "42000",
          "Can't create more than max_prepared_stmt_count statements (headgate: " + name + ")");
    case Reason::kPacketTooLarge:
      return BuildErr(0, 1153, "08S01", "Got a packet bigger than 'max_allowed_packet' bytes");
    default:
      return BuildErr(0, 1148, "42000",
                      message.empty() ? "headgate: the statement is refused: " + name
                                      : std::string(message.substr(0, kMaxMessage)));
  }
}

std::string PrintableUser(std::string_view claimed) {
  std::string user(claimed.substr(0, kMaxUser));
  for (char& c : user) {
    if (c < ' ' || c > '~' || c == '\'' || c == '\\') c = '?';
  }
  return user;
}

}  // namespace headgate::mysql
