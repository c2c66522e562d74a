// What `headgate explain` answers: the engine's explanation with the configuration's words and
// lines, as JSON from the gate and as text for people from that JSON.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <functional>
#include <map>
#include <string>

#include "guard/config.h"
#include "guard/origins.h"
#include "net/options.h"
#include "policies/explain.h"

namespace headgate::guard {

// What a configuration says, for explanations while it runs.
struct ExplainWords {
  ExplainWords(const Config& running, const Origins& of_its_keys);

  Origins origins;
  std::map<std::string, std::string, std::less<>> written;  // every key's value
  net::TlsMode tls;
};

// A gate that ends turns everybody away, whatever the limits say.
void OverlayDraining(Explanation& e);
// What [gate] tls takes away: with "passthrough" users and statements are not seen, and a handshake
// is the gate's with "terminate" only.
void OverlayTls(net::TlsMode mode, Explanation& e);

// {"address","source","user","database","connection":{"verdict","reason","says","expected_s",
// "at_most_s"},"tls":{...},"query":{...,"rule"},"who":{...},"gate":{...},"rows":[{"part","key",
// "configured","limit","now","unit","state","acts","reason","left_s","network","why","where",
// "dry_run"}]}: docs/explain.md tells what each is.
[[nodiscard]] std::string ExplainJson(const Explanation& e, const ExplainWords& words);
// For a terminal; what is no such JSON comes back as it is.
[[nodiscard]] std::string ExplainText(const std::string& json);
// Whether the answer says that the next connection would be refused.
[[nodiscard]] bool IsRefused(const std::string& json);

}  // namespace headgate::guard
