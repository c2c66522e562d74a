// Whom `headgate explain` asks about, as it is written into the request and read from it.
//
// Threads: pure functions. Lifetime: a question refers to its request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <absl/status/statusor.h>
#include "policies/explain.h"

namespace headgate::guard {

// Whom a request asks about.
struct ExplainRequest {
  Address address;
  std::optional<std::string> user;
  std::string database;

  [[nodiscard]] ExplainQuestion question() const;
};
// "address=192.0.2.7&user=shop&database=sales", each percent-encoded (RFC 3986, 2.1); `user` may be
// left out or empty, which is a user as well. The error says what was expected.
[[nodiscard]] absl::StatusOr<ExplainRequest> ParseExplainRequest(std::string_view query);
// The same the other way.
[[nodiscard]] std::string ExplainTarget(const std::string& address,
                                        const std::optional<std::string>& user,
                                        const std::string& database);

}  // namespace headgate::guard
