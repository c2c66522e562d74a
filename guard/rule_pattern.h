// The regular expression of a [[rule]], compiled: the one door to RE2, which answers in time linear
// in the text whatever the expression is.
//
// Threads: pure functions; a matcher may be asked from any thread. Lifetime: the matcher owns all
// it needs.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include <absl/status/statusor.h>
#include "policies/limits.h"

namespace headgate::guard {

// Longest expression, and the memory its program and its automaton may take together, bytes.
inline constexpr std::size_t kLongestPattern = 1024;
inline constexpr std::size_t kPatternMemory = std::size_t{1} << 20;

// RE2's syntax, searched anywhere in the text, byte by byte, so that no character set can hide
// anything; `.` matches line ends too. Case counts: (?i) in front ignores it. The error names the
// place: "missing ): \"(a\" at byte 3".
[[nodiscard]] absl::StatusOr<std::shared_ptr<const TextMatcher>> CompilePattern(
    const std::string& regex);

}  // namespace headgate::guard
