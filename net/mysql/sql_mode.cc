#include "net/mysql/sql_mode.h"

#include "net/mysql/capabilities.h"

namespace headgate::mysql {

SqlCharset CharsetOfCollation(std::uint16_t id) {
  constexpr std::uint16_t kNopad = 1024;  // MariaDB: added to the id of the padding one
  switch (id >= kNopad && id < 2 * kNopad ? id - kNopad : id) {
    case 1:  // big5_chinese_ci
    case 84:
      return SqlCharset::kBig5;
    case 13:  // sjis_japanese_ci
    case 88:
    case 95:  // cp932_japanese_ci
    case 96:
      return SqlCharset::kSjis;
    case 28:  // gbk_chinese_ci
    case 87:
      return SqlCharset::kGbk;
    case 248:  // gb18030_chinese_ci
    case 249:
    case 250:
      return SqlCharset::kGb18030;
    default:
      return SqlCharset::kPlain;
  }
}

SqlMode ModeFor(SqlCharset charset, std::uint16_t status, bool mariadb, std::uint32_t version) {
  return {.charset = charset,
          .ansi_quotes = mariadb && (status & kStatusAnsiQuotes) != 0,
          .no_backslash_escapes = (status & kStatusNoBackslashEscapes) != 0,
          .mariadb = mariadb,
          .version = version};
}

}  // namespace headgate::mysql
