// `headgate observe`: the observer alone, without a gate. On the database host, on a mirror port,
// or over captures that were saved.
//
// Threads: RunObserve() on the main thread, before any other was started. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "guard/config.h"

namespace headgate::guard {

struct ObserveOptions {
  std::string config;                       // empty = none is read, and the options below say all
  std::string interface;                    // empty = as the config has it, or "any"
  std::vector<std::uint16_t> ports;         // empty = those the config listens on, or 3306
  std::vector<std::uint16_t> server_ports;  // behind a gate; empty = the config's backends'
  std::string filter;
  std::vector<std::string> files;  // not empty: these are read, one after the other, and no wire
  std::string state;               // a file that keeps what is usual; empty = nothing is kept
  std::string socket;              // where `headgate status --wire` finds it; empty = nowhere
  bool as_json = false;
};

// Until SIGTERM or SIGINT, or the end of the files. Prints an interval a line; alarms go between
// them, and to the log where it is live. Returns an exit status.
[[nodiscard]] int RunObserve(const ObserveOptions& options);

}  // namespace headgate::guard
