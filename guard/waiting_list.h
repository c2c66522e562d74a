// What `status --waiting` answers: who stands in the waiting room, as JSON from the gate and as a
// table for people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include "policies/engine.h"

namespace headgate::guard {

// Rows that one answer has at most.
inline constexpr std::size_t kMostWaiting = 1000;

// {"waiting":[{"source","user","class","position","waited_ms","expected_ms","left_ms",
// "known_good"}],"total":N}. "left_ms" is null where nothing ends the waiting.
[[nodiscard]] std::string WaitingJson(const std::vector<WaitingStatus>& rows, std::size_t total);
// For a terminal; what is no such JSON comes back as it is.
[[nodiscard]] std::string WaitingText(const std::string& json);

}  // namespace headgate::guard
