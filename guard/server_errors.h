// The server's errors that mean something to a gate, by their numbers in the MySQL and MariaDB
// error references.
//
// Threads: constants. Lifetime: none.
#pragma once

namespace headgate::guard {

inline constexpr unsigned kTooMany = 1040, kDenied = 1045, kHostBlocked = 1129, kNotAllowed = 1130,
                          kOutOfOrder = 1156, kNoAccount = 1698, kLost = 2013, kNoTls = 2026,
                          kClearPlugin = 5010;

}  // namespace headgate::guard
