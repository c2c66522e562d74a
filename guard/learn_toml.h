// A proposal as the lines of a configuration, each with what was seen above it.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "guard/toml_draft.h"
#include "policies/proposal.h"
#include "policies/statement.h"

namespace headgate::guard {

// Names that are taken in `draft`, or given twice, become others, in the proposal as well.
void AddProposal(Proposal& proposal, bool can_kill, TomlDraft& draft);
void AddDigests(const std::vector<DigestRow>& digests, TomlDraft& draft);
// The numbers of a class alone, a line each: "reserve = 70  # observed: ...".
[[nodiscard]] std::vector<std::string> NumberTexts(const ProposedClass& c);

}  // namespace headgate::guard
