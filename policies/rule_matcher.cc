#include "policies/rule_matcher.h"

#include <algorithm>

#include "policies/class_matcher.h"
#include "policies/glob.h"

namespace headgate {
namespace {

bool NamesIt(const std::vector<std::string>& globs, std::string_view name) {
  return globs.empty() || AnyGlobMatches(globs, name);
}

bool NamesClass(const Rule& rule, std::string_view name) {
  return rule.classes.empty() ||
         std::find(rule.classes.begin(), rule.classes.end(), name) != rule.classes.end();
}

bool TextMatches(const Rule& rule, const RuleSubject& s) {
  if (rule.regex.empty()) return true;
  return ShowsText(s.command) && rule.pattern != nullptr && rule.pattern->Matches(s.sql);
}

// The cheap questions first.
bool Matches(const Rule& rule, const RuleSubject& s) {
  const bool cut = (s.mark.traits & BitOf(Trait::kUninspectedTail)) != 0;
  if (rule.action == RuleAction::kAllow && cut) return false;
  if (rule.digest != 0 && rule.digest != s.mark.digest) return false;
  if (rule.commands != 0 && (rule.commands & BitOf(s.command)) == 0) return false;
  if (rule.traits != 0 && (rule.traits & s.mark.traits) == 0) return false;
  return NamesSpeaker(rule, s) && TextMatches(rule, s);
}

}  // namespace

bool NamesSpeaker(const Rule& rule, const RuleSubject& s) {
  return NamesClass(rule, s.class_name) && NamesIt(rule.users, s.user) &&
         NamesIt(rule.databases, s.database) &&
         (rule.sources.empty() || AnyContains(rule.sources, s.peer));
}

std::size_t RuleMatcher::Search(const RuleSubject& s, std::size_t from) const {
  for (std::size_t i = from; i < rules_->size(); ++i) {
    if (Matches((*rules_)[i], s)) return i;
  }
  return kNone;
}

}  // namespace headgate
