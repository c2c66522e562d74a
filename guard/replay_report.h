// What a replay has to say, as one plain value that text, JSON and HTML are made of.
//
// Threads: a plain value; pure functions. Lifetime: owns what it holds.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "guard/replay_timeline.h"
#include "policies/outcome.h"
#include "policies/reason.h"
#include "policies/time.h"

namespace headgate::guard {

inline constexpr std::size_t kOutcomeKinds = static_cast<std::size_t>(Outcome::What::kNoted) + 1;

using OutcomeCounts = std::array<std::uint64_t, kOutcomeKinds>;  // by Outcome::What
[[nodiscard]] std::uint64_t Sum(const OutcomeCounts& counts);

// One limit: a reason, in a class or by a rule.
struct ReplayLimit {
  Reason reason = Reason::kNone;
  std::string rule;
  std::string title;  // "[source] connect_rate"
  std::string where;  // "candidate.toml:12"; "default"; empty for what no key decides
  OutcomeCounts acted{}, would_act{};
  std::uint64_t touched = 0;  // of those that are protected
  double sources = 0;         // an estimate
  Time first{}, last{};
  Duration longest{};  // wait or delay
};

struct ReplaySource {
  std::string source;            // "192.0.2.1", "2001:db8::/64"
  std::string user, class_name;  // the last that it claimed
  OutcomeCounts acted{};
  std::uint64_t would_act = 0, touched = 0;
  Reason reason = Reason::kNone;  // of the last
  bool is_protected = false;
  Time first{}, last{};
  std::vector<double> over_time;  // by the timeline's buckets
};

// Somebody protected that would have been touched.
struct ReplayTouch {
  Time at{};
  Outcome::What what = Outcome::What::kRefused;
  std::string source, user, class_name, title, where;
  Reason reason = Reason::kNone;
  std::uint64_t digest = 0;
  Duration how_long{};
  bool unfinished = false;  // still waiting when it left, or when there was no more to be seen
};

struct ReplayClass {
  std::string name;
  std::uint32_t reserve = 0, max = 0, most_leases = 0, most_waiting = 0;
  Time when{};  // it had the most
};

struct ReplayTraffic {
  std::uint64_t events = 0, connects = 0, logins_ok = 0, logins_failed = 0, commands = 0;
  double sources = 0;  // an estimate
};

struct ReplayReport {
  std::string config;
  std::vector<std::string> inputs;
  // What to add to a Time for nanoseconds since 1970.
  std::int64_t unix_offset_ns = 0;
  Time begin{}, end{};
  ReplayTraffic traffic;
  bool anybody_protected = false;   // somebody is said to be, or has become it
  bool protected_seen = false;      // and one of them was there
  std::uint64_t would_touch = 0;    // by dry runs
  std::uint64_t touched = 0;        // the protected that would have been turned away, or held long
  std::uint64_t held_shortly = 0;   // protected, and for less than what counts
  Duration shortly{};               // what that is
  std::vector<ReplayLimit> limits;  // those that touched the protected first, then by count
  std::vector<ReplaySource> sources;  // the most first
  double sources_refused = 0;         // how many there are of them all, an estimate
  std::vector<ReplayTouch> touches;   // the first kMostTouches
  std::vector<ReplayClass> classes;
  Duration bucket{};
  std::vector<ReplayBucket> timeline;
  std::string error;  // not empty: why the input ended early; all is about what was before
  // What has to be known to read the rest: what could not be seen or judged, and the like.
  std::vector<std::string> notes;
  // Of a trace that the very same limits and secrets made: whether each verdict is the same.
  struct Agreement {
    bool known = false;
    std::uint64_t same = 0, different = 0;
    std::vector<std::string> first;
  } agreement;

  [[nodiscard]] std::int64_t UnixMs(Time at) const {
    return (at.time_since_epoch().count() + unix_offset_ns) / 1'000'000;
  }
};

inline constexpr std::size_t kMostTouches = 50;

enum class ReplayAnswer : std::uint8_t {
  kTouched,
  kUntouched,
  kNobodySeen,   // of those who are protected
  kNobodyNamed,  // nobody is
};
[[nodiscard]] ReplayAnswer AnswerOf(const ReplayReport& report);
// One sentence: whether the protected would have noticed.
[[nodiscard]] std::string VerdictOf(const ReplayReport& report);
[[nodiscard]] std::string ReplayText(const ReplayReport& report);
[[nodiscard]] std::string ReplayJson(const ReplayReport& report);
[[nodiscard]] std::string ReplayHtml(const ReplayReport& report);

}  // namespace headgate::guard
