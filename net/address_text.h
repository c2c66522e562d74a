// Addresses and networks as text: the only place that turns "10.0.0.1" or "2001:db8::/32" into
// policy values and back.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policies/address.h"

namespace headgate::net {

// "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1" (the same as the IPv4 address).
[[nodiscard]] std::optional<Address> ParseAddress(std::string_view text);
// "10.0.0.0/8", "2001:db8::/32", or an address alone. Host bits must be zero.
[[nodiscard]] std::optional<Cidr> ParseCidr(std::string_view text);

[[nodiscard]] std::string ToText(const Address& a);
// An address of full width without its "/32" or "/128".
[[nodiscard]] std::string ToText(const Cidr& c);
// What a source is called in logs and on the command line: "192.0.2.1" or "2001:db8::/64".
[[nodiscard]] std::string SourceText(const Address& a);

}  // namespace headgate::net
