// What has to be read before a proposal is taken over: of what period it is, what was unusual, of
// what there was too little, what has a class already.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/learn.h"
#include "policies/proposal.h"

namespace headgate::guard {

// A line each.
[[nodiscard]] std::vector<std::string> LessonRemarks(const Lesson& lesson);

// "2026-01-31 14:00"
[[nodiscard]] std::string MinuteText(Minute minute);
// "user cron from 10.1.0.0/16"
[[nodiscard]] std::string GroupText(const ProposedClass& c);
// An hour that was set aside, in words.
[[nodiscard]] std::string UnusualText(const UnusualHour& hour);
// Why nothing is proposed for it, in words.
[[nodiscard]] std::string TooLittleText(const ProposedClass& c);

}  // namespace headgate::guard
