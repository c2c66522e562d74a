// One pass over the beginning of a statement: its fingerprint and what in it costs a server dear.
//
// Threads: pure functions. Lifetime: nothing is kept; no allocation.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "policies/statement.h"

namespace headgate {

struct Scan {
  StatementMark mark;
  std::size_t text_size = 0;      // of the normalised statement, as written to `text`
  std::size_t code_bytes = 0;     // looked at, comments not counted
  std::size_t comment_bytes = 0;  // plain comments skipped
  // Comments filled what was shown, and the statement goes on behind it: look at more of it.
  bool wants_more = false;
};

// Looks at `sql`, which is all of the statement when `complete`, and at most `budget` bytes of code
// in it; what is longer has the trait uninspected_tail. Writes the normalised statement to `text`
// as far as it fits; the fingerprint covers all that was looked at.
[[nodiscard]] Scan ScanStatement(std::string_view sql, bool complete, const SqlMode& mode,
                                 std::size_t budget, std::span<char> text);

}  // namespace headgate
