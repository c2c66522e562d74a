// Who earned trust: (source, user) pairs with completed statements in enough distinct minutes.
//
// Only a completed statement makes an entry, so only logins the server accepted do; a login alone,
// or a claim, makes none. While `calm` is false nothing is earned and no entry is made.
//
// Bounded. When full, the candidate (not yet known-good) longest without a statement goes for a new
// one; a known-good pair is never evicted for a candidate: when all entries are known-good, the one
// longest without a statement goes only if that was more than kForgotten ago, else the new pair is
// not recorded. To push out a candidate that works every minute, an account would have to complete
// statements from as many sources as the table has room, within a minute: more than the login rate
// lets in with the defaults (200/s x 60 s = 12,000 of 65,536).
//
// Memory: 56 bytes an entry, and 80 at most for what is known by source and by prefix.
//
// Threads: none of its own; the engine's lock, except MinuteOf(). Lifetime: of the engine.
#pragma once

#include <chrono>
#include <cstdint>

#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/limits.h"
#include "policies/time.h"

namespace headgate {

class KnownGood {
 public:
  static constexpr Duration kForgotten = std::chrono::hours(24 * 30);

  KnownGood(KeyedHash hash, std::uint32_t capacity);

  // The caller remembers, per connection, the last minute it reported and asks again only when this
  // differs: that is the whole cost of most statements.
  static std::int64_t MinuteOf(Time now) {
    return std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
  }

  // A statement of this pair was completed in the minute of `now`. True when this made the pair
  // known-good. REQUIRES: the server said OK to this login.
  bool OnStatement(const PairKey& pair, const KnownGoodLimits& limits, Time now, bool calm);

  [[nodiscard]] bool IsKnownGood(const PairKey& pair) const;
  // Any user of this source (as SourceOf()) is known-good.
  [[nodiscard]] bool IsKnownGoodSource(const Address& source) const;
  // The user is known-good from another source of the same prefix: a new pod of the same
  // application. True for known-good pairs as well.
  [[nodiscard]] bool IsKnownUserFromKnownPrefix(const PairKey& pair) const;

  // Known-good pairs, and those on the way.
  [[nodiscard]] std::uint32_t size() const { return pairs_.size(kGood); }
  [[nodiscard]] std::uint32_t candidates() const { return pairs_.size(kCandidate); }

 private:
  struct Earned {
    std::int64_t last_minute = INT64_MIN;
    std::uint32_t minutes = 0;
  };
  static constexpr int kCandidate = 0;
  static constexpr int kGood = 1;
  using Pairs = BoundedTable<PairKey, Earned, 2>;

  [[nodiscard]] Pairs::Id FindOrMake(const PairKey& pair, Time now);
  void Promote(Pairs::Id id);
  void Forget(Pairs::Id id);

  Pairs pairs_;
  // How many known-good pairs a source, and a (prefix, user), has. As large as pairs_, so an insert
  // cannot fail.
  BoundedTable<Address, std::uint32_t> sources_;
  BoundedTable<PairKey, std::uint32_t> prefixes_;
};

}  // namespace headgate
