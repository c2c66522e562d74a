// A configuration written as TOML: what differs from the defaults, and lines of one's own with
// comments above them.
//
// Threads: none of its own. Lifetime: a plain value.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "guard/config.h"
#include "guard/settings.h"

namespace headgate::guard {

struct DraftLine {
  std::string key;                   // "query.rate", inside its table
  std::string value;                 // as TOML writes it
  std::vector<std::string> remarks;  // above it
};

class TomlDraft {
 public:
  explicit TomlDraft(const Config& base);

  // In a plain table, in place of what the base has.
  void Set(const std::string& table, DraftLine line);
  // Behind the base's classes, which go first.
  void AddClass(std::vector<std::string> remarks, std::vector<DraftLine> lines);
  // Comments at the very end.
  void AddRemarks(const std::vector<std::string>& remarks);

  [[nodiscard]] const std::vector<std::string>& class_names() const { return class_names_; }
  // `remarks`: the first lines.
  [[nodiscard]] std::string Text(const std::vector<std::string>& remarks) const;

 private:
  struct Table {
    std::string head;  // "[source]", "[[class]]"
    std::vector<std::string> remarks;
    std::vector<DraftLine> lines;
  };
  Table& PlainTable(const std::string& name);
  void TakePlain(const Settings& base, const Settings& defaults);

  std::vector<Table> plain_;  // in the order of their first keys
  std::vector<Table> classes_, rules_;
  std::vector<Table> default_class_;  // one, or none
  std::vector<std::string> class_names_;
  std::vector<std::string> end_;
};

}  // namespace headgate::guard
