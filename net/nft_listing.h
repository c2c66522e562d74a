// What `nft -j list table inet NAME` says, as plain values.
//
// Bounded: the caller bounds the text (64 MiB, nft_program.h); nesting is at most 32 deep. Kinds of
// objects it does not know are counted, not an error, so that a newer nft or a foreign object is no
// failure.
//
// Threads: pure functions. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include "net/nft_elements.h"

namespace headgate::net {

struct NftListing {
  struct Set {
    std::string name;
    std::string type;
    std::uint32_t size = 0;
    std::vector<std::string> flags;  // sorted, without "dynamic", which nft before 1.1 leaves out
    std::uint32_t timeout = 0;       // seconds
  };
  struct Chain {
    std::string name;
    std::string type;  // empty: no hook
    std::string hook;
    std::string policy;
    int priority = 0;
  };
  struct Rule {
    std::string chain;
    std::string comment;
    std::uint64_t handle = 0;  // the kernel's, never given twice in a table
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
  };
  struct Element {
    Cidr network;
    std::uint64_t expires = 0;  // whole seconds left, rounded down
    bool by_operator = false;
  };
  // In one of our sets, but nothing we would put there: without a timeout, or a range, say.
  struct Odd {
    BanSet set{};
    std::string value;  // its JSON
  };

  bool table = false;  // it is there
  std::vector<Set> sets;
  std::vector<Chain> chains;
  std::vector<Rule> rules;  // in the kernel's order within each chain
  std::vector<Element> elements;
  std::vector<Odd> odd;
  std::size_t unknown = 0;  // objects of other kinds in the table, or flags of it
};

// The names of the tables of the family inet, by `nft -j list tables inet`. Errors: as below.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> ParseTables(std::string_view json);
// Objects of other tables are left out. Errors: InvalidArgument when it is no such listing.
[[nodiscard]] absl::StatusOr<NftListing> ParseListing(std::string_view json,
                                                      std::string_view table);

}  // namespace headgate::net
