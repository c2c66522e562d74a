// The one key table: every key that works, with its type, range, default, and whether a reload can
// change it. The reader, the reload's diff and the documentation are all made from it.
//
// Threads: immutable after the first call. Lifetime: static.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "guard/config.h"
#include "guard/config_values.h"

namespace headgate::guard {

template <class Target>
struct Key {
  std::string_view table;
  std::string_view name;
  std::string_view type;   // "rate", "time", "whole number": with its unit where it has one
  std::string range;       // as text; empty = the type says it all
  bool reloadable = true;  // false: a reload keeps the running value and says so
  std::function<Faults(const Node&, Target&)> set;
  std::function<std::string(const Target&)> get;  // the value as TOML writes it
  std::function<void(const Target& from, Target& to)> copy;

  [[nodiscard]] std::string FullName() const {
    return std::string(table) + "." + std::string(name);
  }
};

// Every key of a plain table, in the order of the sample file.
[[nodiscard]] std::span<const Key<Config>> ConfigKeys();
// Every key of a [[class]].
[[nodiscard]] std::span<const Key<ClassLimits>> ClassKeys();
// The part of them that [default_class] takes too: it matches whom nobody else matched.
[[nodiscard]] std::span<const Key<ClassLimits>> DefaultClassKeys();

// What [query], [query.unknown] and the table `query` of a class take; of [shape] and of `shape`.
[[nodiscard]] std::span<const Key<QueryLimits>> QueryKeys();
[[nodiscard]] std::span<const Key<ShapeLimits>> ShapeKeys();
// The part of them that [query.unknown] takes: looking at less is not stricter.
[[nodiscard]] std::span<const Key<QueryLimits>> UnknownQueryKeys();

// What a level of pressure overrides, by the tables inside [pressure.LEVEL]: "source", "pending",
// "waiting", "query".
[[nodiscard]] std::span<const Key<LevelLimits>> LevelKeys();
// The level of the table [pressure.LEVEL]; nullopt for any other.
[[nodiscard]] std::optional<Level> LevelOf(std::string_view table);

// Every key of a [[rule]].
[[nodiscard]] std::span<const Key<Rule>> RuleKeys();

// Why a key that stands elsewhere has no place in this table; empty for all others.
[[nodiscard]] std::string_view WhyRefused(std::string_view table, std::string_view name);

}  // namespace headgate::guard
