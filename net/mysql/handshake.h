// The client's login packet (HandshakeResponse41), and the one the gate sends to the backend in its
// place: same wishes, no password, and an invented plugin name, so that the server answers with an
// AuthSwitchRequest for the account's true plugin and a fresh salt.
//
// Threads: plain values. Lifetime: a LoginRequest owns its strings; nothing of the auth data stays.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "net/mysql/greeting.h"
#include "net/mysql/wire.h"

namespace headgate::mysql {

// A login packet, payload. Servers answer 1043 between 60,000 and 70,000 bytes.
inline constexpr std::size_t kMaxLogin = std::size_t{64} * 1024;
// Names beyond this are no account and no schema; shorter ones are the server's to judge.
inline constexpr std::size_t kMaxName = 1024;
inline constexpr std::size_t kMaxAttributes = 4096;
// A plugin no server has. A real one's name could belong to the account.
inline constexpr std::string_view kForcedPlugin = "dummy";

struct LoginRequest {
  std::uint32_t capabilities = 0;
  std::uint32_t mariadb_capabilities = 0;
  std::uint32_t max_packet = 0;
  std::uint16_t charset = 0;  // one byte in a login, two in COM_CHANGE_USER
  std::string user;
  std::string database;
  std::string attributes;  // length-encoded pairs, at most kMaxAttributes, without the total
};

enum class LoginParse : std::uint8_t {
  kOk,
  kSslRequest,  // 32 bytes with CLIENT_SSL: TLS before the login
  kTooOld,      // no PROTOCOL_41: the 4.0 layout
  kMalformed,
};

// Parses a payload into `out`. Tolerates trailing bytes, and a missing database, plugin or
// attribute field at the end; not a field that claims more bytes than there are.
[[nodiscard]] LoginParse ParseLogin(Bytes payload, LoginRequest& out);

// The names are no longer than kMaxName, and the server reads them as they are (login_charset.h).
[[nodiscard]] bool HasPlainNames(const LoginRequest& request);

// Cuts `attributes` (pairs of length-encoded strings) after the last whole pair within
// kMaxAttributes, or before the first that does not parse.
[[nodiscard]] std::string_view CutAttributes(std::string_view attributes);

// Cuts the wishes down to what our greeting offered (libmysqlclient sets bits nobody offered) and
// what this backend can; adds what the forced switch needs.
void Negotiate(LoginRequest& request, const Greeting& advertised, const Greeting& backend);

// What asks the backend for TLS: the login's fixed head, with SSL.
[[nodiscard]] Buffer BuildSslRequest(const LoginRequest& request, const Greeting& backend);

// A login that nobody has an account for, for the gate's own polite ends.
[[nodiscard]] LoginRequest ProbeLogin(const Greeting& backend);

// The whole packet. REQUIRES: Negotiate() was applied, or the request is the gate's own.
// `tls`: it goes through TLS, behind a BuildSslRequest() of the same request.
[[nodiscard]] Buffer BuildBackendLogin(const LoginRequest& request, const Greeting& backend,
                                       std::uint8_t sequence, bool tls = false);

}  // namespace headgate::mysql
