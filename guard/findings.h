// The problems that checks of a whole configuration find, each with its place in the file.
//
// Threads: one at a time. Lifetime: what it refers to outlives it.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "guard/config.h"

namespace headgate::guard {

// Where each key stands in the file ("gate.backend", "class.0.max"), for messages.
using KeyPositions = std::map<std::string, Position>;

class Findings {
 public:
  explicit Findings(const KeyPositions& positions) : positions_(positions) {}

  void Error(const std::string& key, std::string message) {
    Add(Problem::Severity::kError, key, std::move(message));
  }
  void Warn(const std::string& key, std::string message) {
    Add(Problem::Severity::kWarning, key, std::move(message));
  }
  void Note(const std::string& key, std::string message) {
    Add(Problem::Severity::kNote, key, std::move(message));
  }
  // Whether the file has this key.
  [[nodiscard]] bool Written(const std::string& key) const { return positions_.contains(key); }
  // Whether it has the key with a value that does not parse, which was told already.
  [[nodiscard]] bool Faulty(const std::string& key) const {
    return positions_.contains(key + ".faulty");
  }
  [[nodiscard]] std::vector<Problem> Take() { return std::move(problems_); }

 private:
  // At the key, or at the nearest table around it that the file has; not at all where its value
  // does not parse, and so is not what the file says.
  void Add(Problem::Severity severity, const std::string& key, std::string message);

  const KeyPositions& positions_;
  std::vector<Problem> problems_;
};

}  // namespace headgate::guard
