// What the shape has to know of single words and strings: which functions are dear, which settings
// inflate, which patterns backtrack.
//
// Threads: pure functions over constant tables. Lifetime: none.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "policies/sql_token.h"

namespace headgate {

enum class CallRole : std::uint8_t {
  kNone,
  kSleep,
  kWait,  // the last argument is a timeout, seconds
  kBenchmark,
  kLoadFile,
  kRepeat,  // makes as many bytes as a number in it says
  kFed,     // dear when fed with what kRepeat made: hashes, packers, parsers
  kXpath,   // likewise, and by its pattern
  kCrypt,   // by the rounds its salt asks for
  kCode,    // runs programs
  kRegexp,
  kAggregate,
  kRand,
  kSetVar,  // the hint
};
namespace shape_internal {
extern const std::array<CallRole, static_cast<std::size_t>(Keyword::kSize)> kCalls;
}  // namespace shape_internal
[[nodiscard]] inline CallRole RoleOf(Keyword function) {
  return shape_internal::kCalls[static_cast<std::size_t>(function)];
}

enum class SettingRole : std::uint8_t { kNone, kBuffer, kRounds, kSeconds, kMilliseconds };
[[nodiscard]] SettingRole RoleOfSetting(Keyword variable);

// 64 of them are told apart by 32 bits; case is ignored.
[[nodiscard]] std::uint32_t NameHash(std::string_view name);
[[nodiscard]] bool SameName(std::string_view name, std::string_view lower);

// "12", "1.5", "1e9", "64M"; 0 if it is none.
[[nodiscard]] double NumberOf(std::string_view text);

// How many rows seq_1_to_1000[_step_N] has, as a power of two; 0 if it is none.
[[nodiscard]] unsigned SequenceRows(std::string_view table);

// information_schema's tables that make the server open every table there is, or read its memory.
[[nodiscard]] bool IsSchemaScan(std::string_view table);

// Repetition of a repetition, (a+)+ or .*.*.*.*: each row takes PCRE to its match limit.
[[nodiscard]] bool Backtracks(std::string_view pattern);

}  // namespace headgate
