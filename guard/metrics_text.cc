// The one place that knows prometheus-cpp: its values, and its serializer.
#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <utility>

#include "guard/latency_bounds.h"
#include "guard/metric_set.h"

namespace headgate::guard {
namespace {

prometheus::MetricType TypeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

prometheus::ClientMetric::Histogram HistogramOf(const LatencyCounts& times) {
  prometheus::ClientMetric::Histogram out;
  for (std::size_t i = 0; i < kLatencyBuckets; ++i) {
    out.sample_count += times.buckets[i];
    out.bucket.push_back({out.sample_count, LatencyBound(i)});
  }
  out.sample_sum = InSeconds(times.sum);
  return out;
}

prometheus::ClientMetric MetricOf(const MetricInfo& info, const MetricSample& sample) {
  prometheus::ClientMetric out;
  if (!info.label.empty()) out.label.push_back({std::string(info.label), sample.label});
  switch (info.kind) {
    case MetricKind::kGauge:
      out.gauge.value = sample.value;
      break;
    case MetricKind::kCounter:
      out.counter.value = sample.value;
      break;
    case MetricKind::kHistogram:
      out.histogram = HistogramOf(*sample.times);
      break;
  }
  return out;
}

}  // namespace

std::string MetricsText(const MetricSet& set) {
  std::vector<prometheus::MetricFamily> families;
  for (const MetricFamily& family : set.families()) {
    if (family.samples.empty()) continue;
    auto& out = families.emplace_back();
    out.name = std::string(family.info->name);
    out.help = std::string(family.info->help);
    out.type = TypeOf(family.info->kind);
    for (const MetricSample& sample : family.samples) {
      out.metric.push_back(MetricOf(*family.info, sample));
    }
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace headgate::guard
