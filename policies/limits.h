// Every tunable number of the decision core with its default, as one plain value. `guard/config`
// fills it from TOML; the engine gets it as an immutable snapshot.
//
// Threads: immutable once published (std::shared_ptr<const Limits>). Lifetime: until no session
// reads it any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "policies/address.h"
#include "policies/time.h"

namespace headgate {

// "50/s burst 200". per_second == 0 means off: no limit, and no state kept.
struct Rate {
  double per_second = 0;
  double burst = 1;  // how many may come at once, at least 1
  [[nodiscard]] bool Off() const { return per_second <= 0; }
  bool operator==(const Rate&) const = default;
};

// "25%" of the slots, or a plain number; off = no limit.
struct Share {
  enum class Kind : std::uint8_t { kOff, kNumber, kPercent };
  Kind kind = Kind::kOff;
  double value = 0;
  static Share Off() { return {}; }
  static Share Number(double n) { return {Kind::kNumber, n}; }
  static Share Percent(double p) { return {Kind::kPercent, p}; }
  // Of `total`, rounded down, at least 1. UINT32_MAX when off.
  [[nodiscard]] std::uint32_t Of(std::uint32_t total) const;
  bool operator==(const Share&) const = default;
};

enum class Mode : std::uint8_t { kEnforce, kObserve };
enum class RefuseHow : std::uint8_t { kError, kReset, kDrop };

struct SlotLimits {
  std::uint32_t max_connections = 151;  // the server's default; "auto" uses it, with a warning
  bool max_connections_auto = true;     // lowered when the backend answers 1040
  std::uint32_t keep_free = 5;          // never handed out
  bool operator==(const SlotLimits&) const = default;
};

struct PendingLimits {
  std::uint32_t max = 4096;
  double known_good_share = 0.25;  // 0..1, of max
  Duration deadline = std::chrono::seconds(5);
  bool enforce = true;
  bool operator==(const PendingLimits&) const = default;
};

struct WaitingLimits {
  std::uint32_t max = 1024;
  std::uint32_t per_source = 32;
  Duration queue = std::chrono::seconds(5);
  bool enforce = true;
  bool operator==(const WaitingLimits&) const = default;
};

struct LoginLimits {
  std::uint32_t in_progress = 16;
  std::uint32_t per_source = 2;
  double known_good_share = 0.5;  // 0..1, of in_progress
  Rate rate{200, 200};            // all sources that are not known-good together
  Duration deadline = std::chrono::seconds(3);
  Rate failures{10.0 / 60, 10};  // of one (source, user)
  Duration lock = std::chrono::minutes(1);
  Duration lock_max = std::chrono::hours(1);
  bool enforce = true;
  bool operator==(const LoginLimits&) const = default;
};

struct SourceLimits {
  Rate connect_rate{50, 200};
  Share connections = Share::Percent(25);
  Share prefix_connections = Share::Percent(50);
  Rate ban_after{1, 100};  // refusals of one source; above it: banned
  Duration ban = std::chrono::minutes(1);
  Duration ban_max = std::chrono::hours(1);
  std::vector<Cidr> never_ban;  // default 127.0.0.0/8 and ::1, see Limits::Defaults()
  std::vector<Cidr> exempt;     // no source limits at all
  std::uint32_t table_size = 262144;
  bool enforce = true;
  bool operator==(const SourceLimits&) const = default;
};

struct KnownGoodLimits {
  std::uint32_t minutes = 10;  // distinct minutes with completed statements
  std::uint32_t table_size = 65536;
  bool operator==(const KnownGoodLimits&) const = default;
};

// One [[class]] table, or [default_class] (empty name matchers match everything).
struct ClassLimits {
  std::string name = "default";
  std::vector<Cidr> sources;           // empty = any
  std::vector<std::string> users;      // globs, `*` and `?`; empty = any
  std::vector<std::string> databases;  // globs; empty = any
  std::uint32_t reserve = 0;           // slots always there for it
  Share max = Share::Percent(100);     // of the slots
  Share unproven =
      Share::Percent(25);  // of its max: logins the server has not said OK to, at least 1
  Duration queue = Duration::zero();  // zero = [waiting] queue
  bool operator==(const ClassLimits&) const = default;
};

struct Limits {
  Mode mode = Mode::kEnforce;
  RefuseHow how = RefuseHow::kError;
  SlotLimits slots;
  PendingLimits pending;
  WaitingLimits waiting;
  LoginLimits login;
  SourceLimits source;
  KnownGoodLimits known_good;
  std::vector<ClassLimits> classes;  // first match wins; the last is always the default class
  // While every client looks like localhost to the backend: users refused from other hosts.
  bool identity_collapsed = false;
  std::vector<std::string> localhost_users;
  std::vector<Cidr> local_sources;  // who is this host: default 127.0.0.0/8 and ::1

  // The defaults of the shipped sample file, including lists.
  static Limits Defaults();
  bool operator==(const Limits&) const = default;
};

}  // namespace headgate
