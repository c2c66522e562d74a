// Keys of many parts, found before toml++ reads them: it makes a table of each part, one in the
// other, and goes through them by recursion; a key of some ten thousand ends the process.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "guard/toml_reader.h"

namespace headgate::guard {

// More than four has no key of ours; with the 256 values that toml++ lets stand in one another
// there are as many tables as it can take.
inline constexpr std::size_t kMostKeyParts = 16;

// The first key with more parts, `a.b."c"` has three. What is no TOML for another reason is not
// looked at: the reader says so.
[[nodiscard]] std::optional<SyntaxError> FindDeepKey(std::string_view text, std::uint32_t file);

}  // namespace headgate::guard
