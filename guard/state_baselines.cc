#include "guard/state_baselines.h"

#include <boost/json.hpp>
#include <cmath>

#include <absl/strings/str_format.h>

namespace headgate::guard {
namespace {

namespace json = boost::json;

constexpr double kMostRate = 1e12;  // a second: beyond any network
constexpr double kMostSamples = 86400.0 * 31;

std::string HoursJson(const Baseline::Hours& hours) {
  std::string out = "[";
  for (const BaselineHour& h : hours) {
    absl::StrAppendFormat(&out, "%s[%.6g,%.6g,%d,%.6g]", out.size() > 1 ? "," : "", h.mean,
                          h.variance, h.samples, h.peak);
  }
  return out + "]";
}

bool TakeNumber(const json::value& value, double most, double& out) {
  out = value.is_number() ? value.to_number<double>() : -1;
  return std::isfinite(out) && out >= 0 && out <= most;
}

bool TakeHour(const json::value& value, BaselineHour& hour) {
  const auto* four = value.if_array();
  double mean = 0, variance = 0, samples = 0, peak = 0;
  if (four == nullptr || four->size() != 4 || !TakeNumber((*four)[0], kMostRate, mean) ||
      !TakeNumber((*four)[1], kMostRate * kMostRate, variance) ||
      !TakeNumber((*four)[2], kMostSamples, samples) || !TakeNumber((*four)[3], kMostRate, peak)) {
    return false;
  }
  hour = {static_cast<float>(mean), static_cast<float>(variance),
          static_cast<std::uint32_t>(samples), static_cast<float>(peak)};
  return true;
}

bool TakeHours(const json::value& value, Baseline::Hours& hours) {
  const auto* list = value.if_array();
  if (list == nullptr || list->size() != hours.size()) return false;
  for (std::size_t i = 0; i < hours.size(); ++i) {
    if (!TakeHour((*list)[i], hours[i])) return false;
  }
  return true;
}

json::string_view NameOf(std::size_t feature) {
  const std::string_view name = Name(static_cast<WireFeature>(feature));
  return {name.data(), name.size()};
}

}  // namespace

std::string BaselinesJson(const BaselineSet& baselines) {
  std::string out = "{";
  for (std::size_t i = 0; i < baselines.size(); ++i) {
    absl::StrAppendFormat(&out, "%s\"%s\":%s", i > 0 ? "," : "",
                          std::string(Name(static_cast<WireFeature>(i))), HoursJson(baselines[i]));
  }
  return out + "}";
}

std::optional<BaselineSet> ParseBaselines(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  BaselineSet set{};
  for (std::size_t i = 0; i < set.size(); ++i) {
    const json::value* hours = object->if_contains(NameOf(i));
    if (hours != nullptr && !TakeHours(*hours, set[i])) return std::nullopt;
  }
  return set;
}

}  // namespace headgate::guard
