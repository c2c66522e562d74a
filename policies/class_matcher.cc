#include "policies/class_matcher.h"

#include <algorithm>

#include "policies/glob.h"

namespace headgate {
bool AnyContains(const std::vector<Cidr>& networks, const Address& a) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& network) { return network.Contains(a); });
}

bool AnyOverlaps(const std::vector<Cidr>& networks, const Cidr& network) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Cidr& one) { return Overlap(one, network); });
}

bool AnyTouches(const std::vector<Cidr>& networks, const Address& source) {
  return AnyOverlaps(networks, SourceNetwork(source));
}

namespace {

// Up to the next comma.
std::string_view CutPart(std::string_view& text) {
  const std::size_t at = text.find(',');
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

// Part by part, so that no `*` takes a part for itself that only the whole was signed for. A comma
// within a value is one as well: such a name has more parts than it seems, and matches less.
bool SubjectMatches(std::string_view pattern, std::string_view subject) {
  while (!pattern.empty() && !subject.empty()) {
    if (!GlobMatches(CutPart(pattern), CutPart(subject))) return false;
  }
  return pattern.empty() && subject.empty();
}

bool AnySubjectMatches(const std::vector<std::string>& patterns, std::string_view subject) {
  return !subject.empty() &&
         std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return SubjectMatches(pattern, subject); });
}

}  // namespace

ClassMiss MissOf(const ClassLimits& c, const Address& peer, std::string_view user,
                 std::string_view database, std::string_view subject) {
  if (!c.sources.empty() && !AnyContains(c.sources, peer)) return ClassMiss::kSource;
  if (!c.users.empty() && !AnyGlobMatches(c.users, user)) return ClassMiss::kUser;
  if (!c.databases.empty() && !AnyGlobMatches(c.databases, database)) return ClassMiss::kDatabase;
  const bool named = c.subjects.empty() || AnySubjectMatches(c.subjects, subject);
  return named ? ClassMiss::kNothing : ClassMiss::kSubject;
}

std::size_t ClassMatcher::Match(const Address& peer, std::string_view user,
                                std::string_view database, std::string_view subject) const {
  const std::size_t last = classes_->size() - 1;
  for (std::size_t i = 0; i < last; ++i) {
    if (MissOf((*classes_)[i], peer, user, database, subject) == ClassMiss::kNothing) return i;
  }
  return last;
}

}  // namespace headgate
