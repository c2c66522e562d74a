// Where the parts of a statement end: strings and quoted names in every charset, numbers, comments.
// As MariaDB's and MySQL's lexers find it (sql/sql_lex.cc of both).
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policies/sql_chars.h"
#include "policies/statement.h"

namespace headgate::sql {

// Where something ends that begins at a known place.
struct End {
  std::size_t inside = 0;  // the first byte behind what it holds
  std::size_t after = 0;   // the first byte behind it as a whole
  bool closed = true;      // its end was there; else both are the text's end
};

// The character at `at` is one of two bytes or four, of which a later one may look like ASCII.
// 1: a byte by itself. Never more than what is left of the text.
[[nodiscard]] std::size_t CharSize(std::string_view text, std::size_t at, SqlCharset charset);

// `from` is behind the opening `quote`. Doubled quotes are inside; so is what follows a backslash,
// if `backslash` is an escape (it is none in names).
[[nodiscard]] End QuoteEnd(std::string_view text, std::size_t from, char quote, bool backslash,
                           SqlCharset charset);

// The end of a word that has bytes from 0x80 on. In kPlain a byte 0xA0 that is no part of a UTF-8
// character ends it: the no-break space of latin1 is white space for the server.
// In charsets of one byte their white space does, and nothing else.
// `odd` is set when the word has a no-break space in UTF-8, which is a part of a name in one
// charset and white space in another.
[[nodiscard]] std::size_t WideWordEnd(std::string_view text, std::size_t from, SqlCharset charset,
                                      bool& odd);

enum class NumberKind : std::uint8_t { kNumber, kBits, kWord };
struct NumberEnd {
  std::size_t end = 0;
  NumberKind kind = NumberKind::kNumber;
};
// `from` is at a digit, or at a dot before one. What is a word after all (1abc) has no end yet.
[[nodiscard]] NumberEnd ScanNumber(std::string_view text, std::size_t from);

// The size of a comment that reaches to the end of its line and begins at `from` with a minus or
// a hash; 0 if none does.
[[nodiscard]] std::size_t LineComment(std::string_view text, std::size_t from, SqlCharset charset);

// The end of a user variable's name or a host, which begins at `from`: letters, dots and dollars.
[[nodiscard]] std::size_t HostEnd(std::string_view text, std::size_t from, SqlCharset charset);

// `from` is behind what opens it. `inside` is where its star is.
[[nodiscard]] End BlockCommentEnd(std::string_view text, std::size_t from);

}  // namespace headgate::sql
