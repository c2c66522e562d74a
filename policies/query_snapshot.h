// What one snapshot of the limits means for statements, worked out once when it is published: for
// every class which limits bind and which of them act, in calm and (for those in no class of their
// own) at each level above it, and the rules with their counters.
//
// Threads: immutable after construction, but for the rules' counters (atomics).
// Lifetime: shared by the guard and every connection that has asked since it was published.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "policies/limits.h"
#include "policies/reason.h"
#include "policies/rule_matcher.h"

namespace headgate {

// Reasons that limits on statements give, one bit each.
using QueryReasons = std::uint32_t;
inline constexpr auto kFirstQueryReason = static_cast<unsigned>(Reason::kCommandRefused);
static_assert(static_cast<unsigned>(Reason::kDigestTableFull) - kFirstQueryReason < 32);
// None for a reason that is not one of kCommandRefused ... kDigestTableFull.
constexpr QueryReasons BitOf(Reason r) {
  const unsigned at = static_cast<unsigned>(r) - kFirstQueryReason;
  return at < 32 ? QueryReasons{1} << at : 0;
}

// Whom statements are counted against, in the order they are asked: the source, the user, the
// class.
inline constexpr std::size_t kScopes = 3;
inline constexpr std::array<Reason, kScopes> kRateReasons = {Reason::kQueryRate, Reason::kUserRate,
                                                             Reason::kClassRate};
inline constexpr std::array<Reason, kScopes> kBusyReasons = {Reason::kQueryBusy, Reason::kUserBusy,
                                                             Reason::kClassBusy};
inline constexpr std::array<Reason, kScopes> kRunningReasons = {
    Reason::kQueryRunning, Reason::kUserRunning, Reason::kClassRunning};

// Limits, and which of them are carried out.
struct EffectiveQuery : QueryLimits {
  QueryReasons acting = 0;
  [[nodiscard]] bool Acts(Reason r) const { return (acting & BitOf(r)) != 0; }

  // By scope.
  [[nodiscard]] const Rate& RateOf(std::size_t scope) const {
    return scope == 0 ? rate : scope == 1 ? user_rate : class_rate;
  }
  [[nodiscard]] double BusyOf(std::size_t scope) const {
    return scope == 0 ? busy : scope == 1 ? user_busy : class_busy;
  }
  [[nodiscard]] std::uint32_t RunningOf(std::size_t scope) const {
    return scope == 0 ? running : scope == 1 ? user_running : class_running;
  }
};

// Of each limit the stricter of the two. One that acts goes before one that does not, however
// strict: a dry run must not switch off what protects.
[[nodiscard]] EffectiveQuery Stricter(const EffectiveQuery& own, const EffectiveQuery& other);

struct RuleCounts {
  std::atomic<std::uint64_t> acted{0}, would_act{0};
};

struct QuerySnapshot {
  struct Class {
    std::string name;
    bool is_explicit = true;  // not the default class
    EffectiveQuery own;
    // By level: with [query.unknown] as it is there; the same as `own` when calm, and for explicit
    // classes.
    std::array<EffectiveQuery, kLevels> squeezed;
    ShapeLimits shape;
    bool shape_acts = false;
    std::array<bool, kScopes> needs_account{};            // by its limits
    std::shared_ptr<std::atomic<std::uint64_t>> refused;  // commands turned away; never null
  };
  using RuleCounters = std::map<std::string, std::shared_ptr<RuleCounts>>;
  using ClassCounters = std::map<std::string, std::shared_ptr<std::atomic<std::uint64_t>>>;

  // `counters` of the rules and `refused` of the classes by name, kept over reloads, get those that
  // are new.
  QuerySnapshot(std::shared_ptr<const Limits> from, std::uint64_t number, RuleCounters& counters,
                ClassCounters& refused);
  QuerySnapshot(const QuerySnapshot&) = delete;
  QuerySnapshot& operator=(const QuerySnapshot&) = delete;

  // By name; the default class where that is gone.
  [[nodiscard]] const Class& ClassOf(std::string_view name) const;
  [[nodiscard]] bool enforcing() const { return limits->mode == Mode::kEnforce; }

  const std::shared_ptr<const Limits> limits;
  const std::uint64_t version;
  std::vector<Class> classes;  // the last is the default class
  const RuleMatcher matcher;
  std::vector<std::shared_ptr<RuleCounts>> rule_counts;  // of limits->rules
};

}  // namespace headgate
