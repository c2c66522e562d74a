// Where the SQL of a COM_QUERY begins. With CLIENT_QUERY_ATTRIBUTES negotiated (MySQL 8.0.23 and
// later), and only then, a list of named values stands before it.
//
// Facts: MySQL manual, "COM_QUERY"; "Binary Protocol Value".
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <optional>

#include "net/mysql/wire.h"

namespace headgate::mysql {

// A text behind more attributes than this, or further into the payload, is not looked for.
inline constexpr std::size_t kMaxQueryAttributes = 1024;
inline constexpr std::size_t kMaxAttributeBytes = std::size_t{64} * 1024;

// `payload`: a COM_QUERY's, or the beginning of one. 1, or the size of what stands before the text.
// Empty when that does not parse, or goes on behind `payload`.
[[nodiscard]] std::optional<std::size_t> SqlOffset(Bytes payload, bool query_attributes);

}  // namespace headgate::mysql
