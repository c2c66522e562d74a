// One config value: read from its TOML node with every fault named, written back as text. The key
// table (`config_keys.h`) is made of these.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "guard/config.h"
#include "guard/toml_reader.h"
#include "policies/limits.h"

namespace headgate::guard {

// What is wrong with a value and where exactly (an element of a list has its own place).
struct Fault {
  Position at;
  std::string message;
};
using Faults = std::vector<Fault>;

template <class T>
struct Range {
  T low;
  T high;
};

// Each leaves `out` alone where it reports a fault. Ranges are inclusive.
[[nodiscard]] Faults ReadBool(const Node& node, bool& out);
[[nodiscard]] Faults ReadCount(const Node& node, Range<std::uint32_t> range, std::uint32_t& out);
// 0..1 as a number, or "25%".
[[nodiscard]] Faults ReadFraction(const Node& node, double& out);
[[nodiscard]] Faults ReadDuration(const Node& node, Range<Duration> range, Duration& out);
[[nodiscard]] Faults ReadRate(const Node& node, Rate& out);
// A whole number from 1, "25%", or "off".
[[nodiscard]] Faults ReadShare(const Node& node, Share& out);
[[nodiscard]] Faults ReadText(const Node& node, std::string& out);
// Elements of at most 255 bytes.
[[nodiscard]] Faults ReadTexts(const Node& node, std::vector<std::string>& out);
[[nodiscard]] Faults ReadNetworks(const Node& node, std::vector<Cidr>& out);
// One of `names`, by index.
[[nodiscard]] Faults ReadChoice(const Node& node, std::span<const std::string_view> names,
                                std::size_t& out);
// "192.0.2.1:3306", "[2001:db8::1]:3306"; with `backend` also "db.example:3306", "unix:/path".
[[nodiscard]] Faults ReadEndpoints(const Node& node, bool backend, std::vector<Endpoint>& out);

// Wider than an IPv4 /8 or an IPv6 /32, which any of the larger owners of networks has whole.
[[nodiscard]] bool IsWide(const Cidr& network);

// As TOML writes it: quoted text, bracketed lists.
[[nodiscard]] std::string Quoted(std::string_view text);
// The same of what somebody wrote, cut: for messages.
[[nodiscard]] std::string Shown(std::string_view text);
// A number as TOML writes it, in as many digits as it takes to read the same again.
[[nodiscard]] std::string NumberAsToml(double number);
// Adds to what a message says is expected: "expected a rate, or "off", got text".
void AddChoice(std::string_view choice, Fault& fault);
[[nodiscard]] std::string Listed(const std::vector<std::string>& quoted);
// Each of `values` by the text `write` has for it.
template <class Values, class Write>
[[nodiscard]] std::string ListedAs(const Values& values, Write write) {
  std::vector<std::string> quoted;
  quoted.reserve(values.size());
  for (const auto& value : values) quoted.push_back(Quoted(write(value)));
  return Listed(quoted);
}

}  // namespace headgate::guard
