#include "policies/backend_health.h"

#include <algorithm>
#include <utility>

namespace headgate {
namespace {

// Two that nobody greeted open it, or three that failed at once, or some of each.
constexpr unsigned kOpens = 6;

unsigned WeightOf(BackendFailure how) {
  switch (how) {
    case BackendFailure::kNone:
      return 0;
    case BackendFailure::kRefused:
    case BackendFailure::kNoHandshake:
      return kOpens / 3;
    case BackendFailure::kNoGreeting:
    case BackendFailure::kNoAnswer:
      return kOpens / 2;
    case BackendFailure::kNoPing:
      return kOpens;
  }
  return 0;
}

}  // namespace

std::string_view Name(BackendFailure failure) {
  switch (failure) {
    case BackendFailure::kNone:
      break;
    case BackendFailure::kRefused:
      return "it cannot be connected to";
    case BackendFailure::kNoHandshake:
      return "it takes connections and sends no greeting that can be read";
    case BackendFailure::kNoGreeting:
      return "it takes connections and greets nobody";
    case BackendFailure::kNoAnswer:
      return "it does not answer the monitor in time";
    case BackendFailure::kNoPing:
      return "it does not answer a ping";
  }
  return "";
}

void BackendHealth::OnReached(Time now) {
  weight_ = 0;
  probe_out_ = false;
  probe_failed_ = false;
  next_probe_ = kNever;
  pause_ = kFirstPause;
  last_sign_ = now;
  Set(State::kUp, now);
}

void BackendHealth::OnPing(Time now) {
  if (up()) last_sign_ = now;
}

void BackendHealth::OnFailure(BackendFailure how, Time now) {
  last_failure_ = how;
  if (!may_connect()) return;
  weight_ += WeightOf(how);
  if (weight_ >= kOpens || state_ == State::kUnknown) Open(State::kDown, now);
}

void BackendHealth::WantProbe(Time when) { next_probe_ = std::min(next_probe_, when); }

void BackendHealth::OnProbeStarted(Time now) {
  probe_out_ = true;
  next_probe_ = kNever;
  if (state_ == State::kDown) Set(State::kProbing, now);
}

void BackendHealth::OnProbeOverdue(Time now) {
  if (!probe_out_) return;
  last_failure_ = BackendFailure::kNoGreeting;
  if (may_connect()) Open(State::kProbing, now);
}

void BackendHealth::OnProbeFailed(BackendFailure how, Time now) {
  if (!probe_out_) return;
  probe_out_ = false;
  last_failure_ = how;
  probe_failed_ = !may_connect();  // one failure alone opens it, and is no second opinion
  Open(State::kDown, now);
}

void BackendHealth::Set(State next, Time now) {
  const auto open = [](State s) { return s == State::kDown || s == State::kProbing; };
  const State before = std::exchange(state_, next);
  if (before != next && !(open(before) && open(next))) since_ = now;
}

void BackendHealth::Open(State how, Time now) {
  weight_ = 0;
  next_probe_ = now + pause_;
  pause_ = std::min(2 * pause_, kLongestPause);
  // A probe that is out already is the one that tells.
  Set(probe_out_ ? State::kProbing : how, now);
}

bool BackendChoice::Looking(const std::vector<Standing>& all) const {
  return sticky_ && all.at(current_).open;
}

bool BackendChoice::Reconsider(const std::vector<Standing>& all) {
  if (!Looking(all) || !all.at(current_).gone) return false;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (!all[i].known_up) continue;
    if (!best || (all[*best].read_only && !all[i].read_only)) best = i;
  }
  return best && Use(*best);
}

bool BackendChoice::Use(std::size_t index) { return std::exchange(current_, index) != index; }

}  // namespace headgate
