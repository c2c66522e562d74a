// More makers of rows of the key table: values that can be "off", and sets of names. Only the key
// table includes this.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

#include "guard/config_key_makers.h"
#include "guard/statement_values.h"

namespace headgate::guard {

// What "off" is in the core: zero. `key` reads and writes the values above it.
template <class Target, class Ref>
Key<Target> OrOff(Key<Target> key, Ref ref) {
  key.range = "\"off\", or " + key.range;
  key.set = [ref, inner = key.set](const Node& n, Target& t) {
    if (IsWord(n, "off")) {
      ref(t) = {};
      return Faults();
    }
    Faults faults = inner(n, t);
    for (Fault& fault : faults) AddChoice("\"off\"", fault);
    return faults;
  };
  key.get = [ref, inner = key.get](const Target& t) {
    using Value = std::decay_t<decltype(ref(t))>;
    return ref(t) == Value{} ? std::string("\"off\"") : inner(t);
  };
  return key;
}

template <class Target, class Ref>
Key<Target> CountOrOff(std::string_view table, std::string_view name, std::uint32_t high, Ref ref) {
  Key<Target> key = Count<Target>(table, name, {1, high}, kReload, ref);
  key.type = "whole number or \"off\"";
  return OrOff(std::move(key), ref);
}

template <class Target, class Ref>
Key<Target> SetOf(std::string_view table, std::string_view name, std::string_view type,
                  std::string_view what, std::span<const std::string_view> names, Ref ref) {
  return {
      table,
      name,
      type,
      "",
      kReload,
      [ref, what, names](const Node& n, Target& t) { return ReadSet(n, what, names, ref(t)); },
      [ref, names](const Target& t) { return ListedAs(NamesIn(ref(t), names), std::identity()); },
      Copy<Target>(ref)};
}

// The same key one table further out.
template <class Target, class Inner, class Ref>
Key<Target> Lifted(const Key<Inner>& key, std::string_view table, Ref ref) {
  return {table,
          key.name,
          key.type,
          key.range,
          key.reloadable,
          [ref, set = key.set](const Node& n, Target& t) { return set(n, ref(t)); },
          [ref, get = key.get](const Target& t) { return get(ref(t)); },
          [ref, copy = key.copy](const Target& from, Target& to) { copy(ref(from), ref(to)); }};
}

}  // namespace headgate::guard
