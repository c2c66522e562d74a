// The character sets by the names, and the numbers of collations, that SET NAMES and
// character_set_client take.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string_view>

#include "policies/statement.h"

namespace headgate::sql {

// In any case of letters. kUnknown for what is none that both servers know by that name: a server
// may still take it, or it is a part of an expression.
// Facts: INFORMATION_SCHEMA.CHARACTER_SETS and .COLLATIONS of both servers.
[[nodiscard]] SqlCharset CharsetNamed(std::string_view name);
// Of a collation; kPlain for all others.
[[nodiscard]] SqlCharset CharsetOfNumber(unsigned collation);

}  // namespace headgate::sql
