// The part of the state file about what is usual on the wire.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <boost/json/fwd.hpp>
#include <optional>
#include <string>

#include "policies/anomaly.h"

namespace headgate::guard {

// {"syn":[[mean,variance,samples,peak],... of each hour and of lately],...}
[[nodiscard]] std::string BaselinesJson(const BaselineSet& baselines);
// Nothing where it is not that, as a whole: half of a baseline is none. A feature that is missing
// has learnt nothing yet.
[[nodiscard]] std::optional<BaselineSet> ParseBaselines(const boost::json::value& value);

}  // namespace headgate::guard
