// How `status` shows a shadow policy: as JSON from the gate, and as rows for people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>

#include "guard/shadow.h"

namespace headgate::guard {

// Null where there is none; else {"config", "for_s", "found", "events", "left_out",
// "left_out_connections", "begun_anew", "queued", "lag_ms", "refused": {}, "delayed": {},
// "limits": []}. A row of "limits" is {"reason", "refused": {}, "delayed": {}}, each of these
// {"candidate_only", "live_only", "both", "protected_candidate_only", "protected_live_only",
// "protected_both"}; only limits that did something have one.
[[nodiscard]] boost::json::value ShadowJson(const std::optional<ShadowStatus>& shadow);

// From the answer of `status`; nothing where there is none.
void AddShadowRows(const boost::json::value& root, std::string& out);

}  // namespace headgate::guard
