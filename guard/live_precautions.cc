#include <algorithm>
#include <cstddef>
#include <string_view>

#include "guard/live_findings.h"
#include "net/address_text.h"
#include "net/mysql/session.h"

namespace headgate::guard {
namespace {

// As LIKE does it: '%' any text, '_' one character.
bool IsLike(std::string_view text, std::string_view pattern) {
  if (pattern.empty()) return text.empty();
  if (pattern.front() == '%') {
    return IsLike(text, pattern.substr(1)) || (!text.empty() && IsLike(text.substr(1), pattern));
  }
  if (text.empty() || (pattern.front() != '_' && pattern.front() != text.front())) return false;
  return IsLike(text.substr(1), pattern.substr(1));
}

}  // namespace

bool CoversAddress(const std::string& account, const Address& client) {
  // No host of an account needs more, and each multiplies the steps; the text is the server's.
  constexpr std::ptrdiff_t kMostAny = 4;
  const std::size_t at = account.rfind('@');
  if (at == std::string::npos) return false;
  const std::string host = account.substr(at + 1);
  if (std::count(host.begin(), host.end(), '%') > kMostAny) return false;
  return IsLike(net::ToText(client), host);
}

std::string WhyNotTried(const LiveFacts& f) {
  if (!f.by_monitor) return "";
  if (f.config.tls.mode != net::TlsMode::kPassthrough &&
      f.door.connection_id < mysql::kFirstConnectionId) {
    return "the monitor's password is not for whoever answers instead of the gate";
  }
  if (f.config.proxy_to_backend == ProxyToBackend::kOff && !f.config.transparent) return "";
  for (const LiveMonitor& m : f.monitors) {
    if (!m.login.ok || CoversAddress(m.login.current_user, f.door.local)) continue;
    return "the monitor's account is " + m.login.current_user +
           ", and the server sees clients: " + net::ToText(f.door.local) +
           " would only add a failed login";
  }
  return "";
}

}  // namespace headgate::guard
