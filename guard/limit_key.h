// Which key of a configuration a reason speaks for: what a report names beside each limit that
// acted.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string>
#include <string_view>

#include "policies/reason.h"

namespace headgate::guard {

// As Origins knows it: "source.connect_rate", "class.shop" kOfClass "max",
// "default_class.query.rate", "rule.NAME". Empty for what no key decides.
[[nodiscard]] std::string LimitKey(Reason reason, std::string_view class_name,
                                   std::string_view rule);
// The same for people: "[source] connect_rate", "[[class]] shop: query.rate", "[[rule]] NAME".
[[nodiscard]] std::string LimitTitle(Reason reason, std::string_view class_name,
                                     std::string_view rule);

}  // namespace headgate::guard
