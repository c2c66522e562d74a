// A TOML text as a plain tree with positions: the one door to toml++, so that its headers (and
// their compile time) and its exceptions stay in one file.
//
// Threads: pure functions. Lifetime: the tree owns everything in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace headgate::guard {

// Both count from 1, as editors do; 0 = nowhere in particular.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Position&) const = default;
};

struct Member;
struct Node {
  // A date or a time: no key of ours takes one.
  struct Other {};
  using List = std::vector<Node>;
  using Table = std::vector<Member>;

  Position at;
  std::variant<Other, bool, std::int64_t, double, std::string, List, Table> value;

  // "a number", "a table": for messages.
  [[nodiscard]] std::string_view TypeName() const;
};

struct Member {
  std::string key;
  Position at;  // of the key
  Node node;
};

// Why a text is no TOML, and where. toml++ stops at the first such place.
struct SyntaxError {
  Position at;
  std::string message;
};

// Either the root table or the syntax error.
[[nodiscard]] std::variant<Node, SyntaxError> ReadToml(std::string_view text);

}  // namespace headgate::guard
