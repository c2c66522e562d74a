// Where the SQL of a COM_QUERY begins. With CLIENT_QUERY_ATTRIBUTES negotiated (MySQL 8.0.23 and
// later), and only then, a list of named values stands before it.
//
// What is no list to MySQL, or might be another one than is read here, is none: a statement would
// be judged that is not the one that runs.
//
// Facts: MySQL manual, "COM_QUERY"; sql/protocol_classic.cc of MySQL 8.0.26
// (parse_query_bind_params, get_ps_param_len), which is unlike the manual's "Binary Protocol Value"
// in some types.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <optional>

#include "net/mysql/wire.h"

namespace headgate::mysql {

// A text behind more attributes than this, or further into the payload, is not looked for. (MySQL
// takes 65535.)
inline constexpr std::size_t kMaxQueryAttributes = 1024;
inline constexpr std::size_t kMaxAttributeBytes = std::size_t{64} * 1024;

// `payload`: a COM_QUERY's, or the beginning of one. 1, or the size of what stands before the text.
// Empty when that does not parse, or goes on behind `payload`.
[[nodiscard]] std::optional<std::size_t> SqlOffset(Bytes payload, bool query_attributes);

}  // namespace headgate::mysql
