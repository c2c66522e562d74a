#include "policies/glance.h"

#include <algorithm>

#include "policies/sql_scanner.h"

namespace headgate {
namespace {

// What comments may add to the bytes that are looked at, as a multiple.
constexpr std::size_t kMostLooks = 4;

}  // namespace

Glance LookAt(const CommandFacts& facts, std::size_t inspect, std::span<char> text) {
  const Scan scan = ScanStatement(facts.sql, facts.complete, facts.mode, inspect, text);
  Glance glance{.mark = scan.mark};
  glance.text = std::string_view(text.data(), std::min(scan.text_size, text.size()));
  if (!scan.wants_more || facts.complete) return glance;
  const std::size_t most = std::min(kMostLooks * inspect, kMostText);
  if (!facts.sql.empty() && facts.sql.size() < most) {
    glance.look = std::min(most, 2 * facts.sql.size());
  } else {
    glance.mark.traits |= BitOf(Trait::kCommentPadding) | BitOf(Trait::kUninspectedTail);
  }
  return glance;
}

}  // namespace headgate
