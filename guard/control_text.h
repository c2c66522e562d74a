// What a question to the running gate carries, and the answer that says no.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include "net/admin.h"

namespace headgate::guard {

// {"error": message} with a status of HTTP.
[[nodiscard]] net::AdminReply Refuse(unsigned status, const std::string& message);

// Why a body is no JSON object of those fields ("address for", with a space between), each text
// that is not empty; empty where it is.
[[nodiscard]] std::string WhyNoBody(std::string_view body, std::string_view fields);

// A field of a JSON object that is text; empty where it is not there or anything else.
[[nodiscard]] std::string Field(std::string_view body, const char* name);

// The value of one setting of a query as it was sent; nothing where there is none.
[[nodiscard]] std::optional<std::string_view> RawParam(std::string_view query,
                                                       std::string_view name);
// The byte that "%41" stands for at the beginning of `text`; nothing where there is none.
[[nodiscard]] std::optional<char> PercentByte(std::string_view text);

// The value of one setting of a query, "b" of "a=1&x=b"; empty where there is none. Percent signs
// are decoded (RFC 3986, 2.1); one that is malformed stays as it is.
[[nodiscard]] std::string Param(std::string_view query, std::string_view name);

// Why the query is not one of those settings ("limit sort", with a space between), each at most
// once; empty where it is.
[[nodiscard]] std::string WhyNoQuery(std::string_view query, std::string_view settings);

// A setting that is a number: "limit=20".
struct NumberSetting {
  std::string_view name;
  std::size_t otherwise;  // where the question does not say
  std::size_t most;       // 1 is the least
};
[[nodiscard]] absl::StatusOr<std::size_t> TakeNumber(std::string_view query,
                                                     const NumberSetting& setting);

}  // namespace headgate::guard
