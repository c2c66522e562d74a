// Failed logins of one (source, user): slower after the third, locked above the rate, the lock
// doubling while it goes on. Keyed by the pair, so a guesser elsewhere locks only itself out, and a
// stale password on the application's host only that user from that host.
//
// Bounded. An entry is forgotten after a success, or when its failures have drained, its lock is
// over and lock_max has passed quietly. When a source has kPerSource users here, room is made among
// its own; when the table is full, in the greediest source of the greediest prefix (compared as the
// pending budget does). There goes whose failures drain first of those that are not locked, then
// the longest-quiet one. So a million user names tried from one source push out that source's own
// and nobody else's, a lock only after kPerSource names of it were locked, failures only by more.
//
// Memory: 72 bytes an entry and at most about 300 of groups, when every pair has its own prefix.
//
// Threads: none of its own; the engine's lock. Lifetime: of the engine.
#pragma once

#include <cstdint>

#include "policies/bounded_table.h"
#include "policies/group_tree.h"
#include "policies/limits.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate {

class PairLock {
 public:
  static constexpr std::uint32_t kDefaultCapacity = 16384;
  static constexpr std::uint32_t kPerSource = 64;  // users tracked of one source
  static constexpr Duration kDelayStep = std::chrono::milliseconds(250);
  static constexpr Duration kDelayMax = std::chrono::seconds(2);

  struct Answer {
    bool locked = false;
    Time until{};                       // end of the lock; only when locked
    Duration delay = Duration::zero();  // hold this login so long; zero when locked
  };

  explicit PairLock(KeyedHash hash, std::uint32_t capacity = kDefaultCapacity);

  // What the next login of this pair meets. Pairs without failures, and everybody while
  // limits.failures is off: nothing. Uses only failures, lock and lock_max of `limits`.
  [[nodiscard]] Answer Ask(const PairKey& pair, const LoginLimits& limits, Time now) const;
  // How much of the burst of limits.failures is used.
  [[nodiscard]] double Failures(const PairKey& pair, const LoginLimits& limits, Time now) const;
  // The server refused this pair's credentials. True when this locked it.
  bool OnFailure(const PairKey& pair, const LoginLimits& limits, Time now);
  // The server said OK: all is forgotten.
  void OnSuccess(const PairKey& pair);

  // Forgets up to `most` pairs that are long quiet. Call it now and then.
  void Expire(const LoginLimits& limits, Time now, std::uint32_t most);

  // Pairs locked at `now`; walks the locked ones only.
  [[nodiscard]] std::uint32_t Locked(Time now) const;
  [[nodiscard]] std::uint32_t size() const { return pairs_.size(); }

 private:
  struct Entry {
    TokenBucket failures;
    Time until = Time::min();  // end of the last lock
    Time last_failure{};
    GroupTree::Id member = 0;
    std::uint32_t locks = 0;  // how often locked lately
  };
  static constexpr int kFree = 0;
  static constexpr int kLocked = 1;
  using Pairs = BoundedTable<PairKey, Entry, 2>;

  [[nodiscard]] Pairs::Id FindOrMake(const PairKey& pair, Time now);
  void MakeRoom(const PairKey& pair, Time now);
  void ForgetOneOf(GroupTree::Id oldest, Time now);
  void Forget(Pairs::Id id);
  void Lock(Entry& e, const LoginLimits& limits, Time now);

  Pairs pairs_;
  GroupTree groups_;  // tags are ids of pairs_
};

}  // namespace headgate
