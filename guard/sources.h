// Who is connected or was turned away lately, for `headgate sources` and the page.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policies/engine.h"

namespace headgate::guard {

inline constexpr std::size_t kMostSources = 1000;

// "refused" or "connections"; empty means the first.
[[nodiscard]] std::optional<SourceOrder> ParseSourceOrder(std::string_view text);

// {"sources":[{"source","pending","waiting","logins","in","orphans","connections","refused",
// "refused_per_s","reason","acted","known_good","banned_s"}],"tracked"}: refused in about the last
// minute, the reason of the last one or null, banned_s null where it is not banned.
[[nodiscard]] std::string SourcesJson(const std::vector<SourceStatus>& rows, std::uint32_t tracked,
                                      Time now);

// For a terminal `columns` wide; 0: nothing is cut. What is no such JSON comes back as it is.
[[nodiscard]] std::string SourcesText(const std::string& json, std::size_t columns);

}  // namespace headgate::guard
