// Matches user and database names against the patterns of a class.
//
// Threads: pure. Lifetime: none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headgate {

// `*` is any run of bytes, also none; `?` is one byte; all else is itself, case and all. The whole
// text must match. No escapes. At most pattern.size() x text.size() steps, whatever the pattern,
// and linear for patterns with one `*`.
[[nodiscard]] bool GlobMatches(std::string_view pattern, std::string_view text);
// True when any of them does.
[[nodiscard]] bool AnyGlobMatches(const std::vector<std::string>& patterns, std::string_view text);

}  // namespace headgate
