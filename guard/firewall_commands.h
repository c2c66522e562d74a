// `headgate firewall print|apply|remove`: the kernel's table by hand, without a running gate.
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

}  // namespace headgate::guard
