// What each key means, in the words of docs/config.md and headgate.toml(5), which are both made
// from here: whoever adds a key says here what it does. Written in Markdown: `code` and links to
// other pages of docs/ only.
//
// Threads: constants. Lifetime: static.
#pragma once

#include <span>
#include <string_view>

namespace headgate::guard {

struct Meaning {
  std::string_view key;  // in full: "gate.mode", "pressure.LEVEL.source.connect_rate"
  std::string_view text;
};

[[nodiscard]] std::span<const Meaning> GateMeanings();
[[nodiscard]] std::span<const Meaning> StatementMeanings();
[[nodiscard]] std::span<const Meaning> OtherMeanings();

}  // namespace headgate::guard
