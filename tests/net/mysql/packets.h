// Small verbs for scripted byte tests: packets as a client or a server would send them.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

#include "net/mysql/capabilities.h"
#include "net/mysql/greeting.h"
#include "net/mysql/wire.h"

namespace headgate::mysql::testing {

inline const std::string kNul(1, '\0');

inline std::string Str(Bytes b) { return std::string(AsText(b)); }

// `payload` as one packet.
inline std::string Packet(int sequence, std::string_view payload) {
  Buffer b = BeginPacket();
  PutText(b, payload);
  EndPacket(b, static_cast<std::uint8_t>(sequence));
  return Str(b);
}

inline std::string Hex(std::initializer_list<int> bytes) {
  std::string s;
  for (const int b : bytes) s.push_back(static_cast<char>(b));
  return s;
}

inline std::string Number(std::uint64_t value, std::size_t width) {
  Buffer b;
  PutInt(b, value, width);
  return Str(b);
}

inline std::string Lenenc(std::string_view text) {
  Buffer b;
  PutLenencText(b, text);
  return Str(b);
}

// --- what servers say
inline std::string Ok(int sequence, int status = 2) {
  return Packet(sequence,
                Hex({0, 0, 0}) + Number(static_cast<std::uint64_t>(status), 2) + Hex({0, 0}));
}
inline std::string Eof(int sequence, int status = 2) {
  return Packet(sequence, Hex({0xFE, 0, 0}) + Number(static_cast<std::uint64_t>(status), 2));
}
// The OK that ends rows where EOF is deprecated.
inline std::string EndOk(int sequence, int status = 2) {
  return Packet(sequence,
                Hex({0xFE, 0, 0}) + Number(static_cast<std::uint64_t>(status), 2) + Hex({0, 0}));
}
inline std::string Err(int sequence, int code, std::string_view text) {
  return Packet(sequence,
                Hex({0xFF}) + Number(static_cast<std::uint64_t>(code), 2) + std::string(text));
}
inline std::string Column(int sequence, std::string_view name) {
  return Packet(sequence, Lenenc("def") + Lenenc("") + Lenenc("") + Lenenc("") + Lenenc(name) +
                              Lenenc("") + Hex({0x0c, 8, 0, 1, 0, 0, 0, 3, 0x81, 0, 0, 0, 0}));
}
inline std::string AuthSwitch(int sequence, std::string_view plugin) {
  return Packet(sequence, Hex({0xFE}) + std::string(plugin) + std::string(1, '\0') +
                              "abcdefghijklmnopqrst" + std::string(1, '\0'));
}

// --- what clients say
inline std::string Query(std::string_view sql) { return Packet(0, "\x03" + std::string(sql)); }
inline std::string Command(int command, std::string_view rest = "") {
  return Packet(0, Hex({command}) + std::string(rest));
}

inline constexpr std::uint32_t kTypicalClient =
    kCapLongPassword | kCapProtocol41 | kCapSecureConnection | kCapPluginAuth | 0x2u | 0x80u |
    (1u << 13) | (1u << 16) | (1u << 17) | (1u << 18);

struct LoginFields {
  std::uint32_t capabilities = kTypicalClient;
  std::uint32_t mariadb = 0;
  std::string user{"app"};
  std::string auth = "01234567890123456789";
  std::string database = "shop";  // sent if kCapConnectWithDb
  std::string plugin = "mysql_native_password";
  std::string attributes{};  // pairs; sent if kCapConnectAttrs
  int charset = 45;
};

inline std::string LoginPayload(const LoginFields& f) {
  std::string p = Number(f.capabilities, 4) + Number(0x1000000, 4) + Hex({f.charset}) +
                  std::string(19, '\0') + Number(f.mariadb, 4) + f.user + std::string(1, '\0') +
                  Lenenc(f.auth);
  if (f.capabilities & kCapConnectWithDb) p += f.database + std::string(1, '\0');
  if (f.capabilities & kCapPluginAuth) p += f.plugin + std::string(1, '\0');
  if (f.capabilities & kCapConnectAttrs) p += Lenenc(f.attributes);
  return p;
}

// --- greetings as these servers send them
inline Greeting MariaDb1011() {
  return {.server_version = "5.5.5-10.11.6-MariaDB-0+deb12u1",
          .charset = 45,
          .status = 2,
          .capabilities = 0x81BFF7FEu | kCapDeprecateEof,
          .mariadb_capabilities = 0x1D,
          .auth_plugin = "mysql_native_password",
          .connection_id = 31};
}
inline Greeting MySql80() {
  return {.server_version = "8.0.36",
          .charset = 255,
          .status = 2,
          .capabilities = 0xDFFFFFFFu,
          .mariadb_capabilities = 0,
          .auth_plugin = "caching_sha2_password",
          .connection_id = 12};
}

// The bytes a server would send for it (nothing masked), sequence 0.
inline std::string RawGreeting(const Greeting& g) {
  const std::string salt = "abcdefghijklmnopqrst";
  return Packet(0, Hex({10}) + g.server_version + std::string(1, '\0') +
                       Number(g.connection_id, 4) + salt.substr(0, 8) + std::string(1, '\0') +
                       Number(g.capabilities, 2) + Hex({g.charset}) + Number(g.status, 2) +
                       Number(g.capabilities >> 16, 2) + Hex({21}) + std::string(6, '\0') +
                       Number(g.mariadb_capabilities, 4) + salt.substr(8) + std::string(1, '\0') +
                       g.auth_plugin + std::string(1, '\0'));
}

}  // namespace headgate::mysql::testing
