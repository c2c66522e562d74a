// Makes a report out of what a reenactment tells while it goes on. Bounded: limits by the
// configuration, sources by kMostSources (Space-Saving: who has the most is there), time by its
// buckets.
//
// Threads: one. Lifetime: a few megabytes.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "guard/origins.h"
#include "guard/replay_report.h"
#include "guard/replay_timeline.h"
#include "policies/distinct_count.h"
#include "policies/engine.h"
#include "policies/engine_event.h"
#include "policies/heavy_hitters.h"
#include "policies/keyed_hash.h"
#include "policies/outcome.h"

namespace headgate::guard {

class ReplayTally {
 public:
  // `shortly`: to be held for less than that is no harm.
  ReplayTally(const Origins& origins, Duration shortly);

  // Whoever is protected beside those that the engine takes for it.
  using Protects =
      std::function<bool(const Address& peer, std::string_view user, std::string_view class_name)>;
  void Protect(Protects also) { also_ = std::move(also); }

  // All of one event, in the order of time: it, what came of it, and now and then the state.
  void OnEvent(const EngineEvent& event);
  void OnOutcome(const Outcome& outcome);
  // Whether the state is to be looked at now.
  [[nodiscard]] bool WantsStatus(Time now) const { return now >= next_look_; }
  void OnStatus(const EngineStatus& status, Time now);

  [[nodiscard]] ReplayReport Report() const;

 private:
  static constexpr std::uint32_t kMostSources = 512;
  static constexpr std::size_t kMostRows = 100;  // of sources, in the report

  struct Limit {
    ReplayLimit row;
    DistinctCount sources;
  };
  struct Source {
    ReplaySource row;
    BucketCounts over_time;
  };
  using LimitName = std::pair<Reason, std::string>;  // and its title

  [[nodiscard]] bool IsProtected(const Outcome& o) const;
  [[nodiscard]] bool IsHarm(const Outcome& o) const;
  Limit& LimitOf(const Outcome& o);
  void CountSource(const Outcome& o, bool is_protected, bool touched);
  void CountTouch(const Outcome& o, const Limit& limit);
  [[nodiscard]] std::vector<ReplaySource> SourceRows() const;

  const Origins& origins_;
  Duration shortly_;
  Protects also_;
  KeyedHash hash_;
  std::optional<ReplayTimeline> timeline_;
  Time next_look_{};
  ReplayReport report_;
  DistinctCount all_sources_, refused_sources_;
  std::map<LimitName, Limit> limits_;
  HeavyHitters<Address, Source> sources_;
};

}  // namespace headgate::guard
