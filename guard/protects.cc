#include "guard/protects.h"

#include <absl/status/status.h>
#include <absl/strings/str_format.h>
#include "guard/printable.h"
#include "net/address_text.h"
#include "policies/glob.h"

namespace headgate::guard {

absl::StatusOr<Protects> Protects::Parse(const std::vector<std::string>& texts) {
  constexpr std::string_view kUser = "user:", kClass = "class:";
  Protects out;
  for (const std::string& text : texts) {
    const std::string_view view(text);
    if (view.starts_with(kUser) && view.size() > kUser.size()) {
      out.users_.emplace_back(view.substr(kUser.size()));
    } else if (view.starts_with(kClass) && view.size() > kClass.size()) {
      out.classes_.emplace_back(view.substr(kClass.size()));
    } else if (const auto network = net::ParseCidr(text)) {
      out.networks_.push_back(*network);
    } else {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--protect takes \"10.1.0.0/16\", \"192.0.2.7\", \"user:shop\" or \"class:shop\", not "
          "\"%s\"",
          Printable(text)));
    }
  }
  return out;
}

bool Protects::Has(const Address& peer, std::string_view user, std::string_view class_name) const {
  for (const Cidr& network : networks_) {
    if (network.Contains(peer)) return true;
  }
  return (!user.empty() && AnyGlobMatches(users_, user)) ||
         (!class_name.empty() && AnyGlobMatches(classes_, class_name));
}

}  // namespace headgate::guard
