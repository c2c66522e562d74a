// Tells clients that negotiated SESSION_TRACK the backend's connection id, as a changed session
// variable in the login's OK: node-mariadb then sends KILL with an id the server knows.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>

#include "net/mysql/wire.h"

namespace headgate::mysql {

// The whole OK packet with ("connection_id", backend_id) added. `payload` is an OK's, of a session
// with SESSION_TRACK. Empty when it does not parse to its last byte: then it is passed on as it is.
[[nodiscard]] std::optional<Buffer> AddConnectionId(Bytes payload, std::uint32_t backend_id,
                                                    std::uint8_t sequence);

}  // namespace headgate::mysql
