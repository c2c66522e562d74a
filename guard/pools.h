// What `status --pools` answers: how many slots each class may use, and how large the connection
// pools of its application's instances should be for that; as JSON from the gate, and as text for
// people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>

#include "policies/engine.h"
#include "policies/limits.h"

namespace headgate::guard {

inline constexpr std::uint32_t kMostInstances = 100000;

// {"instances":N,"classes":[{"name","leases","may_use","guaranteed","implicit","size","most",
// "queue_ms"}]}. "guaranteed" are the slots that are there whatever others do: the class's reserve,
// or where the file has no class the implicit reserve of known-good pairs ("implicit": true).
// "size" is what one of N instances should open: its part of what is guaranteed, or of "may_use"
// where nothing is. "most" is its part of "may_use". REQUIRES: instances >= 1.
[[nodiscard]] std::string PoolsJson(const EngineStatus& engine, const Limits& limits,
                                    std::uint32_t instances);
// For a terminal; what is no such JSON comes back as it is.
[[nodiscard]] std::string PoolsText(const std::string& json);

}  // namespace headgate::guard
