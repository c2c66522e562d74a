// Every tunable number of the decision core with its default, as one plain value. `guard/config`
// fills it from TOML; the engine gets it as an immutable snapshot.
//
// Threads: immutable once published (std::shared_ptr<const Limits>). Lifetime: until no session
// reads it any more.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policies/address.h"
#include "policies/statement.h"
#include "policies/time.h"
#include "policies/trait.h"

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
  std::uint32_t max_connections = 151;  // the server's default: what "auto" means without a monitor
  bool max_connections_auto = true;     // the server's own; lowered when the backend answers 1040
  std::uint32_t keep_free = 5;          // never handed out
  // Logins let in after the server came back, all together; doubles each second while they succeed.
  Rate start_ramp{50, 50};
  bool enforce = true;
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
  Rate tls_rate{20, 100};  // TLS handshakes
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
  double growth = 0.25;        // how much an implicit reserve may grow in an hour, of itself
  double share = 0.75;         // 0..1, of the slots: all implicit reserves together
  std::uint32_t table_size = 65536;
  bool operator==(const KnownGoodLimits&) const = default;
};

// What a login may run, and for how long: [query], what a class makes of it, or [query.unknown].
// 0 (and a rate that is Off()) means: no limit, and no state kept.
struct QueryLimits {
  // Of one source in one class; the two others of one user in it, and of the class as a whole.
  Rate rate, user_rate, class_rate;                                // commands that run SQL
  std::uint32_t running = 0, user_running = 0, class_running = 0;  // at once
  double busy = 0, user_busy = 0, class_busy = 0;  // seconds of running time per second
  std::uint32_t digest_running = 0;                // copies of one digest in one class
  Duration wait = std::chrono::seconds(1);  // held at most so long for one of the above; 0: never
  Duration deadline = Duration::zero();     // KILL QUERY
  bool all = false;                         // the deadline is for writes as well
  std::uint32_t prepared = 2000;            // open statements of a connection
  // Of one source; auto: a quarter of the server's, for sources neither known-good nor in a class.
  std::uint32_t prepared_per_source = 0;
  bool prepared_per_source_auto = true;
  std::uint64_t packet = 0;           // bytes of one command, and of one statement's long data
  bool packet_auto = true;            // the server's max_allowed_packet
  std::uint64_t result = 0;           // bytes of one answer
  std::uint32_t inspect = 64 * 1024;  // bytes of a statement's text
  Duration idle = Duration::zero();
  Duration idle_in_transaction = Duration::zero();
  Duration stalled_read = Duration::zero();
  CommandSet refuse_commands = BitOf(CommandKind::kDebug);
  bool enforce = true;
  bool operator==(const QueryLimits&) const = default;
};

// Scores at and above which a statement's shape is logged, delayed, refused; 0 = never.
struct ShapeLimits {
  std::uint32_t log = 50;
  std::uint32_t delay = 80;
  std::uint32_t refuse = 100;
  Duration delay_for = std::chrono::milliseconds(500);
  bool enforce = false;
  bool operator==(const ShapeLimits&) const = default;
};

// A compiled pattern over a statement's text as sent; given by whoever reads the config.
class TextMatcher {
 public:
  virtual ~TextMatcher() = default;
  // From any thread. Linear in the text's length.
  [[nodiscard]] virtual bool Matches(std::string_view text) const = 0;
};

enum class RuleAction : std::uint8_t { kLog, kDelay, kRefuse, kClose, kBan, kAllow };

// One [[rule]]: everything it names has to match.
struct Rule {
  std::string name;
  std::uint64_t digest = 0;                    // 0 = any
  std::string digest_text;                     // as configured
  std::string regex;                           // as configured; empty = any
  std::shared_ptr<const TextMatcher> pattern;  // of `regex`
  CommandSet commands = 0;                     // 0 = any
  std::vector<std::string> users, databases;   // globs; empty = any
  std::vector<Cidr> sources;                   // empty = any
  std::vector<std::string> classes;            // names; empty = any
  TraitSet traits = 0;                         // any of them; 0 = any statement
  RuleAction action = RuleAction::kLog;
  std::string message;  // for the client; empty = the default
  Duration delay = std::chrono::milliseconds(500);
  bool enforce = true;
  bool operator==(const Rule& other) const;  // but for the compiled pattern
};

// How hard the gate is pressed.
enum class Level : std::uint8_t { kCalm, kElevated, kAttack };
inline constexpr std::size_t kLevels = 3;
// "calm", "elevated", "attack"
[[nodiscard]] std::string_view Name(Level level);

// [pressure.LEVEL.when]: any of them raises the level.
struct PressureWhen {
  // Of the slots that known-good logins and reserves leave to strangers: what is free, 0..1. 0:
  // never.
  double free_slots = 0;
  Rate refusals;          // a second, but for those that a level's overrides caused; off: never
  Rate syn_rate;          // a second, as the observer counts them; off: never. Not of kAttack.
  bool anomalies = true;  // what the observer finds unusual about connections. Not of kAttack.
  bool operator==(const PressureWhen&) const = default;
};

// What binds sources that are neither known-good nor in a class with a reserve, while the level
// holds: the tables of the file with what [pressure.LEVEL.TABLE] says laid over them.
struct LevelLimits {
  SourceLimits source;    // connect_rate, connections, prefix_connections
  PendingLimits pending;  // deadline
  WaitingLimits waiting;  // queue, per_source
  QueryLimits query;      // [query.unknown], likewise
  bool operator==(const LevelLimits&) const = default;
};

struct PressureLimits {
  PressureWhen elevated{.free_slots = 0.2, .refusals = {50, 50}, .syn_rate = {1000, 1000}};
  PressureWhen attack{.free_slots = 0.05, .refusals = {500, 500}, .syn_rate = {}};
  Duration calm_after = std::chrono::seconds(30);  // without cause, before it falls by one level
  bool enforce = true;  // false: the level is computed and shown, and changes nothing
  bool operator==(const PressureLimits&) const = default;
};

// One [[class]] table, or [default_class] (empty name matchers match everything).
struct ClassLimits {
  std::string name = "default";
  std::vector<Cidr> sources;           // empty = any
  std::vector<std::string> users;      // globs, `*` and `?`; empty = any
  std::vector<std::string> databases;  // globs; empty = any
  std::vector<std::string> subjects;   // globs; empty = any client, with or without a certificate
  std::uint32_t reserve = 0;           // slots always there for it
  bool lend = false;                   // others may use what it does not use, until it asks
  Share max = Share::Percent(100);     // of the slots
  Share unproven =
      Share::Percent(25);  // of its max: logins the server has not said OK to, at least 1
  Duration queue = Duration::zero();  // zero = [waiting] queue
  QueryLimits query;                  // [query] with what the class overrides
  ShapeLimits shape;                  // [shape], likewise
  bool enforce = true;                // of reserve, max and unproven
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
  PressureLimits pressure;
  // By level; those of kCalm are never asked, the plain tables are.
  std::array<LevelLimits, kLevels> at;
  // What sources get that are neither known-good nor in a class while the level is above calm; the
  // stricter of this and their class's binds. Off but for its own defaults, see Limits::Defaults().
  QueryLimits unknown_query;
  TraitPoints points = DefaultPoints();  // [shape.points]
  std::vector<Rule> rules;               // in order; the first that matches acts
  std::uint32_t digests = 4096;          // places of the digest table
  std::vector<ClassLimits> classes;      // first match wins; the last is always the default class
  // While every client looks like localhost to the backend: users refused from other hosts.
  bool identity_collapsed = false;
  std::vector<std::string> localhost_users;
  std::vector<Cidr> local_sources;  // who is this host: default 127.0.0.0/8 and ::1
  // Whose connections are others': each begins with a PROXY header. Never banned themselves.
  std::vector<Cidr> proxies;

  [[nodiscard]] const LevelLimits& At(Level level) const {
    return at[static_cast<std::size_t>(level)];
  }
  // Makes `at` copies of the tables beside it: what a level overrides is laid over them after.
  void CopyToLevels();
  // The defaults of the shipped sample file, including lists.
  static Limits Defaults();
  bool operator==(const Limits&) const = default;
};

}  // namespace headgate
