// Files as one feed: captures, told apart from traces of a gate by their first bytes.
//
// Threads: one. Lifetime: as of EventFeed.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/event_feed.h"
#include "policies/address.h"

namespace headgate::guard {

struct FeedOptions {
  std::vector<std::string> files;    // at least one; "-" is a capture on standard input
  std::vector<std::uint16_t> ports;  // of captures: the servers'
  std::vector<Address> servers;      // of captures: whose ports they are; empty: anybody's
  std::vector<Cidr> proxies;         // of captures: whose connections begin with a PROXY header
  std::size_t inspect = 0;           // of captures: bytes of a statement that are looked at
  bool twice = false;                // they will be opened again: no pipe
};

// All of one kind. Each file has to be there. Captures are read as one, by time; traces one after
// the other.
[[nodiscard]] absl::StatusOr<std::unique_ptr<EventFeed>> OpenFiles(const FeedOptions& options);

}  // namespace headgate::guard
