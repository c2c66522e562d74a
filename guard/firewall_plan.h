// What of the configuration and of the bans goes into the kernel.
//
// Threads: pure functions. Lifetime: none.
#pragma once

#include <vector>

#include "guard/config.h"
#include "net/firewall_plan.h"
#include "net/nft_ruleset.h"
#include "policies/ban_list.h"
#include "policies/limits.h"

namespace headgate::guard {

[[nodiscard]] net::FirewallOptions FirewallOptionsOf(const Config& config);

// The bans that the gate itself acts on: none in mode observe; without [source] enforce the
// operator's only.
[[nodiscard]] std::vector<net::WantedBan> WantedBans(const std::vector<BanInfo>& bans,
                                                     const Limits& limits);
// And back, for what an earlier run left.
[[nodiscard]] std::vector<BanRecord> KeptBans(const std::vector<net::WantedBan>& bans, Time now);

}  // namespace headgate::guard
