// A TOML text as a plain tree with positions: the one door to toml++, so that its headers (and
// their compile time) and its exceptions stay in one file.
//
// Threads: pure functions. Lifetime: the tree owns everything in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <variant>
#include <vector>

namespace headgate::guard {

// Line and column count from 1, as editors do; 0 = nowhere in particular.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::uint32_t file = 0;  // which of the texts that are read together
  bool operator==(const Position&) const = default;
  // One file after the other.
  auto operator<=>(const Position& other) const {
    return std::tie(file, line, column) <=> std::tie(other.file, other.line, other.column);
  }
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

// Either the root table or the syntax error; every place in it says `file`.
[[nodiscard]] std::variant<Node, SyntaxError> ReadToml(std::string_view text,
                                                       std::uint32_t file = 0);

}  // namespace headgate::guard
