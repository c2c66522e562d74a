#include "guard/metric_set.h"

#include <algorithm>
#include <utility>

#include "guard/printable.h"

namespace headgate::guard {

MetricSet::MetricSet() {
  for (const MetricInfo& info : AllMetrics()) families_.push_back({&info, {}});
}

void MetricSet::Put(std::string_view name, const std::string_view* label, MetricSample sample) {
  if (label != nullptr) sample.label = Printable(*label);
  const std::size_t all = families_.size();
  std::size_t tried = 0;
  while (tried < all && families_[cursor_].info->name != name) {
    cursor_ = (cursor_ + 1) % all;
    ++tried;
  }
  MetricFamily& family = families_[cursor_];
  const bool is_known = tried < all;
  const bool fits = is_known && family.info->label.empty() == (label == nullptr) &&
                    (family.info->kind == MetricKind::kHistogram) == sample.times.has_value();
  const bool again = fits && std::any_of(family.samples.begin(), family.samples.end(),
                                         [&](const auto& s) { return s.label == sample.label; });
  if (!fits || again) {
    faults_.emplace_back(name);
  } else {
    family.samples.push_back(std::move(sample));
  }
}

}  // namespace headgate::guard
