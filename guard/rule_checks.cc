#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"
#include "guard/config_text.h"
#include "guard/statement_checks.h"
#include "guard/statement_values.h"

namespace headgate::guard {
namespace {

// Commands whose statement is known: as text, or from when it was prepared.
constexpr CommandSet kWithStatement = BitOf(CommandKind::kQuery) | BitOf(CommandKind::kPrepare) |
                                      BitOf(CommandKind::kExecute) |
                                      BitOf(CommandKind::kBulkExecute);
constexpr CommandSet kWithText = BitOf(CommandKind::kQuery) | BitOf(CommandKind::kPrepare);

bool NamesNothing(const Rule& r) {
  return r.digest == 0 && r.regex.empty() && r.commands == 0 && r.users.empty() &&
         r.databases.empty() && r.sources.empty() && r.classes.empty() && r.traits == 0;
}

class RuleChecker {
 public:
  RuleChecker(const Config& config, Findings& findings) : config_(config), findings_(findings) {
    for (const ClassLimits& c : config.limits.classes) classes_.push_back(c.name);
  }

  void Run() {
    const auto& rules = config_.limits.rules;
    for (std::size_t i = 0; i < rules.size(); ++i) {
      const std::string key = absl::StrFormat("rule.%d", i);
      CheckName(rules[i], key);
      // What does not parse matches nothing yet, and was told.
      if (AnyMatcherFaulty(key)) continue;
      CheckClasses(rules[i], key);
      CheckMatchers(rules[i], key, i + 1 == rules.size());
      CheckAction(rules[i], key);
    }
  }

 private:
  bool AnyMatcherFaulty(const std::string& key) const {
    const auto keys = RuleKeys();
    return std::any_of(keys.begin(), keys.end(), [&](const auto& k) {
      return k.name != "name" && k.name != "action" && k.name != "message" && k.name != "delay" &&
             findings_.Faulty(key + "." + std::string(k.name));
    });
  }

  void CheckName(const Rule& r, const std::string& key) {
    if (r.name.empty()) {
      findings_.Error(key + ".name", "needed: a rule has a name, for logs and counters");
    } else if (!names_.insert(r.name).second) {
      findings_.Error(key + ".name", absl::StrFormat("\"%s\" is the name of two rules", r.name));
    }
  }

  void CheckClasses(const Rule& r, const std::string& key) {
    for (const std::string& name : r.classes) {
      if (std::find(classes_.begin(), classes_.end(), name) != classes_.end()) continue;
      std::string message = absl::StrFormat("there is no class %s", Shown(name));
      if (const std::string near = Nearest(name, classes_); !near.empty()) {
        message += absl::StrFormat("; did you mean \"%s\"?", near);
      }
      findings_.Error(key + ".class", message);
    }
  }

  void CheckMatchers(const Rule& r, const std::string& key, bool last) {
    const bool about_text = !r.regex.empty();
    const bool about_statement = about_text || r.digest != 0 || r.traits != 0;
    const CommandSet fit = about_text ? kWithText : kWithStatement;
    if (r.commands != 0 && about_statement && (r.commands & fit) == 0) {
      findings_.Error(key + ".command",
                      absl::StrFormat("never matches: only %s have a statement to look at",
                                      ListedAs(NamesIn(fit, CommandNames()), std::identity())));
    }
    if (NamesNothing(r) && r.action != RuleAction::kLog && r.enforce) {
      findings_.Warn(key, "names nothing, so it matches every command");
    }
    if (NamesNothing(r) && r.enforce && !last) {
      findings_.Warn(key, "no rule below it is ever reached");
    }
    CheckDigestLength(r, key);
  }

  // A class that looks at less than the whole statement gives it another digest.
  void CheckDigestLength(const Rule& r, const std::string& key) {
    for (const ClassLimits& c : config_.limits.classes) {
      const bool meant = r.classes.empty() ||
                         std::find(r.classes.begin(), r.classes.end(), c.name) != r.classes.end();
      if (!meant || r.digest_text.size() <= c.query.inspect) continue;
      findings_.Warn(
          key + ".digest",
          absl::StrFormat("never matches in class %s: it is %d bytes long and only %s of a "
                          "statement are looked at there ([query] inspect)",
                          c.name, r.digest_text.size(), SizeText(c.query.inspect)));
    }
  }

  void CheckAction(const Rule& r, const std::string& key) {
    const bool answers = r.action == RuleAction::kRefuse || r.action == RuleAction::kClose ||
                         r.action == RuleAction::kBan;
    if (!r.message.empty() && !answers) {
      findings_.Warn(key + ".message", "nobody reads it: this action answers nothing");
    }
    if (r.delay != Rule().delay && r.action != RuleAction::kDelay) {
      findings_.Warn(key + ".delay", "has no effect: the action is not \"delay\"");
    }
    if (r.action == RuleAction::kAllow && (r.traits & BitOf(Trait::kUninspectedTail)) != 0) {
      findings_.Warn(key + ".trait",
                     "\"uninspected_tail\" is never allowed: nobody knows what it would allow");
    }
  }

  const Config& config_;
  Findings& findings_;
  std::vector<std::string> classes_;
  std::set<std::string> names_;
};

}  // namespace

void CheckRules(const Config& config, Findings& findings) { RuleChecker(config, findings).Run(); }

}  // namespace headgate::guard
