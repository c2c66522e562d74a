// Every metric that GET /metrics has: the one list that its text, its tests and docs/metrics.md
// share.
//
// Names and labels are stable: what is here stays, or is announced. Units are base units (seconds,
// bytes); counters end in _total. A label's values are bounded: reasons, classes, backends and
// rules as configured, directions; never an address of a client and never a user.
//
// Threads: constants. Lifetime: string literals.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace headgate::guard {

enum class MetricKind : std::uint8_t { kGauge, kCounter, kHistogram };
// "gauge", "counter", "histogram".
[[nodiscard]] std::string_view Name(MetricKind kind);

struct MetricInfo {
  std::string_view name;
  MetricKind kind = MetricKind::kGauge;
  std::string_view label;  // empty: it has none. No metric has two, but for a histogram's "le".
  std::string_view help;   // one sentence
};

// In the order of the text.
[[nodiscard]] std::span<const MetricInfo> AllMetrics();

}  // namespace headgate::guard
