// How the parts of the state file are read: field by field, each judged.
//
// Threads: plain values. Lifetime: what is read outlives the Fields.
#pragma once

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include "policies/time.h"

namespace headgate::guard {

inline constexpr double kLongestAge = 10.0 * 365 * 86400;  // seconds

[[nodiscard]] inline std::int64_t KeptSeconds(Duration d) {
  const auto s = std::chrono::floor<std::chrono::seconds>(d).count();
  return std::clamp<std::int64_t>(s, 0, static_cast<std::int64_t>(kLongestAge));
}

// Reads the fields of one object; the first that is wrong is kept.
class Fields {
 public:
  Fields(const boost::json::value& value, std::string where)
      : object_(value.if_object()), where_(std::move(where)) {
    if (object_ == nullptr) fault_ = where_ + " is no object";
  }

  [[nodiscard]] bool Has(const char* name) const {
    return object_ != nullptr && object_->contains(name);
  }
  // A whole number.
  template <class Number>
  void Take(const char* name, Number& out) {
    double value = 0;
    constexpr auto kMost = static_cast<double>(std::numeric_limits<Number>::max());
    if (!TakeNumber(name, kMost, value)) return;
    if (value != std::floor(value)) return Fault(name);
    out = static_cast<Number>(value);
  }
  bool TakeNumber(const char* name, double most, double& out) {
    const boost::json::value* value = Find(name);
    if (value == nullptr) return false;
    const double number = value->is_number() ? value->to_number<double>() : -1;
    const bool fits = number >= 0 && number <= most;
    if (fits) out = number;
    if (!fits) Fault(name);
    return fits;
  }
  void TakeAge(const char* name, Duration& out) {
    double seconds = 0;
    if (TakeNumber(name, kLongestAge, seconds)) {
      out = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
    }
  }
  void TakeText(const char* name, std::string& out) {
    const boost::json::value* value = Find(name);
    if (value == nullptr) return;
    const auto* text = value->if_string();
    if (text == nullptr) return Fault(name);
    out.assign(text->data(), text->size());
  }
  void TakeBool(const char* name, bool& out) {
    const boost::json::value* value = Find(name);
    if (value == nullptr) return;
    if (!value->is_bool()) return Fault(name);
    out = value->get_bool();
  }
  // An empty one where it is none; longer than `most` is a fault.
  const boost::json::array& List(const char* name, std::size_t most) {
    static const boost::json::array nothing;
    const boost::json::value* value = Find(name);
    if (value == nullptr) return nothing;
    const auto* list = value->if_array();
    if (list != nullptr && list->size() <= most) return *list;
    Fault(name);
    return nothing;
  }

  void Fault(const char* name) {
    if (fault_.empty())
      fault_ = absl::StrFormat("%s: \"%s\" is not what it should be", where_, name);
  }
  [[nodiscard]] absl::Status status() const {
    return fault_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(fault_);
  }

 private:
  const boost::json::value* Find(const char* name) {
    if (object_ == nullptr) return nullptr;
    const boost::json::value* value = object_->if_contains(name);
    if (value == nullptr) Fault(name);
    return value;
  }

  const boost::json::object* object_;
  std::string where_;
  std::string fault_;
};

}  // namespace headgate::guard
