// Whether [gate] transparent can do what it is for on this host: asked before the gate serves.
//
// The right to it is a must. Routing and the firewall's rule are said aloud where they are missing,
// with what mends them: that may be done while the gate runs.
//
// Threads: the main thread, before others are; what judges is pure. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include "guard/config.h"
#include "net/transparent.h"

namespace headgate::guard {

// The rule that marks the answers, in the kernel.
enum class MarkRule : std::uint8_t {
  kThere,
  kOther,  // but the table is not as this configuration has it
  kMissing,
  kUnknown,   // it cannot be seen
  kFirewall,  // [firewall] enforce puts it there, and keeps it
};

struct TransparentFacts {
  struct Server {
    Address address;
    net::PolicyRoute route = net::PolicyRoute::kUnknown;
  };
  // Of binding to an address that nobody has: 0 or an errno; nullopt where no server is of the
  // family.
  std::optional<int> bind4, bind6;
  std::vector<Server> servers;
  MarkRule mark_rule = MarkRule::kUnknown;
  std::string nft_error;  // of kUnknown
};

struct TransparentFinding {
  std::string refusal;                // not to be run like this; with the remedy
  std::vector<std::string> warnings;  // it runs, and may be mended while it does
};

// `servers`: what is connected to.
[[nodiscard]] TransparentFacts ReadTransparentFacts(const Config& config,
                                                    const std::vector<Address>& servers);
[[nodiscard]] TransparentFinding JudgeTransparent(const TransparentFacts& facts,
                                                  const Config& config);
// The two, while the process may still look at the firewall: warnings go to the log.
[[nodiscard]] absl::Status CheckTransparentStart(const Config& config,
                                                 const std::vector<Address>& servers);
// Once more as the user that serves: only whether the right is there.
[[nodiscard]] absl::Status ProveTransparent(const std::vector<Address>& servers);

}  // namespace headgate::guard
