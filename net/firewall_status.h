// What the firewall tells about itself: for `headgate firewall status` and the metrics.
//
// Threads: a plain value. Lifetime: none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policies/time.h"

namespace headgate::net {

// What others did to the table between two looks at it; never what we did, or a start.
struct FirewallDrift {
  std::uint64_t missing = 0;        // bans that were taken out
  std::uint64_t foreign = 0;        // elements that are not ours; removed
  std::uint64_t changed = 0;        // bans with another end or mark
  std::uint64_t table_lost = 0;     // the table was gone, its bans not counted above
  std::uint64_t rules_changed = 0;  // a set, chain or rule was gone, other or new
  std::uint64_t repairs = 0;        // looks that found any of these and put it right
};

struct FirewallRuleCount {
  std::string rule;  // its name in the printed text
  bool drops = false;
  std::uint64_t packets = 0;  // since this process began to look, table losses included
  std::uint64_t bytes = 0;
};

struct FirewallStatus {
  bool enforced = false;
  std::string table;
  bool redirects = false;         // the kernel leads clients of the server's port to the gate
  std::size_t wanted = 0;         // as the caller gave them
  std::size_t in_kernel = 0;      // as far as is known
  std::size_t would_push = 0;     // in dry-run: what would be there
  std::size_t unpushed = 0;       // for want of room in the sets
  std::size_t covered = 0;        // inside another banned network
  std::optional<Time> last_sync;  // when the kernel was last known to be in step
  Duration sync_took{};           // the last push or look that changed something
  Duration read_took{};           // the last reading back
  FirewallDrift drift;
  std::uint64_t failures = 0;
  bool failing = false;    // the last try failed
  std::string last_error;  // kept after it works again
  std::vector<FirewallRuleCount> rules;
  std::uint64_t dropped_packets = 0;  // of all rules that drop; as of the last reading back
  std::uint64_t dropped_bytes = 0;
};

}  // namespace headgate::net
