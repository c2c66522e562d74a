// What a shadow policy tells: how it differs, and what it missed.
#include "guard/metrics.h"

namespace headgate::guard {
namespace {

using How = ContrastCounts::How;
using Whose = ContrastCounts::Whose;

struct Named {
  const char* name;
  How how;
  Whose whose;
  bool of_protected = false;
};

constexpr Named kCounts[] = {
    {"headgate_shadow_refused_candidate_only_total", How::kTurnedAway, Whose::kCandidate},
    {"headgate_shadow_refused_live_only_total", How::kTurnedAway, Whose::kLive},
    {"headgate_shadow_refused_both_total", How::kTurnedAway, Whose::kBoth},
    {"headgate_shadow_delayed_candidate_only_total", How::kMadeWait, Whose::kCandidate},
    {"headgate_shadow_delayed_live_only_total", How::kMadeWait, Whose::kLive},
    {"headgate_shadow_delayed_both_total", How::kMadeWait, Whose::kBoth},
    {"headgate_shadow_protected_candidate_only_total", How::kTurnedAway, Whose::kCandidate, true},
    {"headgate_shadow_protected_live_only_total", How::kTurnedAway, Whose::kLive, true},
};

}  // namespace

void CollectShadow(const std::optional<ShadowStatus>& shadow, MetricSet& out) {
  if (!shadow) return;
  const ShadowStatus& s = *shadow;
  out.Set("headgate_shadow_age_seconds", s.age);
  out.Set("headgate_shadow_events_total", s.queue.events);
  out.Set("headgate_shadow_left_out_total", s.queue.left_out);
  out.Set("headgate_shadow_left_out_connections_total", s.queue.connections);
  out.Set("headgate_shadow_begun_anew_total", s.begun_anew);
  out.Set("headgate_shadow_lag_seconds", s.lag);
  for (const Named& named : kCounts) {
    for (std::size_t i = 1; i < kReasonCount; ++i) {
      const auto reason = static_cast<Reason>(i);
      if (!IsOfLimit(reason)) continue;
      const ContrastCounts::Cell& cell = s.counts.At(reason, named.how, named.whose);
      out.Set(named.name, Name(reason), named.of_protected ? cell.of_protected : cell.all);
    }
  }
}

}  // namespace headgate::guard
