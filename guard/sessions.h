// Every connection, one by one, for `headgate sessions`.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "policies/engine.h"

namespace headgate::guard {

inline constexpr std::size_t kMostSessions = 1000;

// {"sessions":[{"id","peer","user","database","class","state","for_s","busy","idle_s",
// "in_transaction","known_good"}],"total"}: names are those claimed, in UTF-8 (printable.h); state
// is pending, waiting, login, in, orphan or ending; idle_s null where it is not idle.
[[nodiscard]] std::string SessionsJson(const std::vector<SessionStatus>& rows, std::uint32_t total);

// For a terminal `columns` wide; 0: nothing is cut. What is no such JSON comes back as it is.
[[nodiscard]] std::string SessionsText(const std::string& json, std::size_t columns);

}  // namespace headgate::guard
