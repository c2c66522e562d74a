// Bytes from outsiders made fit for JSON and for a terminal.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headgate::guard {

// Valid UTF-8 (RFC 3629) without control characters: what is neither becomes U+FFFD, white space
// one space.
[[nodiscard]] std::string Printable(std::string_view text);
// The first `columns` characters of valid UTF-8, with "..." as the last three of them where there
// are more.
[[nodiscard]] std::string Cut(std::string_view text, std::size_t columns);

}  // namespace headgate::guard
