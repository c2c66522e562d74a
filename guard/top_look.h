// What the gate answered at one moment, as `top` keeps it: GET /status, /sources, /digests, /bans.
//
// Threads: plain values, pure functions. Lifetime: none.
#pragma once

#include <boost/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include "policies/time.h"

namespace headgate::guard {

// The bodies as they came; empty where the gate has no such page.
struct TopAnswers {
  std::string status;
  std::string refused;  // /sources, the most refused first
  std::string busiest;  // /sources, the most connections first
  std::string digests;
  std::string bans;
};

struct TopGauge {
  double now = 0;
  double max = 0;
};

struct TopClass {
  std::string name;
  double used = 0, reserve = 0, max = 0, waiting = 0, lent = 0, unproven = 0, expected_wait_ms = 0;
};

struct TopBackend {
  std::string name, state, error, version;
  bool current = false, up = false, read_only = false;
  double for_s = 0, connections = 0, max_connections = 0, running = 0;  // 0: no monitor
};

struct TopReason {
  std::string name;
  bool refusal = false;
  double acted = 0, would_act = 0;  // since the gate started
  double of_protected = 0;          // of `acted`: of those the gate is there for
  std::optional<double> per_s, would_per_s;
};

struct TopSource {
  std::string source, reason;
  bool known_good = false;
  double pending = 0, waiting = 0, in = 0, connections = 0, refused = 0, refused_per_s = 0;
  std::optional<double> banned_s;
};

struct TopDigest {
  std::string digest, class_name, text;
  double count = 0, total_ms = 0, share = 0, p99_ms = 0, errors = 0, refused = 0;
  std::optional<double> per_s, busy;  // executions a second; of them running at a time
};

struct TopBan {
  std::string source, reason;
  double remaining_s = 0, times = 0;
  bool by_operator = false;
};

struct TopLook {
  Time at{};
  TopAnswers raw;
  std::string version, mode, level, cause;
  bool draining = false, level_acts = true;
  double uptime_s = 0, level_for_s = 0;
  std::vector<TopBackend> backends;
  std::vector<TopClass> classes;
  std::vector<TopReason> reasons;  // those that came up
  TopGauge slots, pending, waiting, lane, clients;
  double orphans = 0, foreign = 0, free = 0, implicit_pairs = 0, implicit_reserve = 0;
  // Of those the gate is there for: whether there are any, who waits and for how long already, how
  // many bans bind them.
  bool protected_known = false;
  double protected_waiting = 0, protected_longest_ms = 0, protected_banned = 0;
  double accepted = 0, logins_ok = 0, logins_failed = 0, known_good = 0;
  std::string warning;             // the first of what the gate itself warns of
  std::vector<TopSource> sources;  // of both answers, each once
  bool sources_known = false;      // the gate has that page
  double tracked = 0, digests_total = 0;
  std::vector<TopDigest> digests;
  std::vector<TopBan> bans;
};

// An error where `status` is not what a gate says; what is missing elsewhere is empty or 0.
[[nodiscard]] absl::StatusOr<TopLook> ParseLook(TopAnswers answers, Time at);
// The rows of both answers about sources, each source once.
[[nodiscard]] boost::json::array MergedSources(const TopAnswers& answers);

}  // namespace headgate::guard
