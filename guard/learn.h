// `headgate learn`: limits proposed from what was seen, as a configuration that `headgate check`
// accepts, and how often each of them would have bound.
//
// Threads: the main thread. Lifetime: none.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "guard/config.h"
#include "guard/event_feed.h"
#include "guard/progress.h"
#include "policies/proposal.h"
#include "policies/statement.h"

namespace headgate::guard {

struct LearnOptions {
  std::string config;
  std::vector<std::string> files;
  std::vector<std::uint16_t> ports;  // as of ReplayOptions
  std::vector<std::string> servers;  // likewise
  double headroom = 2;
  std::string out;  // a file for the configuration; empty = standard output
  bool as_json = false;
};

// A limit of the proposal put to the same traffic.
struct BoundRow {
  std::string limit;
  std::string reason;
  std::uint64_t usual = 0;  // times, in hours like others
  std::uint64_t aside = 0;  // in the hours that were set aside
  std::uint64_t own = 0;    // of `usual`: of a class that is proposed
};

struct Lesson {
  Proposal proposal;
  std::string toml;
  std::vector<BoundRow> bound;  // every limit that bound at least once, and those proposed
  std::vector<DigestRow> digests;
  std::vector<std::string> notes;  // of the feed
  bool proposes = false;           // something
};

struct LearnPlan {
  const Config& config;
  double headroom = 2;
};
// Reads the feed twice: for the numbers, and for what they would have done.
[[nodiscard]] absl::StatusOr<Lesson> Learn(const OpenFeed& open, const LearnPlan& plan,
                                           ProgressBar& progress);

// The table of what would have bound, and what was too little or unusual, for people.
[[nodiscard]] std::string LessonText(const Lesson& lesson);
[[nodiscard]] std::string LessonJson(const Lesson& lesson);

// Exit status: 0 there is a proposal, 1 too little was seen for any, 2 wrong usage, configuration
// or input.
[[nodiscard]] int RunLearn(const LearnOptions& options);

}  // namespace headgate::guard
