// Config values that only the limits on statements take: sizes, what can be "off" or "auto", names
// as bit sets, the parts of a [[rule]].
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/config_values.h"

namespace headgate::guard {

// Each leaves `out` alone where it reports a fault. Ranges are inclusive.
// A size as text, "64KiB", or a whole number of bytes.
[[nodiscard]] Faults ReadSize(const Node& node, Range<std::uint64_t> range, std::uint64_t& out);
// Above 0, at most `high`.
[[nodiscard]] Faults ReadNumber(const Node& node, double high, double& out);
// Text up to `longest` bytes, without a NUL byte.
[[nodiscard]] Faults ReadLongText(const Node& node, std::size_t longest, std::string& out);
// Up to `longest` bytes of printable ASCII.
[[nodiscard]] Faults ReadPrintable(const Node& node, std::size_t longest, std::string& out);
// A list of `names`, or one of them; the bit of each is its index. `what` is one of them in words.
[[nodiscard]] Faults ReadSet(const Node& node, std::string_view what,
                             std::span<const std::string_view> names, std::uint64_t& out);
// The node itself, or a list that has it as its one element where it is text.
[[nodiscard]] Node AsList(const Node& node);

// Whether a node is the text "off" (or another such word).
[[nodiscard]] bool IsWord(const Node& node, std::string_view word);

// A rule's digest: 16 hexadecimal digits as `headgate digests` shows them, or a statement, of which
// the id is made as the gate makes it.
[[nodiscard]] Faults ReadDigest(const Node& node, Rule& out);
[[nodiscard]] Faults ReadPattern(const Node& node, Rule& out);

// Of every bit its name, in the order of the bits.
[[nodiscard]] std::vector<std::string_view> NamesIn(std::uint64_t set,
                                                    std::span<const std::string_view> names);
[[nodiscard]] std::span<const std::string_view> CommandNames();
[[nodiscard]] std::span<const std::string_view> TraitNames();

}  // namespace headgate::guard
