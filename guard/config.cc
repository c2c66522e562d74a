#include "guard/config.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_format.h>
#include "guard/config_checks.h"
#include "guard/config_keys.h"
#include "guard/config_text.h"

namespace headgate::guard {
namespace {

const NotBuilt* FindNotBuilt(std::string_view table, std::string_view name) {
  for (const NotBuilt& entry : NotBuiltKeys()) {
    if (entry.table == table && entry.name == name) return &entry;
  }
  return nullptr;
}

// Names of everything a suggestion may point at: what works, never what is refused anyway.
std::vector<std::string> TableNames() {
  std::set<std::string> names = {"class", "default_class"};
  for (const auto& key : ConfigKeys()) names.emplace(key.table);
  return {names.begin(), names.end()};
}

template <class Target>
std::vector<std::string> KeyNames(std::span<const Key<Target>> keys, std::string_view table) {
  std::vector<std::string> names;
  for (const auto& key : keys) {
    if (key.table == table) names.emplace_back(key.name);
  }
  return names;
}

// Names from the file may hold anything; they go to a terminal.
std::string Shown(const std::string& name) {
  const std::string quoted = Quoted(name.substr(0, 64));
  return quoted.substr(1, quoted.size() - 2);
}

class Reader {
 public:
  explicit Reader(std::string file) : file_(std::move(file)) {
    if (!config_.limits.classes.empty()) default_class_ = config_.limits.classes.back();
  }

  Loaded Read(std::string_view text, const HostFacts& host) {
    const auto parsed = ReadToml(text);
    if (const auto* error = std::get_if<SyntaxError>(&parsed)) {
      Add(error->at, "", "this is no TOML: " + error->message);
      return {std::nullopt, std::move(problems_)};
    }
    for (const Member& member : std::get<Node::Table>(std::get<Node>(parsed).value)) {
      ReadTop(member);
    }
    FinishClasses();
    for (Problem& problem : CheckWhole(config_, positions_, host)) {
      problem.file = file_;
      problem.key = WithoutIndex(problem.key);
      problems_.push_back(std::move(problem));
    }
    std::stable_sort(problems_.begin(), problems_.end(),
                     [](const Problem& a, const Problem& b) { return a.at < b.at; });
    if (AnyError(problems_)) return {std::nullopt, std::move(problems_)};
    return {std::move(config_), std::move(problems_)};
  }

 private:
  void Add(Position at, std::string key, std::string message) {
    problems_.push_back({Problem::Severity::kError, file_, at, std::move(key), std::move(message)});
  }

  // "class.0.max" is called "class.max" in messages: the line says which.
  static std::string WithoutIndex(const std::string& key) {
    if (key.rfind("class.", 0) != 0) return key;
    const std::size_t end = key.find('.', 6);
    return end == std::string::npos ? "class" : "class" + key.substr(end);
  }

  void ReadTop(const Member& member) {
    positions_[member.key] = member.at;
    if (const NotBuilt* entry = FindNotBuilt(member.key, "")) {
      return AddNotBuilt(member.at, member.key, *entry);
    }
    const auto tables = TableNames();
    if (std::find(tables.begin(), tables.end(), member.key) == tables.end()) {
      return AddUnknown(member, Shown(member.key), tables, "");
    }
    if (member.key == "class") return ReadClasses(member);
    if (!std::holds_alternative<Node::Table>(member.node.value)) {
      return Add(member.at, member.key,
                 absl::StrFormat("expected a table, got %s: write [%s] on a line of its own",
                                 member.node.TypeName(), member.key));
    }
    if (member.key == "default_class") {
      ReadTable("class", "default_class", "default_class", DefaultClassKeys(), member.node,
                default_class_);
    } else {
      ReadTable(member.key, member.key, member.key, ConfigKeys(), member.node, config_);
    }
  }

  void ReadClasses(const Member& member) {
    const auto* list = std::get_if<Node::List>(&member.node.value);
    if (list == nullptr) {
      return Add(member.at, "class", "expected [[class]], with two brackets, for each class");
    }
    for (const Node& node : *list) {
      if (!std::holds_alternative<Node::Table>(node.value)) {
        Add(node.at, "class", absl::StrFormat("expected a table, got %s", node.TypeName()));
        continue;
      }
      const std::string place = absl::StrFormat("class.%d", classes_.size());
      positions_[place] = node.at;
      ClassLimits& target = classes_.emplace_back();
      target.name.clear();
      ReadTable("class", "class", place, ClassKeys(), node, target);
    }
  }

  // `table` is the table's name in the key table, `shown` its name in messages, `place` its name
  // in positions_.
  template <class Target>
  void ReadTable(const std::string& table, const std::string& shown, const std::string& place,
                 std::span<const Key<Target>> keys, const Node& node, Target& target) {
    for (const Member& member : std::get<Node::Table>(node.value)) {
      const std::string full = shown + "." + Shown(member.key);
      positions_[place + "." + member.key] = member.at;
      const auto key = std::find_if(keys.begin(), keys.end(), [&](const auto& k) {
        return k.table == table && k.name == member.key;
      });
      if (key != keys.end()) {
        const Faults faults = key->set(member.node, target);
        for (const Fault& fault : faults) Add(fault.at, full, fault.message);
        if (!faults.empty()) positions_[place + "." + member.key + ".faulty"] = member.at;
      } else if (const NotBuilt* entry = FindNotBuilt(shown, member.key)) {
        AddNotBuilt(member.at, full, *entry);
      } else {
        AddUnknown(member, full, KeyNames(keys, table), shown + ".");
      }
    }
  }

  void AddNotBuilt(Position at, const std::string& key, const NotBuilt& entry) {
    Add(at, key, absl::StrFormat("not built yet: %s; remove it", entry.what));
  }

  void AddUnknown(const Member& member, const std::string& full,
                  const std::vector<std::string>& names, const std::string& prefix) {
    std::string message = prefix.empty() ? "there is no such table" : "there is no such key";
    if (const std::string near = Nearest(member.key, names); !near.empty()) {
      message += absl::StrFormat("; did you mean %s%s?", prefix, near);
    } else if (const std::string home = TableOf(member.key); !home.empty()) {
      message += absl::StrFormat("; it belongs into [%s]", home);
    }
    Add(member.at, full, message);
  }

  // The one table that has a key of this name, for keys that stand in the wrong one.
  static std::string TableOf(const std::string& name) {
    std::set<std::string> homes;
    for (const auto& key : ConfigKeys()) {
      if (key.name == name) homes.emplace(key.table);
    }
    return homes.size() == 1 ? *homes.begin() : "";
  }

  void FinishClasses() {
    default_class_.name = "default";
    config_.limits.classes = std::move(classes_);
    config_.limits.classes.push_back(default_class_);
  }

  std::string file_;
  Config config_;
  std::vector<ClassLimits> classes_;
  ClassLimits default_class_;
  KeyPositions positions_;
  std::vector<Problem> problems_;
};

}  // namespace

Config::Config() {
  Endpoint v4;
  v4.address = Address::V4(0);
  v4.port = 3306;
  Endpoint v6;
  v6.port = 3306;
  listen = {v4, v6};
}

std::string ToText(const Problem& problem) {
  std::string out = problem.file;
  if (problem.at.line > 0)
    absl::StrAppendFormat(&out, ":%d:%d", problem.at.line, problem.at.column);
  out += ": ";
  if (problem.severity == Problem::Severity::kWarning) out += "warning: ";
  if (!problem.key.empty()) out += problem.key + ": ";
  return out + problem.message;
}

bool AnyError(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Problem::Severity::kError; });
}

Loaded ParseConfig(std::string_view text, const std::string& file, const HostFacts& host) {
  return Reader(file).Read(text, host);
}

}  // namespace headgate::guard
