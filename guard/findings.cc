#include "guard/findings.h"

namespace headgate::guard {

void Findings::Add(Problem::Severity severity, const std::string& key, std::string message) {
  if (Faulty(key)) return;
  auto found = positions_.find(key);
  for (std::string outer = key; found == positions_.end() && !outer.empty();) {
    const std::size_t dot = outer.rfind('.');
    outer.resize(dot == std::string::npos ? 0 : dot);
    found = positions_.find(outer);
  }
  const Position at = found == positions_.end() ? Position{} : found->second;
  problems_.push_back({severity, "", at, key, std::move(message)});
}

}  // namespace headgate::guard
