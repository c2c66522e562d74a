// What a server makes of a name in a login packet hangs on the character set that the packet
// declares, and in some a name can be spelled another way: the gate would take it for another name.
// Such spellings are refused.
//  * `filename` and `armscii8` spell ASCII a second time (@0072 is r; AC is -, A9 is .).
//  * MySQL drops an incomplete last character (sql_conn_event.cc, copy_and_convert), and takes for
//    one also a first byte whose others are something else: `root\xE2A` in utf8mb4 is `root`.
// No other set does: of one byte by MariaDB 10.11's tables, of several by trying all pairs of bytes
// there; but sjis and ujis, which have a second backslash.
//
// Threads: pure. Lifetime: none.
#pragma once

#include <cstdint>
#include <string_view>

namespace headgate::mysql {

// These bytes are the one spelling of what the server reads, in the character set of this
// collation. A collation that is not known counts as one of UTF-8, as all are that have come since.
// Of `filename` no name is plain.
[[nodiscard]] bool IsPlainName(std::string_view name, std::uint16_t collation);

}  // namespace headgate::mysql
