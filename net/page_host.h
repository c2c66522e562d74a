// Whom a request for the page was meant for. A browser on a host that may reach the page can be
// led there by any site whose name is made to resolve to its address (DNS rebinding); that site's
// scripts then read what comes back. Its requests name that site in Host, and so are told apart.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <string_view>

namespace headgate::net {

// "127.0.0.1" of "127.0.0.1:9933", "::1" of "[::1]:9933"; empty for what is no host and port.
[[nodiscard]] std::string_view HostOf(std::string_view host_and_port);

// True for an IP address and "localhost", in any case: no site can have one of them for its name.
[[nodiscard]] bool IsOurHost(std::string_view host_header);

// True where a browser says that another site's page asks, or one of another origin (the header
// Sec-Fetch-Site of the Fetch standard; empty: not a browser, or one that does not say).
[[nodiscard]] bool IsForeignFetch(std::string_view sec_fetch_site);

}  // namespace headgate::net
