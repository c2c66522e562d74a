// The key table as people read it, section by section: docs/config.md and headgate.toml(5) are made
// from it, and a test compares the page with it.
//
// Threads: immutable after the first call. Lifetime: static.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace headgate::guard {

// Default and meaning are Markdown, the rest is plain text.
struct KeyRow {
  std::string key;  // in full
  std::string type;
  std::string range;  // empty = the type says it all
  std::string default_text;
  bool reloadable = true;
  std::string meaning;  // empty: the key lacks its words, which is a bug that a test finds
};

inline constexpr char kNoDefault[] = "none: needed";

struct KeySection {
  std::string title;   // "[gate]", "[[class]]"
  std::string before;  // Markdown, may be empty
  std::vector<KeyRow> rows;
  std::string after;
};

// Every section, in the order of the page. A key whose table has no section is in none: a test.
[[nodiscard]] const std::vector<KeySection>& KeyManual();

// The same as Markdown: what stands in docs/config.md between its two marks.
[[nodiscard]] std::string KeyManualAsMarkdown();

}  // namespace headgate::guard
