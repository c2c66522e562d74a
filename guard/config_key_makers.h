// How the rows of the key table are made: one maker for each type of value. Only the key table
// includes this.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"
#include "guard/config_text.h"
#include "net/address_text.h"

namespace headgate::guard {

inline constexpr bool kReload = true;
inline constexpr bool kRestart = false;

template <class Target, class Ref>
std::function<void(const Target&, Target&)> Copy(Ref ref) {
  return [ref](const Target& from, Target& to) { ref(to) = ref(from); };
}

// The makers below take `ref`, a generic lambda from a target to the field it keeps the value in,
// so that one lambda serves reading and writing.

template <class Target, class Ref>
Key<Target> Bool(std::string_view table, std::string_view name, bool reload, Ref ref) {
  return {table,
          name,
          "boolean",
          "",
          reload,
          [ref](const Node& n, Target& t) { return ReadBool(n, ref(t)); },
          [ref](const Target& t) { return std::string(ref(t) ? "true" : "false"); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Count(std::string_view table, std::string_view name, Range<std::uint32_t> range,
                  bool reload, Ref ref) {
  return {table,
          name,
          "whole number",
          absl::StrFormat("%d to %d", range.low, range.high),
          reload,
          [ref, range](const Node& n, Target& t) { return ReadCount(n, range, ref(t)); },
          [ref](const Target& t) { return absl::StrFormat("%d", ref(t)); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Fraction(std::string_view table, std::string_view name, Ref ref) {
  return {table,
          name,
          "share",
          "0 to 1, or \"0%\" to \"100%\"",
          kReload,
          [ref](const Node& n, Target& t) { return ReadFraction(n, ref(t)); },
          [ref](const Target& t) { return NumberAsToml(ref(t)); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Span(std::string_view table, std::string_view name, Range<Duration> range, bool reload,
                 Ref ref) {
  return {table,
          name,
          "time",
          ToText(range.low) + " to " + ToText(range.high),
          reload,
          [ref, range](const Node& n, Target& t) { return ReadDuration(n, range, ref(t)); },
          [ref](const Target& t) { return Quoted(ToText(ref(t))); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Span(std::string_view table, std::string_view name, Range<Duration> range, Ref ref) {
  return Span<Target>(table, name, range, kReload, ref);
}

template <class Target, class Ref>
Key<Target> RateOf(std::string_view table, std::string_view name, Ref ref) {
  return {table,
          name,
          "rate",
          "\"off\", or above 0 to 1000000/s",
          kReload,
          [ref](const Node& n, Target& t) { return ReadRate(n, ref(t)); },
          [ref](const Target& t) { return Quoted(ToText(ref(t))); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> ShareOf(std::string_view table, std::string_view name, Ref ref) {
  return {table,
          name,
          "share or number",
          "\"off\", above \"0%\" to \"100%\", or 1 to 100000",
          kReload,
          [ref](const Node& n, Target& t) { return ReadShare(n, ref(t)); },
          [ref](const Target& t) {
            const Share& share = ref(t);
            return share.kind == Share::Kind::kNumber ? ToText(share) : Quoted(ToText(share));
          },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Text(std::string_view table, std::string_view name, bool reload, Ref ref) {
  return {table,
          name,
          "text",
          "up to 255 bytes",
          reload,
          [ref](const Node& n, Target& t) { return ReadText(n, ref(t)); },
          [ref](const Target& t) { return Quoted(ref(t)); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Texts(std::string_view table, std::string_view name, Ref ref) {
  return {table,
          name,
          "list of names",
          "",
          kReload,
          [ref](const Node& n, Target& t) { return ReadTexts(n, ref(t)); },
          [ref](const Target& t) { return ListedAs(ref(t), std::identity()); },
          Copy<Target>(ref)};
}

template <class Target, class Ref>
Key<Target> Networks(std::string_view table, std::string_view name, Ref ref) {
  return {table,
          name,
          "list of networks",
          "",
          kReload,
          [ref](const Node& n, Target& t) { return ReadNetworks(n, ref(t)); },
          [ref](const Target& t) {
            return ListedAs(ref(t), [](const Cidr& network) { return net::ToText(network); });
          },
          Copy<Target>(ref)};
}

template <class Ref>
Key<Config> Endpoints(std::string_view name, bool backend, Ref ref) {
  return {"gate",
          name,
          "list of addresses",
          "",
          kRestart,
          [ref, backend](const Node& n, Config& c) { return ReadEndpoints(n, backend, ref(c)); },
          [ref](const Config& c) {
            return ListedAs(ref(c), [](const Endpoint& endpoint) { return ToText(endpoint); });
          },
          Copy<Config>(ref)};
}

template <class Value, std::size_t N>
std::string_view ChoiceText(const Value& value, const std::array<std::string_view, N>& names) {
  if constexpr (std::is_enum_v<Value>) {
    return names[static_cast<std::size_t>(value)];
  } else {
    return value;
  }
}

// An enum whose values count from 0 in the order of `names`, or a string out of `names`.
template <std::size_t N, class Target = Config, class Ref>
Key<Target> Choice(std::string_view table, std::string_view name,
                   std::array<std::string_view, N> names, bool reload, Ref ref) {
  using Value = std::decay_t<decltype(ref(std::declval<Target&>()))>;
  return {table,
          name,
          "choice",
          ListedAs(names, std::identity()),
          reload,
          [ref, names](const Node& n, Target& t) {
            std::size_t index = 0;
            Faults faults = ReadChoice(n, names, index);
            if (!faults.empty()) return faults;
            if constexpr (std::is_enum_v<Value>) {
              ref(t) = static_cast<Value>(index);
            } else {
              ref(t) = std::string(names[index]);
            }
            return faults;
          },
          [ref, names](const Target& t) { return Quoted(ChoiceText(ref(t), names)); },
          Copy<Target>(ref)};
}

// The keys of [monitor], [query], [query.unknown], [shape] and [shape.points].
[[nodiscard]] std::vector<Key<Config>> StatementKeys();
// The keys of [known_good] and [pressure].
[[nodiscard]] std::vector<Key<Config>> HeadroomKeys();
// The keys of [admin] and [host].
[[nodiscard]] std::vector<Key<Config>> AdminKeys();
// The keys of [observer] and [firewall].
[[nodiscard]] std::vector<Key<Config>> WireKeys();

}  // namespace headgate::guard
