#include "guard/shared_address.h"

#include <absl/strings/str_format.h>
#include "net/address_text.h"

namespace headgate::guard {
namespace {

std::string Seen(const SharedAddress& found) {
  const AddressLoad& load = found.load;
  if (found.sign == SharedAddress::Sign::kSessions) {
    return absl::StrFormat("has %d of %d sessions, of %s%d users", load.sessions, load.all_sessions,
                           load.users == kSeveralUsers ? "at least " : "", load.users);
  }
  return absl::StrFormat("made %d of the last %d connects, and limits by source met %d of them",
                         load.connects, load.all_connects, load.refused);
}

}  // namespace

std::string SharedAddressText(const SharedAddress& found) {
  if (found.of_proxy) {
    return absl::StrFormat(
        "%s %s: it is in [gate] proxy_from_clients, and so often its PROXY headers name itself, or "
        "nobody. If its clients come by a NAT that has the same address, or are never named, "
        "limits by source take them for one, and refuse all of them together: give the balancer "
        "an address of its own, or see docs/proxy.md",
        net::SourceText(found.load.source), Seen(found));
  }
  return absl::StrFormat(
      "%s %s: if many clients stand behind this one address, limits by source take them for one, "
      "and refuse or ban all of them together. A load balancer that can send PROXY headers belongs "
      "in [gate] proxy_from_clients (docs/proxy.md); another, or a NAT, in [source] exempt or "
      "the sources of a [[class]]",
      net::SourceText(found.load.source), Seen(found));
}

}  // namespace headgate::guard
