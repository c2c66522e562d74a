// What `headgate explain` answers: the engine's explanation with the configuration's words and
// lines, as JSON from the gate and as text for people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>

#include "guard/config.h"
#include "guard/origins.h"
#include "policies/explain.h"

namespace headgate::guard {

// {"address","source","user","database","connection":{"verdict","reason","says","expected_s",
// "at_most_s"},"tls":{...},"query":{...,"rule"},"who":{...},"gate":{...},"rows":[{"part","key",
// "configured","limit","now","unit","state","acts","reason","left_s","network","why","where",
// "dry_run"}]}: docs/explain.md tells what each is.
[[nodiscard]] std::string ExplainJson(const Explanation& e, const Config& running,
                                      const Origins& origins);
// For a terminal; what is no such JSON comes back as it is.
[[nodiscard]] std::string ExplainText(const std::string& json);
// Whether the answer says that the next connection would be refused.
[[nodiscard]] bool IsRefused(const std::string& json);

}  // namespace headgate::guard
