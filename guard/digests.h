// What `digests` answers: as JSON from the gate, and as a table for people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>
#include "policies/statement.h"
#include "policies/time.h"

namespace headgate::guard {

enum class DigestSort : std::uint8_t { kTime, kCount, kP99, kErrors, kRows };
inline constexpr std::string_view kDigestSorts[] = {"time", "count", "p99", "errors", "rows"};

// Rows that one answer has at most: it stays below what the admin socket's client takes.
inline constexpr std::size_t kMostDigests = 1000;

struct DigestQuery {
  std::size_t limit = 20;
  DigestSort sort = DigestSort::kTime;
  std::string class_name;  // empty: all of them
};
// "limit=20&sort=time&class=shop", in any order, each once at most. The error names what is wrong.
[[nodiscard]] absl::StatusOr<DigestQuery> ParseDigestQuery(std::string_view text);
// The same as text, for a request's target.
[[nodiscard]] std::string ToText(const DigestQuery& query);

// {"digests":[{"digest","class","text","share","count","rate","running","total_ms","p50_ms", ...}],
// "total","sort"}. "share" is of the running time of all rows, "rate" a second since the first was
// seen, "total" the number of rows there are for the class.
[[nodiscard]] std::string DigestsJson(std::vector<DigestRow> rows, const DigestQuery& query,
                                      Time now);

// For a terminal `columns` wide; 0: nothing is cut. What is no such JSON comes back as it is.
[[nodiscard]] std::string DigestsText(const std::string& json, std::size_t columns);

}  // namespace headgate::guard
