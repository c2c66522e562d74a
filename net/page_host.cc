#include "net/page_host.h"

#include <algorithm>

#include <absl/strings/ascii.h>
#include "net/address_text.h"

namespace headgate::net {
namespace {

bool IsPort(std::string_view text) {
  return text.size() <= 5 && std::all_of(text.begin(), text.end(), absl::ascii_isdigit);
}

bool SameName(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return absl::ascii_tolower(static_cast<unsigned char>(x)) ==
           absl::ascii_tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

std::string_view HostOf(std::string_view text) {
  const bool bracketed = text.starts_with('[');
  const std::size_t end = bracketed ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return {};
  const std::string_view host = text.substr(bracketed ? 1 : 0, bracketed ? end - 1 : end);
  const std::string_view rest = text.substr(end + (bracketed ? 1 : 0));
  if (!rest.empty() && (rest[0] != ':' || !IsPort(rest.substr(1)))) return {};
  if (bracketed && host.find(':') == std::string_view::npos) return {};
  return host;
}

bool IsOurHost(std::string_view header) {
  const std::string_view host = HostOf(header);
  return !host.empty() && (ParseAddress(host).has_value() || SameName(host, "localhost"));
}

bool IsForeignFetch(std::string_view site) {
  return !site.empty() && site != "same-origin" && site != "none";
}

}  // namespace headgate::net
