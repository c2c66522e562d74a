// The key table's part about [[rule]].
#include <algorithm>
#include <iterator>

#include <absl/strings/str_format.h>
#include "guard/config_keys.h"
#include "guard/rule_pattern.h"
#include "guard/statement_key_makers.h"

namespace headgate::guard {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr std::size_t kLongestRuleName = 64;
constexpr std::size_t kLongestMessage = 200;

// A key whose reader takes a list takes one text as well.
Key<Rule> OneOrMore(Key<Rule> key, std::string_view type) {
  key.type = type;
  key.set = [inner = key.set](const Node& n, Rule& r) { return inner(AsList(n), r); };
  return key;
}

Key<Rule> RuleText(std::string_view name, std::string_view type, std::string range,
                   Faults (*read)(const Node&, Rule&), std::string Rule::*field) {
  return {"rule",
          name,
          type,
          std::move(range),
          kReload,
          read,
          [field](const Rule& r) { return Quoted(r.*field); },
          [field](const Rule& from, Rule& to) { to.*field = from.*field; }};
}

std::vector<Key<Rule>> RuleMatchers() {
  using R = Rule;
  const char* t = "rule";
  const std::string_view names = "name or list of names";
  return {
      RuleText("digest", "statement or digest", "", ReadDigest, &Rule::digest_text),
      RuleText("regex", "regular expression",
               absl::StrFormat("RE2's syntax, up to %d bytes", kLongestPattern), ReadPattern,
               &Rule::regex),
      SetOf<R>(
          t, "command", "command or list of commands", "command", CommandNames(),
          [](auto& r) -> auto& { return r.commands; }),
      OneOrMore(Texts<R>(
                    t, "user", [](auto& r) -> auto& { return r.users; }),
                names),
      OneOrMore(Networks<R>(
                    t, "source", [](auto& r) -> auto& { return r.sources; }),
                "network or list of networks"),
      OneOrMore(Texts<R>(
                    t, "database", [](auto& r) -> auto& { return r.databases; }),
                names),
      OneOrMore(Texts<R>(
                    t, "class", [](auto& r) -> auto& { return r.classes; }),
                names),
      SetOf<R>(
          t, "trait", "trait or list of traits", "trait", TraitNames(),
          [](auto& r) -> auto& { return r.traits; }),
  };
}

std::vector<Key<Rule>> MakeRuleKeys() {
  using R = Rule;
  const char* t = "rule";
  std::vector<Key<R>> keys = {RuleText(
      "name", "text", absl::StrFormat("up to %d printable bytes", kLongestRuleName),
      [](const Node& n, Rule& r) { return ReadPrintable(n, kLongestRuleName, r.name); },
      &Rule::name)};
  std::ranges::move(RuleMatchers(), std::back_inserter(keys));
  keys.push_back(Choice<6, R>(
      t, "action", {"log", "delay", "refuse", "close", "ban", "allow"}, kReload,
      [](auto& r) -> auto& { return r.action; }));
  keys.push_back(RuleText(
      "message", "text", absl::StrFormat("up to %d printable bytes", kLongestMessage),
      [](const Node& n, Rule& r) { return ReadPrintable(n, kLongestMessage, r.message); },
      &Rule::message));
  keys.push_back(Span<R>(
      t, "delay", {milliseconds(1), minutes(1)}, [](auto& r) -> auto& { return r.delay; }));
  keys.push_back(Bool<R>(
      t, "enforce", kReload, [](auto& r) -> auto& { return r.enforce; }));
  return keys;
}

}  // namespace

std::span<const Key<Rule>> RuleKeys() {
  static const std::vector<Key<Rule>> keys = MakeRuleKeys();
  return keys;
}

}  // namespace headgate::guard
