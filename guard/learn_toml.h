// A proposal as the lines of a configuration, each with what was seen above it.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/config.h"
#include "guard/learn.h"
#include "guard/toml_draft.h"
#include "policies/proposal.h"
#include "policies/statement.h"

namespace headgate::guard {

// Names that are taken in `draft` get another one, in the proposal as well.
void AddProposal(Proposal& proposal, bool can_kill, TomlDraft& draft);
void AddDigests(const std::vector<DigestRow>& digests, TomlDraft& draft);
// What stands at the top: of what period it is, what is unusual, what was too little.
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
