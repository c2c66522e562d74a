// Sentences and numbers that the text and the page of a replay share.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/replay_report.h"

namespace headgate::guard {

// "1.2s", "350ms".
[[nodiscard]] std::string SpanOf(Duration d);
// "312", "about 12,400": of an estimate.
[[nodiscard]] std::string AboutCount(double n);
// "12,345"
[[nodiscard]] std::string FullNumber(std::uint64_t n);
// "3 refused, 2 killed"; "nothing" where there is none.
[[nodiscard]] std::string CountsText(const OutcomeCounts& counts);
// "2026-01-31 14:00:05"
[[nodiscard]] std::string WhenText(const ReplayReport& report, Time at);
// The same without what is the same all along: the date of a single day, else the seconds.
[[nodiscard]] std::string ShortWhen(const ReplayReport& report, Time at);
// Stretches of the timeline at one level, those above calm.
struct LevelStretch {
  Level level = Level::kCalm;
  std::size_t from = 0, to = 0;  // buckets, `to` not included
};
[[nodiscard]] std::vector<LevelStretch> Stretches(const ReplayReport& report);
// What the numbers are of: "1h 2m of 12,345 connections ...".
[[nodiscard]] std::string TrafficText(const ReplayReport& report);

}  // namespace headgate::guard
