#include <algorithm>
#include <charconv>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/config.h"
#include "net/address_text.h"
#include "net/options.h"

namespace headgate::guard {
namespace {

constexpr std::string_view kUnix = "unix:";
constexpr std::size_t kLongestPath = 107;
constexpr std::size_t kLongestName = 253;

std::optional<std::uint16_t> ParsePort(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// RFC 1123, 2.1: letters, digits and hyphens. Underscores are common in practice. A name of digits
// and dots alone is a mistyped address.
bool IsName(std::string_view text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
  };
  return !text.empty() && text.size() <= kLongestName && text.front() != '.' &&
         std::any_of(text.begin(), text.end(), letter) &&
         std::all_of(text.begin(), text.end(),
                     [&](char c) { return letter(c) || (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

bool Endpoint::IsWildcard() const {
  return !IsUnix() && host.empty() && (address == Address{} || address == Address::V4(0));
}

std::optional<Endpoint> ParseEndpoint(std::string_view text) {
  Endpoint endpoint;
  if (text.substr(0, kUnix.size()) == kUnix) {
    endpoint.unix_path = std::string(text.substr(kUnix.size()));
    if (endpoint.unix_path.empty() || endpoint.unix_path.size() > kLongestPath ||
        endpoint.unix_path.front() != '/' || endpoint.unix_path.find('\0') != std::string::npos) {
      return std::nullopt;
    }
    return endpoint;
  }
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto port = ParsePort(text.substr(colon + 1));
  std::string_view host = text.substr(0, colon);
  if (!port || host.empty()) return std::nullopt;
  endpoint.port = *port;
  const bool bracketed = host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const bool has_colon = host.find(':') != std::string_view::npos;
  if (bracketed != has_colon) return std::nullopt;
  if (const auto address = net::ParseAddress(host)) {
    endpoint.address = *address;
  } else if (!bracketed && IsName(host)) {
    endpoint.host = std::string(host);
  } else {
    return std::nullopt;
  }
  return endpoint;
}

std::string ToText(const Endpoint& endpoint) {
  if (endpoint.IsUnix()) return std::string(kUnix) + endpoint.unix_path;
  if (endpoint.IsPassed()) return endpoint.host;
  if (!endpoint.host.empty()) return absl::StrFormat("%s:%d", endpoint.host, endpoint.port);
  const std::string address = net::ToText(endpoint.address);
  return endpoint.address.IsV4() ? absl::StrFormat("%s:%d", address, endpoint.port)
                                 : absl::StrFormat("[%s]:%d", address, endpoint.port);
}

Endpoint PassedEndpoint() {
  Endpoint passed;
  passed.host = net::kListenPassed;
  return passed;
}

std::vector<std::uint16_t> TcpPorts(const std::vector<Endpoint>& endpoints) {
  std::set<std::uint16_t> ports;
  for (const Endpoint& endpoint : endpoints) {
    if (!endpoint.IsUnix() && !endpoint.IsPassed()) ports.insert(endpoint.port);
  }
  return {ports.begin(), ports.end()};
}

}  // namespace headgate::guard
