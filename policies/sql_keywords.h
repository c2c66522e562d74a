// Finds the words of the language among all words, whatever their case.
//
// Threads: pure functions over constant tables. Lifetime: none.
#pragma once

#include <string_view>

#include "policies/sql_token.h"

namespace headgate {

// kNone if it is none. For tests and rare use: the scanner asks with the word already in registers.
[[nodiscard]] Keyword FindKeyword(std::string_view word);

// In lower case; empty for kNone.
[[nodiscard]] std::string_view Spelling(Keyword k);

}  // namespace headgate
