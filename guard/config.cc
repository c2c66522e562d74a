#include "guard/config.h"

#include <algorithm>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_format.h>
#include "guard/config_checks.h"
#include "guard/config_keys.h"
#include "guard/config_names.h"
#include "guard/config_text.h"
#include "guard/config_values.h"
#include "guard/printable.h"
#include "policies/own_key.h"

namespace headgate::guard {
namespace {

// What an attack overrides unless the file says otherwise. A file that is stricter in calm stays
// so.
void PressDefaults(Limits& limits) {
  const std::size_t attack = static_cast<std::size_t>(Level::kAttack);
  const SourceLimits shipped = Limits::Defaults().at[attack].source;
  SourceLimits& source = limits.at[attack].source;
  const bool slower = !source.connect_rate.Off() &&
                      source.connect_rate.per_second < shipped.connect_rate.per_second;
  if (!slower) source.connect_rate = shipped.connect_rate;
  const bool fewer = source.connections.kind == Share::Kind::kNumber &&
                     source.connections.value < shipped.connections.value;
  if (!fewer) source.connections = shipped.connections;
}

template <class Target>
std::vector<std::string> KeyNames(std::span<const Key<Target>> keys, std::string_view table) {
  std::vector<std::string> names;
  for (const auto& key : keys) {
    if (key.table == table) names.emplace_back(key.name);
  }
  return names;
}

// A table by its three names.
struct Place {
  std::string table;  // in the key table: "class"
  std::string shown;  // in messages: "default_class"
  std::string at;     // among the positions: "class.0"

  [[nodiscard]] Place Inner(const std::string& table_of_keys, const std::string& name) const {
    return {table_of_keys, shown + "." + name, at + "." + name};
  }
};

class Reader {
 public:
  explicit Reader(const std::vector<ConfigFile>& files) : files_(files) {
    if (!config_.limits.classes.empty()) default_class_ = config_.limits.classes.back();
  }

  Loaded Read(const HostFacts& host) {
    const std::vector<Node> trees = ReadTrees();
    ReadAll(trees);
    FinishClasses();
    // What the whole lacks may stand in a file that is not there.
    if (trees.size() == files_.size()) CheckAll(host);
    const auto before = [](const Problem& a, const Problem& b) { return a.at < b.at; };
    std::stable_sort(problems_.begin(), problems_.end(), before);
    std::stable_sort(notes_.begin(), notes_.end(), before);
    // Values from the files are in them, and all of it goes to terminals and logs.
    for (Problem& problem : problems_) problem.message = Printable(problem.message);
    Loaded loaded;
    if (!AnyError(problems_)) {
      loaded.origins = FindOrigins();
      loaded.config = std::move(config_);
    }
    loaded.problems = std::move(problems_);
    loaded.notes = std::move(notes_);
    return loaded;
  }

 private:
  void Add(Position at, std::string key, std::string message) {
    problems_.push_back(
        {Problem::Severity::kError, files_[at.file].name, at, std::move(key), std::move(message)});
  }

  // Of those files that have one.
  std::vector<Node> ReadTrees() {
    std::vector<Node> trees;
    for (std::uint32_t i = 0; i < files_.size(); ++i) {
      if (!files_[i].error.empty()) {
        Add({0, 0, i}, "", files_[i].error);
        continue;
      }
      auto parsed = ReadToml(files_[i].text, i);
      if (auto* tree = std::get_if<Node>(&parsed)) {
        trees.push_back(std::move(*tree));
      } else {
        const auto& error = std::get<SyntaxError>(parsed);
        Add(error.at, "", "this is no TOML: " + error.message);
      }
    }
    return trees;
  }

  void CheckAll(const HostFacts& host) {
    for (Problem& problem : CheckWhole(config_, positions_, host)) {
      problem.file = files_[problem.at.file].name;
      problem.key = WithoutIndex(problem.key);
      problems_.push_back(std::move(problem));
    }
  }

  // An operator may want to know which file has the last word.
  void NoteReplaced(const std::string& key, Position was, Position is) {
    if (was.file == is.file) return;
    notes_.push_back({Problem::Severity::kNote, files_[is.file].name, is, key,
                      absl::StrFormat("replaces what stands in %s:%d:%d", files_[was.file].name,
                                      was.line, was.column)});
  }

  // "class.0.max" is called "class.max" in messages: the line says which.
  static std::string WithoutIndex(const std::string& key) {
    for (const std::string list : {"class", "rule"}) {
      if (key.rfind(list + ".", 0) != 0) continue;
      const std::size_t end = key.find('.', list.size() + 1);
      return end == std::string::npos ? list : list + key.substr(end);
    }
    return key;
  }

  // Under the names that classes and rules have, in place of their numbers.
  [[nodiscard]] Origins FindOrigins() const {
    Origins origins;
    for (const auto& [key, at] : positions_) {
      origins.Set(Named(key), absl::StrFormat("%s:%d", files_[at.file].name, at.line));
    }
    return origins;
  }

  [[nodiscard]] std::string Named(const std::string& key) const {
    const auto with = [&](const std::string& list, const auto& items) {
      std::size_t number = 0;
      const std::string rest = key.substr(list.size());
      const std::size_t end = rest.find('.');
      if (!absl::SimpleAtoi(rest.substr(0, end), &number) || number >= items.size()) return key;
      const std::string whole = list + items[number].name;
      return end == std::string::npos ? whole : whole + kOfClass + rest.substr(end + 1);
    };
    if (key.starts_with("class.")) return with("class.", config_.limits.classes);
    if (key.starts_with("rule.")) return with("rule.", config_.limits.rules);
    return key;
  }

  // Classes and levels of pressure are made of other tables: those come first, wherever in the
  // files they stand.
  void ReadAll(const std::vector<Node>& trees) {
    ReadThose(trees, false);
    Inherit(default_class_);
    config_.limits.CopyToLevels();
    PressDefaults(config_.limits);
    ReadThose(trees, true);
  }

  void ReadThose(const std::vector<Node>& trees, bool made_of_others) {
    for (const Node& tree : trees) {
      for (const Member& member : std::get<Node::Table>(tree.value)) {
        if (IsMadeOfOthers(member.key) == made_of_others) ReadTop(member);
      }
    }
  }

  static bool IsMadeOfOthers(const std::string& name) {
    return name == "class" || name == "default_class" || name == "pressure";
  }

  void Inherit(ClassLimits& target) const {
    target.query = config_.query;
    target.shape = config_.shape;
  }

  void ReadTop(const Member& member) {
    const std::string& name = member.key;
    positions_[name] = member.at;
    const auto tables = TableNames("");
    if (std::find(tables.begin(), tables.end(), name) == tables.end()) {
      return AddUnknown(member, ShownName(name), tables, "");
    }
    if (name == "class") {
      ReadList(member, ClassKeys(), classes_, [this](ClassLimits& target) {
        target.name.clear();
        Inherit(target);
      });
    } else if (name == "rule") {
      ReadList(member, RuleKeys(), config_.limits.rules, [](Rule&) {});
    } else if (!CheckTable(member, name, "write [" + name + "] on a line of its own")) {
      return;
    } else if (name == "default_class") {
      ReadTable({"class", name, name}, DefaultClassKeys(), member.node, default_class_);
    } else {
      ReadTable({name, name, name}, ConfigKeys(), member.node, config_);
    }
  }

  bool CheckTable(const Member& member, const std::string& shown, const std::string& how) {
    if (std::holds_alternative<Node::Table>(member.node.value)) return true;
    Add(member.at, shown,
        absl::StrFormat("expected a table, got %s: %s", member.node.TypeName(), how));
    return false;
  }

  // An array of tables, each begun as `begin` leaves it.
  template <class Target, class Begin>
  void ReadList(const Member& member, std::span<const Key<Target>> keys,
                std::vector<Target>& targets, Begin begin) {
    const std::string& name = member.key;
    const auto* list = std::get_if<Node::List>(&member.node.value);
    if (list == nullptr) {
      return Add(member.at, name,
                 absl::StrFormat("expected [[%s]], with two brackets, for each %s", name, name));
    }
    for (const Node& node : *list) {
      if (!std::holds_alternative<Node::Table>(node.value)) {
        Add(node.at, name,
            absl::StrFormat("expected a table, got %s: write [[%s]] on a line of its own",
                            node.TypeName(), name));
        continue;
      }
      const std::string place = absl::StrFormat("%s.%d", name, targets.size());
      positions_[place] = node.at;
      Target& target = targets.emplace_back();
      begin(target);
      ReadTable({name, name, place}, keys, node, target);
    }
  }

  template <class Target>
  void ReadTable(const Place& place, std::span<const Key<Target>> keys, const Node& node,
                 Target& target) {
    for (const Member& member : std::get<Node::Table>(node.value)) {
      const std::string full = place.shown + "." + ShownName(member.key);
      const std::string at = place.at + "." + member.key;
      const Position was =
          std::exchange(positions_.try_emplace(at, member.at).first->second, member.at);
      const auto key = std::find_if(keys.begin(), keys.end(), [&](const auto& k) {
        return k.table == place.table && k.name == member.key;
      });
      if (key != keys.end()) {
        const Faults faults = key->set(member.node, target);
        for (const Fault& fault : faults) Add(fault.at, full, fault.message);
        if (!faults.empty()) positions_[at + ".faulty"] = member.at;
        NoteReplaced(full, was, member.at);
      } else if (const auto why = WhyRefused(place.table, member.key); !why.empty()) {
        Add(member.at, full, std::string(why));
      } else if (!ReadInner(place, member, target)) {
        std::vector<std::string> names = KeyNames(keys, place.table);
        for (const std::string& inner : TableNames(place.shown)) names.push_back(inner);
        AddUnknown(member, full, names, place.shown + ".");
      }
    }
  }

  // A table inside a table, "[query.unknown]" or "query = { ... }"; false where there is none.
  bool ReadInner(const Place& outer, const Member& member, Config& target) {
    const auto names = TableNames(outer.shown);
    if (std::find(names.begin(), names.end(), member.key) == names.end()) return false;
    Place inner = outer.Inner(outer.table + "." + member.key, member.key);
    if (!CheckTable(member, inner.shown, "write [" + inner.shown + "] on a line of its own")) {
      return true;
    }
    const auto level = LevelOf(outer.table);
    if (!level || member.key == "when") {
      ReadTable(inner, ConfigKeys(), member.node, target);
    } else {
      inner.table = member.key;
      ReadTable(inner, LevelKeys(), member.node,
                target.limits.at[static_cast<std::size_t>(*level)]);
    }
    return true;
  }
  bool ReadInner(const Place& outer, const Member& member, ClassLimits& target) {
    const bool query = member.key == "query";
    if (!query && member.key != "shape") return false;
    const Place inner = outer.Inner(member.key, member.key);
    if (!CheckTable(member, inner.shown, "write " + member.key + " = { ... }")) return true;
    if (query) {
      ReadTable(inner, QueryKeys(), member.node, target.query);
    } else {
      ReadTable(inner, ShapeKeys(), member.node, target.shape);
    }
    return true;
  }
  template <class Target>
  static bool ReadInner(const Place&, const Member&, Target&) {
    return false;
  }

  void AddUnknown(const Member& member, const std::string& full,
                  const std::vector<std::string>& names, const std::string& prefix) {
    const bool table = std::holds_alternative<Node::Table>(member.node.value);
    Add(member.at, full, WhyUnknown({member.key, table, prefix}, names));
  }

  void FinishClasses() {
    default_class_.name = "default";
    config_.limits.classes = std::move(classes_);
    config_.limits.classes.push_back(default_class_);
  }

  const std::vector<ConfigFile>& files_;
  Config config_;
  std::vector<ClassLimits> classes_;
  ClassLimits default_class_;
  KeyPositions positions_;
  std::vector<Problem> problems_;
  std::vector<Problem> notes_;
};

}  // namespace

Config::Config() {
  Endpoint v4;
  v4.address = Address::V4(0);
  v4.port = 3306;
  Endpoint v6;
  v6.port = 3306;
  listen = {v4, v6};
  monitor.user = "headgate";
  monitor.password_file = "/etc/headgate/monitor.password";
}

std::string ToText(const Problem& problem) {
  std::string out = problem.file;
  if (problem.at.line > 0)
    absl::StrAppendFormat(&out, ":%d:%d", problem.at.line, problem.at.column);
  out += ": ";
  if (problem.severity == Problem::Severity::kWarning) out += "warning: ";
  if (problem.severity == Problem::Severity::kNote) out += "note: ";
  if (!problem.key.empty()) out += problem.key + ": ";
  return out + problem.message;
}

bool AnyError(const std::vector<Problem>& problems) {
  return std::any_of(problems.begin(), problems.end(),
                     [](const Problem& p) { return p.severity == Problem::Severity::kError; });
}

Loaded ParseConfig(const std::vector<ConfigFile>& files, const HostFacts& host) {
  return Reader(files).Read(host);
}

}  // namespace headgate::guard
