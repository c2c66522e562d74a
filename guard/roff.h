// What manual pages are written in: text for man(7), made from plain text and from the little
// Markdown that docs/ uses inside a paragraph, `code` and [links](page.md).
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <string_view>

namespace headgate::guard {

// Shown as it stands, in the current font. A newline stays one; a line cannot become a request.
[[nodiscard]] std::string RoffPlain(std::string_view text);
// The same in bold, for what is typed literally: its "-" can be searched for and copied.
[[nodiscard]] std::string RoffBold(std::string_view text);
// One paragraph of Markdown, each sentence on its own line. Code becomes bold. A link to a page
// becomes the page's name in italics, with its text in front where that says something else.
// A ` or [ without its end stands for itself.
[[nodiscard]] std::string RoffParagraph(std::string_view markdown);
// Text of a --help footer: paragraphs between empty lines, lines that begin with two spaces as they
// stand.
[[nodiscard]] std::string RoffFooter(std::string_view text);

}  // namespace headgate::guard
