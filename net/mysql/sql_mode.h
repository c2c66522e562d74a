// How the server will read a session's next statement: by the character set the client logged in
// with, by SET NAMES since, and by the status flags of the server's last answer.
//
// Limits: a server run with --skip-character-set-client-handshake, and ANSI_QUOTES on MySQL, which
// has no status flag for it.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>

#include "policies/statement.h"

namespace headgate::mysql {

// Of a collation's id, as a login or COM_CHANGE_USER names it (MariaDB's NOPAD ones included).
// Facts: INFORMATION_SCHEMA.COLLATIONS of both servers.
[[nodiscard]] SqlCharset CharsetOfCollation(std::uint16_t id);

// `status`: the flags of an OK or EOF. `mariadb`: whether the server is one. `version`: as of
// VersionOf().
[[nodiscard]] SqlMode ModeFor(SqlCharset charset, std::uint16_t status, bool mariadb,
                              std::uint32_t version);

}  // namespace headgate::mysql
