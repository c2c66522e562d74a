// The part of the state file about bans: the running ones, and those that have ended but are still
// counted when the next one's length is settled.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <boost/json/fwd.hpp>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "policies/ban_list.h"

namespace headgate::guard {

// [{"network":"192.0.2.1","left_s":N,"forget_s":N,"times":N,"operator":false,"gate_only":false,
//   "reason":"..."},...]; times of less than a second are one.
[[nodiscard]] std::string BansStateJson(const std::vector<BanRecord>& bans);
// The error names the entry. The first BanList::kDefaultCapacity are taken; a reason that is no
// printable text is left out, and its ban is not.
[[nodiscard]] absl::StatusOr<std::vector<BanRecord>> ParseStateBans(
    const boost::json::value& value);

}  // namespace headgate::guard
