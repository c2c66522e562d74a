// Limits that would have let pass what a usage book has seen, with headroom, and why there is none
// where too little was seen.
//
// Threads: a plain value, a pure function. Lifetime: owns what it holds.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "policies/address.h"
#include "policies/hour_counts.h"
#include "policies/limits.h"
#include "policies/minute_series.h"
#include "policies/usage_book.h"

namespace headgate {

struct ProposalOptions {
  double headroom = 2;        // times what was seen, at least 1
  std::uint32_t slots = 146;  // that the server has for clients
  // Of the configuration that it is laid over: they go first, and their reserves are kept. The last
  // is the default class, which is nobody's own. Outlives the call.
  std::span<const ClassLimits> classes{};
};

// Below that a thing was seen too little to be limited.
inline constexpr Minute kEnoughMinutes = 60;
inline constexpr std::size_t kEnoughDays = 2;
// All reserves together, with those that are there: at most this part of the slots.
inline constexpr double kReservedShare = 0.75;
inline constexpr std::size_t kMostProposedClasses = 32, kMostNetworks = 16;

// What the keys of a configuration take at the most. Where it would be more, nothing is proposed.
inline constexpr double kFastestRate = 1e6, kLargestBurst = 1e9, kMostAtOnce = 1e6, kMostBusy = 1e4;
inline constexpr Duration kLongestDeadline = std::chrono::hours(7 * 24);

// A number that was seen, and what is made of it.
template <class Value>
struct Proposed {
  MinuteSeries::Summary seen{};
  std::optional<Value> value{};  // none: too little was seen, or no limit is needed
  bool beyond = false;           // none: it would be more than its key takes
};

// When it is most and least of it.
struct UsagePattern {
  std::size_t busiest = 0, quietest = 0;  // hours of the week, or of the day where !weekly
  double most = 0, least = 0;
  bool weekly = false;  // a whole week was seen
};

struct ProposedClass {
  std::string name, user;
  Address network;            // the wide prefix of its group
  std::vector<Cidr> sources;  // where it comes from
  std::uint64_t logins = 0, statements = 0;
  Minute minutes = 0;  // in which it worked
  std::size_t days = 0;
  std::string why_not;  // not empty: no class is proposed
  // The class of the configuration that takes so many of its sources: they would never come to a
  // second one, whose reserve would be kept for nobody. The numbers are what they would be.
  std::string of_base;
  std::size_t sources_of_base = 0, sources_seen = 0;
  UsagePattern pattern;

  Proposed<std::uint32_t> reserve, max;
  bool reserve_cut = false;  // there are not slots enough for all; perhaps for none
  Proposed<Rate> rate, class_rate;
  Proposed<std::uint32_t> running, class_running;
  Proposed<double> busy, class_busy;
  Proposed<Duration> deadline;
};

struct Proposal {
  Minute first = 0, last = 0;
  // Hours that were not like those of other days: nothing is learnt from them.
  std::vector<UnusualHour> unusual;
  HourCounts::Compared compared;  // whether there were days enough to see such hours
  MinuteSet aside;
  Proposed<Rate> connect_rate, login_rate;
  Proposed<std::uint32_t> connections, prefix_connections;
  std::vector<ProposedClass> classes;  // those with the most slots first; then those without enough
  std::size_t more_classes = 0;        // that there was no room for
  std::uint64_t opaque = 0, left_out = 0;
};

[[nodiscard]] Proposal Propose(const UsageBook& book, const ProposalOptions& options);

}  // namespace headgate
