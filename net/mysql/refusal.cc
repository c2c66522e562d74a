#include "net/mysql/refusal.h"

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
    case Reason::kDraining:
    case Reason::kStopped:
      return {1053, "08S01", "Server shutdown in progress"};
    case Reason::kNone:
    case Reason::kClientClosed:
    case Reason::kHealthCheck:
    case Reason::kCount:
      return {0, "", ""};
    default:
      return kFull;
  }
}

}  // namespace

Buffer BuildRefusal(Reason reason, std::uint8_t sequence, bool first) {
  const Text text = TextFor(reason);
  if (text.code == 0) return {};
  return first ? BuildErr(0, text.code, "", text.message)
               : BuildErr(sequence, text.code, text.state, text.message);
}

}  // namespace headgate::mysql
