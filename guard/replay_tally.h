// Makes a report out of what a reenactment tells while it goes on. Bounded: limits by the
// configuration, sources by kMostSources (Space-Saving: who has the most is there), time by its
// buckets.
//
// Threads: one. Lifetime: a few megabytes.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "guard/origins.h"
#include "guard/protects.h"
#include "guard/replay_claims.h"
#include "guard/replay_report.h"
#include "guard/replay_timeline.h"
#include "policies/distinct_count.h"
#include "policies/engine.h"
#include "policies/engine_event.h"
#include "policies/heavy_hitters.h"
#include "policies/keyed_hash.h"
#include "policies/outcome.h"
#include "policies/reenactment.h"

namespace headgate::guard {

class ReplayTally {
 public:
  // `shortly`: to be held for less than that is no harm.
  ReplayTally(const Origins& origins, Duration shortly);

  // Whoever is protected beside those that the engine takes for it; by the candidate's limits.
  void Protect(Protects also, std::shared_ptr<const Limits> limits);
  // Somebody is whom the engine takes for it.
  void SawProtected() { saw_protected_ = true; }
  [[nodiscard]] bool saw_protected() const { return saw_protected_ || claims_.seen(); }

  // All of one event, in the order of time: it, what came of it, and the most at once meanwhile.
  void OnEvent(const EngineEvent& event);
  void OnOutcome(const Outcome& outcome);
  void OnLevel(const LevelChange& change);
  void OnPeaks(const Reenactment::Peaks& peaks);
  // A connection has left the candidate's world; it is in nobody's any more.
  void OnGone(ConnectionId id) { claims_.OnGone(id); }
  void Forget(ConnectionId id) { claims_.Forget(id); }
  // When the state is to be looked at next, before the event that comes then: it is taken to have
  // been so until the look after it.
  [[nodiscard]] Time NextLook() const { return next_look_; }
  void OnStatus(const EngineStatus& status, Time now);
  // There is no more.
  void Finish() { claims_.Finish(); }

  [[nodiscard]] const ReplayClaims& claims() const { return claims_; }
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
    std::string user, class_name;  // as the row's, but as they were sent
  };
  using LimitName = std::pair<Reason, std::string>;  // and its title

  using Harm = ReplayMet::Harm;
  [[nodiscard]] bool IsProtected(const Outcome& o) const;
  [[nodiscard]] std::optional<Harm> HarmOf(const Outcome& o) const;
  [[nodiscard]] std::size_t LimitOf(const Outcome& o);
  [[nodiscard]] std::size_t FindLimit(const Outcome& o);
  void CountSource(const Outcome& o, bool is_protected);
  void CountTouch(const ReplayMet& met);
  void AddTouch(ReplayTouch touch);
  [[nodiscard]] std::vector<ReplaySource> SourceRows() const;
  [[nodiscard]] std::vector<ReplayLimit> LimitRows() const;

  const Origins& origins_;
  Duration shortly_;
  KeyedHash hash_;
  ReplayClaims claims_;
  bool saw_protected_ = false;
  std::optional<ReplayTimeline> timeline_;
  Time last_look_{}, next_look_ = kNever;
  ReplayBucket last_seen_;  // by that look
  ReplayReport report_;
  DistinctCount all_sources_, refused_sources_;
  std::deque<Limit> limits_;
  std::map<LimitName, std::size_t> limit_places_;
  // The one that was asked for last, and by what: in a flood it is so all the time.
  struct {
    Reason reason = Reason::kNone;
    std::string class_name, rule;
    std::size_t place = 0;
  } last_limit_;
  HeavyHitters<Address, Source> sources_;
};

}  // namespace headgate::guard
