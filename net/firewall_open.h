// Leads nobody to the gate any more, by hand: for `headgate firewall open`, when the gate is gone,
// or when it is the trouble.
//
// It needs no configuration and asks the kernel for rules only, never for the bans, so that it is
// quick however many there are. Only rules that bear headgate's marks are taken out, in one
// transaction for each table; bans and whatever else is in the table stay.
//
// Threads: pure functions but for the runner. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "net/nft_program.h"

namespace headgate::net {

// The tables of the family inet that are called as headgate's are, in the kernel's order.
[[nodiscard]] absl::StatusOr<std::vector<std::string>> HeadgateTables(const NftRunner& run);

// Whether there was anything to open: no such table, or none that leads to a gate, is fine.
// Connections that were led before stay with the gate for as long as it serves them. REQUIRES:
// IsTableName(table). Errors: the runner's.
[[nodiscard]] absl::StatusOr<bool> OpenTable(const std::string& table, const NftRunner& run);

}  // namespace headgate::net
