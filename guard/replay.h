// `headgate replay`: what a candidate configuration would have done to what was seen.
//
// Threads: the main thread. Lifetime: none.
#pragma once

#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/config.h"
#include "guard/event_feed.h"
#include "guard/progress.h"
#include "guard/protects.h"
#include "guard/replay_report.h"
#include "policies/time.h"

namespace headgate::guard {

struct ReplayOptions {
  std::string config;
  std::vector<std::string> files;
  std::vector<std::string> protect;  // as Protects::Parse() has them
  std::string shortly = "1s";        // who is protected and waits for less is not touched
  // Of captures: the servers'; empty = as the configuration has it.
  std::vector<std::uint16_t> ports;
  std::vector<std::string> servers;  // of captures: their addresses; empty = anybody's
  std::string html;                  // a file; empty = none
  bool verbatim = false;             // of traces: compare with what the gate said
  bool as_json = false;
};

struct ReplayPlan {
  const Config& config;
  const Origins& origins;
  Protects protects;
  Duration shortly = std::chrono::seconds(1);
  bool verbatim = false;
};
// All of a feed. Where it ends with an error, what was seen before is reported, with the error as
// its last note.
[[nodiscard]] ReplayReport Replay(EventFeed& feed, const ReplayPlan& plan, ProgressBar& progress);

// Exit status: 0 nobody protected would have been touched, 1 somebody would, 2 wrong usage,
// configuration or input, or nobody was seen of those who are protected.
[[nodiscard]] int RunReplay(const ReplayOptions& options);

}  // namespace headgate::guard
