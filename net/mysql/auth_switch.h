// The authentication exchange after the forced switch: which plugin is asked for, whether a
// client's answer can be one, and how to end a login politely when the client will not.
//
// Why lengths are checked: an answer no plugin accepts (native with one byte) counts in the
// server's host_cache as a handshake error, and max_connect_errors of them block the gate's address
// for everybody (1129). A wrong but well-formed answer brings 1045 and does not. Measured on
// MariaDB 10.11: SUM_CONNECT_ERRORS rises for native with one byte and for ed25519 with an empty
// answer, not for native with none nor for ed25519 with 64 zero bytes; an OK sets it back to 0.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/mysql/wire.h"
#include "policies/event.h"

namespace headgate::mysql {

// Public keys, dialogs and GSSAPI tokens fit.
inline constexpr std::size_t kMaxAuthPacket = std::size_t{16} * 1024;

enum class AuthPlugin : std::uint8_t {
  kUnknown,
  kNative,       // mysql_native_password
  kOld,          // mysql_old_password
  kEd25519,      // client_ed25519
  kCachingSha2,  // caching_sha2_password
  kParsec,       // parsec
};

// The plugin an AuthSwitchRequest (payload, 0xFE first) asks for. Empty when it is none. The short
// form of one byte asks for the old password of 4.0.
[[nodiscard]] std::optional<AuthPlugin> ParseAuthSwitch(Bytes payload);

// Whether `length` bytes can be the client's answer number `nth` (from 0) to that plugin. Plugins
// and rounds the gate does not know: always.
[[nodiscard]] bool CanBeAnswer(AuthPlugin plugin, std::size_t nth, std::size_t length);

// A packet that says "no password" (or a wrong one where none is no valid form).
[[nodiscard]] Buffer PoliteAnswer(AuthPlugin plugin, std::size_t nth, std::uint8_t sequence);

// Whether the request after `nth` answers is part of that plugin's ordinary course, so that another
// polite answer brings its end.
[[nodiscard]] bool AsksAgain(AuthPlugin plugin, std::size_t nth);

// The code of an ERR payload; 0 when it is too short.
[[nodiscard]] std::uint16_t ErrCode(Bytes payload);

// The ERR as it must look after the login packet: whole packet, '#08004' inserted if it has no
// '#sqlstate' (before the handshake a server leaves it out). REQUIRES: an ERR payload.
[[nodiscard]] Buffer RelayErr(Bytes payload, std::uint8_t sequence);

// What an ERR code at the end of a login means to the engine.
[[nodiscard]] LoginFailure FailureFor(std::uint16_t code);

}  // namespace headgate::mysql
