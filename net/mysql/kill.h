// KILL, the one statement that names connections: clients know the gate's ids, the server its own.
// Recognises COM_PROCESS_KILL and a COM_QUERY that is wholly a KILL, and puts another id in.
//
// Only ASCII is looked at, and no quotes: neither 0x5C as a second byte (gbk, sjis, big5) nor any
// other multi-byte character can be mistaken, since '*', '/', ';' and digits outside a comment are
// never parts of one there.
// Limits: not in multi-statements, prepared statements, version comments or expressions.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "net/mysql/wire.h"

namespace headgate::mysql {

// Longer statements are not taken for a KILL.
inline constexpr std::size_t kMaxKillPayload = 1024;

// Where the id stands in a payload.
struct KillTarget {
  std::uint32_t id = 0;
  std::size_t begin = 0;  // of the id's bytes in the payload
  std::size_t size = 0;
  bool binary = false;  // COM_PROCESS_KILL: four bytes; else decimal digits
};

// `KILL [HARD|SOFT] [CONNECTION|QUERY] n [;]` with white space and comments around; begin and size
// count from the start of `sql`. Not `KILL QUERY ID n` (a query's number) nor `KILL USER`.
[[nodiscard]] std::optional<KillTarget> ParseKillText(std::string_view sql);

// The KILL in a payload of COM_QUERY or COM_PROCESS_KILL, if it is one.
[[nodiscard]] std::optional<KillTarget> FindKill(Bytes payload, bool query_attributes);

// The whole packet with another id.
[[nodiscard]] Buffer RewriteKill(Bytes payload, const KillTarget& target, std::uint32_t id,
                                 std::uint8_t sequence);

}  // namespace headgate::mysql
