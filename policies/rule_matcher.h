// Which [[rule]] a command meets: the first that matches in everything it names.
//
// Threads: immutable after construction. Lifetime: the rules outlive it.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "policies/address.h"
#include "policies/limits.h"
#include "policies/statement.h"

namespace headgate {

// What rules look at in a command.
struct RuleSubject {
  CommandKind command = CommandKind::kOther;
  // Of the text, or of the statement prepared earlier; all zero for commands without one.
  StatementMark mark;
  std::string_view sql;  // as much as was shown, as sent
  std::string_view user, database, class_name;
  Address peer;
};

// Whether the rule could be about this one's commands: by users, databases, sources and classes.
[[nodiscard]] bool NamesSpeaker(const Rule& rule, const RuleSubject& s);

class RuleMatcher {
 public:
  static constexpr std::size_t kNone = ~std::size_t{0};

  explicit RuleMatcher(const std::vector<Rule>& rules) : rules_(&rules) {}

  // The index of the first rule at or after `from` that matches, or kNone. One that does not act
  // (enforce = false) stands in nobody's way: ask again from behind it.
  //  * An `allow` rule never matches a statement with the trait uninspected_tail: nobody knows what
  //    it would allow.
  //  * A rule with a regex only matches commands that show text (query, prepare): a prepared
  //    statement met it when it was prepared. It sees the shown text only, comments included.
  // Time: linear in the rules, and in the text for those with a regex, which is asked last.
  [[nodiscard]] std::size_t Match(const RuleSubject& s, std::size_t from = 0) const {
    return from >= rules_->size() ? kNone : Search(s, from);
  }
  [[nodiscard]] bool empty() const { return rules_->empty(); }

 private:
  [[nodiscard]] std::size_t Search(const RuleSubject& s, std::size_t from) const;

  const std::vector<Rule>* rules_;
};

}  // namespace headgate
