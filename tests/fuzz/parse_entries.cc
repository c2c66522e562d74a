// Entries for what parses one packet.
#include <string>

#include "net/mysql/auth_switch.h"
#include "net/mysql/capabilities.h"
#include "net/mysql/change_user.h"
#include "net/mysql/greeting.h"
#include "net/mysql/handshake.h"
#include "net/mysql/kill.h"
#include "net/mysql/session_track.h"
#include "tests/fuzz/entries.h"

namespace headgate::mysql::fuzz {

void FuzzGreeting(Bytes in) {
  const auto greeting = ParseGreeting(in);
  if (!greeting) return;
  // What we say of it, we must understand ourselves, and mean the same.
  std::array<std::uint8_t, kSaltSize> salt{};
  salt.fill('x');
  const Buffer ours = BuildGreeting(*greeting, 0x40000000, salt);
  const auto again = ParseGreeting(Bytes(ours).subspan(kHeaderSize));
  Greeting expected = Advertised(*greeting);
  expected.connection_id = 0x40000000;
  Check(again && *again == expected);
  if (const auto ok = AddConnectionId(in, 1, 1)) Check(ok->size() > in.size());
}

void FuzzHandshake(Bytes in) {
  LoginRequest request;
  if (ParseLogin(in, request) != LoginParse::kOk) return;
  Check(request.attributes.size() <= kMaxAttributes && request.user.size() <= kMaxName);
  const Greeting backend{.capabilities = 0xFFFFFFFE, .mariadb_capabilities = 0xFFFFFFFF};
  Negotiate(request, Advertised(backend), backend);
  const Buffer sent = BuildBackendLogin(request, backend, 1);
  LoginRequest again;
  Check(ParseLogin(Bytes(sent).subspan(kHeaderSize), again) == LoginParse::kOk);
  Check(again.user == request.user && again.database == request.database &&
        again.attributes == request.attributes && again.capabilities == request.capabilities &&
        again.mariadb_capabilities == request.mariadb_capabilities);
}

void FuzzChangeUser(Bytes in) {
  for (const std::uint32_t capabilities : {0u, kCapConnectAttrs}) {
    LoginRequest request;
    if (!ParseChangeUser(in, capabilities, request)) continue;
    const Buffer sent = BuildChangeUser(request, capabilities);
    LoginRequest again;
    Check(ParseChangeUser(Bytes(sent).subspan(kHeaderSize), capabilities, again));
    Check(again.user == request.user && again.database == request.database &&
          again.charset == request.charset && again.attributes == request.attributes);
  }
}

void FuzzKill(Bytes in) {
  for (const bool attributes : {false, true}) {
    const auto target = FindKill(in, attributes);
    if (!target) continue;
    Check(target->begin + target->size <= in.size());
    const Buffer packet = RewriteKill(in, *target, 4242, 0);
    const auto again = FindKill(Bytes(packet).subspan(kHeaderSize), attributes);
    // Only longer than the bound for a KILL may it have become.
    Check(packet.size() - kHeaderSize > kMaxKillPayload || (again && again->id == 4242));
  }
}

}  // namespace headgate::mysql::fuzz
