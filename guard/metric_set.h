// The values of one scrape, by the metrics of metric_names.h.
//
// Threads: one at a time. Lifetime: a plain value; names are those of AllMetrics().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "guard/latency_bounds.h"
#include "guard/metric_names.h"
#include "policies/latency_counts.h"
#include "policies/time.h"

namespace headgate::guard {

struct MetricSample {
  std::string label{};  // its value; empty where the metric has none
  double value = 0;
  std::optional<LatencyCounts> times{};  // of a histogram
};

struct MetricFamily {
  const MetricInfo* info = nullptr;
  std::vector<MetricSample> samples;  // none: the metric is absent from this scrape
};

class MetricSet {
 public:
  MetricSet();

  // What AllMetrics() does not have, or has with another label or kind, is dropped and noted as a
  // fault: the tests see to it that there is none.
  template <typename T>
  requires std::is_arithmetic_v<T>
  void Set(std::string_view name, T value) {
    Put(name, nullptr, {.value = static_cast<double>(value)});
  }
  template <typename T>
  requires std::is_arithmetic_v<T>
  void Set(std::string_view name, std::string_view label, T value) {
    Put(name, &label, {.value = static_cast<double>(value)});
  }
  // In seconds.
  void Set(std::string_view name, Duration value) { Set(name, InSeconds(value)); }
  void Set(std::string_view name, std::string_view label, Duration value) {
    Set(name, label, InSeconds(value));
  }
  void Set(std::string_view name, const LatencyCounts& times) {
    Put(name, nullptr, {.times = times});
  }
  // Nothing where there is no value.
  template <typename T>
  void SetIf(std::string_view name, const std::optional<T>& value) {
    if (value) Set(name, *value);
  }

  // In the order of AllMetrics(), all of them.
  [[nodiscard]] const std::vector<MetricFamily>& families() const { return families_; }
  [[nodiscard]] const std::vector<std::string>& faults() const { return faults_; }

 private:
  void Put(std::string_view name, const std::string_view* label, MetricSample sample);

  std::vector<MetricFamily> families_;
  std::vector<std::string> faults_;
  std::size_t cursor_ = 0;  // they come about in order
};

// Text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats); of the
// metrics that have samples.
[[nodiscard]] std::string MetricsText(const MetricSet& set);
inline constexpr std::string_view kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace headgate::guard
