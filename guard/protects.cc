#include "guard/protects.h"

#include <algorithm>

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
      out.logins_.push_back({text, false, std::string(view.substr(kUser.size()))});
    } else if (view.starts_with(kClass) && view.size() > kClass.size()) {
      out.logins_.push_back({text, true, std::string(view.substr(kClass.size()))});
    } else if (const auto network = net::ParseCidr(text)) {
      out.networks_.push_back({text, *network});
    } else {
      return absl::InvalidArgumentError(absl::StrFormat(
          "--protect takes \"10.1.0.0/16\", \"192.0.2.7\", \"user:shop\" or \"class:shop\", not "
          "\"%s\"",
          Printable(text)));
    }
  }
  return out;
}

bool Protects::Login::Has(std::string_view user, std::string_view class_name) const {
  const std::string_view name = of_class ? class_name : user;
  return !name.empty() && GlobMatches(glob, name);
}

bool Protects::HasPeer(const Address& peer) const {
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& n) { return n.network.Contains(peer); });
}

bool Protects::MeetsSource(const Address& source) const {
  const Cidr all = SourceNetwork(source);
  return std::any_of(networks_.begin(), networks_.end(),
                     [&](const Network& n) { return Overlap(n.network, all); });
}

bool Protects::HasLogin(std::string_view user, std::string_view class_name) const {
  return std::any_of(logins_.begin(), logins_.end(),
                     [&](const Login& l) { return l.Has(user, class_name); });
}

bool Protects::MeetPeer(const Address& peer) {
  bool any = false;
  for (Network& n : networks_) {
    const bool has = n.network.Contains(peer);
    n.met = n.met || has;
    any = any || has;
  }
  return any;
}

bool Protects::MeetLogin(std::string_view user, std::string_view class_name) {
  bool any = false;
  for (Login& l : logins_) {
    const bool has = l.Has(user, class_name);
    l.met = l.met || has;
    any = any || has;
  }
  return any;
}

std::vector<std::string> Protects::Unmet() const {
  std::vector<std::string> out;
  for (const Network& n : networks_) {
    if (!n.met) out.push_back(n.text);
  }
  for (const Login& l : logins_) {
    if (!l.met) out.push_back(l.text);
  }
  return out;
}

}  // namespace headgate::guard
