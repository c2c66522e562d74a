#include "policies/pair_lock.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace headgate {
namespace {

constexpr int kFreeFailures = 2;  // the third slows the next login down
// For comparing buckets alone: what is left to drain, in seconds.
constexpr Rate kBySeconds{1, 1e6};

std::uint32_t TagId(const GroupTree& groups, GroupTree::Id member) {
  return static_cast<std::uint32_t>(groups.TagOf(member));
}

bool Quiet(Time last_failure, Time until, const LoginLimits& limits, Time now) {
  return now - std::max(last_failure, until) >= limits.lock_max;
}

}  // namespace

PairLock::PairLock(KeyedHash hash, std::uint32_t capacity)
    : pairs_(hash, std::max<std::uint32_t>(capacity, 1)), groups_(hash) {}

PairLock::Answer PairLock::Ask(const PairKey& pair, const LoginLimits& limits, Time now) const {
  if (limits.failures.Off()) return {};
  const Pairs::Id id = pairs_.Find(pair);
  if (id == Pairs::kNone) return {};
  const Entry& e = pairs_[id];
  if (now < e.until) return {true, e.until, Duration::zero()};
  const int failures = static_cast<int>(std::ceil(e.failures.Debt(limits.failures, now)));
  const int steps = std::clamp(failures - kFreeFailures, 0, 8);
  return {false, Time{}, std::min<Duration>(kDelayStep * steps, kDelayMax)};
}

double PairLock::Failures(const PairKey& pair, const LoginLimits& limits, Time now) const {
  const Pairs::Id id = pairs_.Find(pair);
  return id == Pairs::kNone ? 0 : pairs_[id].failures.Debt(limits.failures, now);
}

void PairLock::Forget(Pairs::Id id) {
  groups_.Remove(pairs_[id].member);
  pairs_.Erase(id);
}

// Not simply the oldest: a guesser would have its own failures forgotten by 64 other names.
void PairLock::ForgetOneOf(GroupTree::Id oldest, Time now) {
  Pairs::Id out = TagId(groups_, oldest);
  double least = std::numeric_limits<double>::infinity();
  for (GroupTree::Id at = oldest; at != GroupTree::kNone; at = groups_.YoungerInSource(at)) {
    const Pairs::Id id = TagId(groups_, at);
    if (now < pairs_[id].until) continue;
    const double left = pairs_[id].failures.Debt(kBySeconds, now);
    if (left < least) {
      least = left;
      out = id;
    }
  }
  Forget(out);
}

void PairLock::MakeRoom(const PairKey& pair, Time now) {
  if (groups_.CountOf(pair.source) >= kPerSource) {
    ForgetOneOf(groups_.OldestOf(pair.source), now);
  } else if (pairs_.size() == pairs_.capacity()) {
    ForgetOneOf(groups_.Greediest(), now);
  }
}

PairLock::Pairs::Id PairLock::FindOrMake(const PairKey& pair, Time now) {
  Pairs::Id id = pairs_.Find(pair);
  if (id != Pairs::kNone) {
    groups_.Refresh(pairs_[id].member);
    return id;
  }
  MakeRoom(pair, now);
  id = pairs_.Insert(pair);
  pairs_[id].member = groups_.Add(pair.source, id);
  return id;
}

void PairLock::Lock(Entry& e, const LoginLimits& limits, Time now) {
  Duration lock = std::min(limits.lock, limits.lock_max);
  for (std::uint32_t i = 0; i < e.locks && lock < limits.lock_max; ++i) {
    lock = lock > limits.lock_max / 2 ? limits.lock_max : lock * 2;
  }
  e.until = now + lock;
  e.locks = std::min<std::uint32_t>(e.locks + 1, 64);
}

bool PairLock::OnFailure(const PairKey& pair, const LoginLimits& limits, Time now) {
  if (limits.failures.Off()) return false;
  const Pairs::Id id = FindOrMake(pair, now);
  Entry& e = pairs_[id];
  if (e.locks > 0 && Quiet(e.last_failure, e.until, limits, now)) e.locks = 0;
  e.last_failure = now;
  const bool within = e.failures.Take(limits.failures, now);
  // Logins that were on their way when the lock came: no second lock for the same burst.
  if (within || now < e.until) {
    pairs_.MoveTo(id, pairs_.ListOf(id));
    return false;
  }
  Lock(e, limits, now);
  pairs_.MoveTo(id, kLocked);
  return true;
}

void PairLock::OnSuccess(const PairKey& pair) {
  if (const Pairs::Id id = pairs_.Find(pair); id != Pairs::kNone) Forget(id);
}

void PairLock::Expire(const LoginLimits& limits, Time now, std::uint32_t most) {
  for (const int list : {kFree, kLocked}) {
    for (; most > 0; --most) {
      const Pairs::Id oldest = pairs_.Oldest(list);
      if (oldest == Pairs::kNone) break;
      const Entry& e = pairs_[oldest];
      if (!Quiet(e.last_failure, e.until, limits, now) || !e.failures.Idle(now)) break;
      Forget(oldest);
    }
  }
}

std::uint32_t PairLock::Locked(Time now) const {
  std::uint32_t locked = 0;
  for (Pairs::Id id = pairs_.Oldest(kLocked); id != Pairs::kNone; id = pairs_.Newer(id)) {
    locked += now < pairs_[id].until;
  }
  return locked;
}

}  // namespace headgate
