#include "net/mysql/sql_mode.h"

#include "net/mysql/capabilities.h"
#include "policies/sql_charset_names.h"

namespace headgate::mysql {

SqlCharset CharsetOfCollation(std::uint16_t id) {
  constexpr std::uint16_t kNopad = 1024;  // MariaDB: added to the id of the padding one
  return sql::CharsetOfNumber(id >= kNopad && id < 2 * kNopad ? id - kNopad : id);
}

SqlMode ModeFor(SqlCharset charset, std::uint16_t status, bool mariadb, std::uint32_t version) {
  return {.charset = charset,
          .ansi_quotes = mariadb && (status & kStatusAnsiQuotes) != 0,
          .no_backslash_escapes = (status & kStatusNoBackslashEscapes) != 0,
          .mariadb = mariadb,
          .version = version};
}

}  // namespace headgate::mysql
