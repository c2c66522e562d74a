// The little languages inside config values and on the command line: "50/s burst 200", "5m",
// "25%", "64KiB", "off"; and the nearest word to a misspelt one.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate::guard {

// "250ms" "5s" "10m" "1h" "7d"; a whole or decimal number of one unit, at most ten years.
[[nodiscard]] std::optional<Duration> ParseDuration(std::string_view text);
// "N/s", "N/m" or "N/h" with an optional " burst M"; "off". N is above 0 and at most a million a
// second. Without a burst, as many as N may come at once, at least 1.
[[nodiscard]] std::optional<Rate> ParseRate(std::string_view text);
// "25%" (above 0, at most 100), or "off". Plain numbers are numbers in TOML, not text.
[[nodiscard]] std::optional<Share> ParseShare(std::string_view text);
// "25%", above 0 and at most `high`.
[[nodiscard]] std::optional<double> ParsePercent(std::string_view text, double high);

// "512B" "64KiB" "16MiB" "1GiB" "2TiB"; a whole or decimal number of one unit, a whole number of
// bytes.
[[nodiscard]] std::optional<std::uint64_t> ParseSize(std::string_view text);

// A number without an exponent, in as many digits as it takes to read the same again.
[[nodiscard]] std::string Digits(double number);
// `number` with `back` behind it, such that `same` holds for the text: it may be off by its last
// bit, as quotients are. Where none of its neighbours is the same either, it is itself.
[[nodiscard]] std::string NumberText(double number, std::string_view back,
                                     const std::function<bool(const std::string&)>& same);
// Short texts that parse back to the same value.
[[nodiscard]] std::string ToText(Duration d);
[[nodiscard]] std::string ToText(const Rate& rate);
[[nodiscard]] std::string ToText(const Share& share);
[[nodiscard]] std::string SizeText(std::uint64_t bytes);

// The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from `word`;
// empty when none is near: at most 1 edit in up to 4 letters, 2 up to 8, else 3.
[[nodiscard]] std::string Nearest(std::string_view word, std::span<const std::string> candidates);

}  // namespace headgate::guard
