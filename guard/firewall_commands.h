// `headgate firewall print|apply|remove|open`: the kernel's table by hand, without a running gate.
//
// Threads: the main thread. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>

namespace headgate::guard {

enum class FirewallAct : std::uint8_t {
  kPrint,   // what would be loaded, for people and `nft -f`
  kApply,   // loads it; bans that are there stay
  kRemove,  // takes the table away, bans and all
};

// By the configuration at `path`. Returns an exit status.
[[nodiscard]] int RunFirewall(FirewallAct act, const std::string& path, bool as_json);

// Takes what leads clients to the gate out of `table`, or, where that is empty, out of each of
// headgate's on this host. No configuration is read: it may be what is wrong. Exit status: 0 also
// when there was nothing to open.
[[nodiscard]] int OpenFirewall(const std::string& table, bool as_json);
// `remove` of this table, without a configuration.
[[nodiscard]] int RemoveFirewall(const std::string& table, bool as_json);

}  // namespace headgate::guard
