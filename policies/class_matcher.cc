#include "policies/class_matcher.h"

#include <algorithm>

#include "policies/glob.h"

namespace headgate {
bool AnyContains(const std::vector<Cidr>& networks, const Address& a) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& network) { return network.Contains(a); });
}

bool AnyTouches(const std::vector<Cidr>& networks, const Address& source) {
  return std::any_of(networks.begin(), networks.end(), [&](const Cidr& network) {
    return network.Contains(source) || SourceOf(network.address) == source;
  });
}

std::size_t ClassMatcher::Match(const Address& peer, std::string_view user,
                                std::string_view database, std::string_view subject) const {
  const std::size_t last = classes_->size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    const ClassLimits& c = (*classes_)[i];
    if (!c.sources.empty() && !AnyContains(c.sources, peer)) continue;
    if (!c.users.empty() && !AnyGlobMatches(c.users, user)) continue;
    if (!c.databases.empty() && !AnyGlobMatches(c.databases, database)) continue;
    const bool shown = !subject.empty() && AnyGlobMatches(c.subjects, subject);
    if (!c.subjects.empty() && !shown) continue;
    return i;
  }
  return last;
}

}  // namespace headgate
