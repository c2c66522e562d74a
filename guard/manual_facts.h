// What the manual says beside the command line and the keys: files, signals, the environment, exit
// statuses. headgate(8) and docs/commands.md are both made from it.
//
// Threads: constants. Lifetime: static.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>

namespace headgate::guard {

// Both are Markdown.
struct Fact {
  std::string_view name;
  std::string_view what;
};

struct FactTable {
  std::string_view title;                   // "Files"
  std::string_view before;                  // may be empty
  std::array<std::string_view, 2> columns;  // "signal", "what it does"
  std::span<const Fact> facts;
};

[[nodiscard]] std::span<const FactTable> FactTables();

// The same as Markdown: what stands in docs/commands.md between its two marks.
[[nodiscard]] std::string FactsAsMarkdown();

}  // namespace headgate::guard
