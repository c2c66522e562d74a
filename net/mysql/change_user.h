// COM_CHANGE_USER: a login inside a session. Parsed to ask admission again for the new user, and
// rewritten like the first login (no password, forced auth switch).
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "net/mysql/handshake.h"
#include "net/mysql/wire.h"

namespace headgate::mysql {

// Parses a payload (0x11 first) of a session with these negotiated capabilities into user,
// database, charset and attributes of `out`. A missing charset leaves `out.charset` as it was.
// False: malformed, or names that are too long or not plain.
[[nodiscard]] bool ParseChangeUser(Bytes payload, std::uint32_t capabilities, LoginRequest& out);

// The whole packet, sequence 0.
[[nodiscard]] Buffer BuildChangeUser(const LoginRequest& request, std::uint32_t capabilities);

}  // namespace headgate::mysql
