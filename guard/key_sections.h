// The sections of the key manual: what is said about a table as a whole, and which tables of the
// key table it is made of.
//
// Threads: constants. Lifetime: static.
#pragma once

#include <span>
#include <string_view>

namespace headgate::guard {

struct KeySectionText {
  std::string_view title;
  std::span<const std::string_view> tables;
  std::string_view before;  // Markdown
  std::string_view after;   // {commands} stands for the names of all commands
};

[[nodiscard]] std::span<const KeySectionText> KeySectionTexts();

// How the values of a type are written, for types that TOML itself does not explain.
struct TypeText {
  std::string_view type;
  std::string_view written;  // Markdown
};
[[nodiscard]] std::span<const TypeText> TypeTexts();

// What "reload" and "restart" mean. Markdown.
[[nodiscard]] std::string_view ChangeText();

}  // namespace headgate::guard
