// The one look at a statement's text that decides how it is dealt with: what it is, or how much
// more of it has to be shown first.
//
// Threads: pure. Lifetime: `text` of the answer points into what was handed in.
#pragma once

#include <cstddef>
#include <span>

#include "policies/statement.h"

namespace headgate {

// REQUIRES: kQuery or kPrepare. `inspect`: [query] inspect, bytes of code that are looked at.
// Comments may make it four times as much; what they hide beyond has the traits comment_padding and
// uninspected_tail. `text` takes the normalised statement, as far as it fits; may be empty.
[[nodiscard]] Glance LookAt(const CommandFacts& facts, std::size_t inspect, std::span<char> text);

}  // namespace headgate
