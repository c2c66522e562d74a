// Characters of UTF-8 (RFC 3629) among bytes from outsiders.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace headgate {

// Bytes of the character at the front; 0 = it is none. Over-long forms, surrogates and what is
// above U+10FFFF are none. REQUIRES: not empty.
[[nodiscard]] std::size_t Utf8CharacterAt(std::string_view text);
// What terminals take for commands: U+0000 to U+001F, U+007F, U+0080 to U+009F. REQUIRES: a whole
// character.
[[nodiscard]] bool IsUtf8Control(std::string_view character);
// For one line of a log or a terminal: a control character, and a byte of no character, becomes
// "?".
[[nodiscard]] std::string Utf8WithoutControls(std::string_view text);

}  // namespace headgate
