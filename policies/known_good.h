// Who earned trust: (source, user) pairs with completed statements in enough distinct minutes. And
// how much: the slots that are kept for them, without any configuration, while the gate is pressed.
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
// Memory: 344 bytes an entry, and 96 at most for what is known by source and by prefix; with the
// defaults 29 MB when the table is full. It grows with the entries, 256 at a time.
//
// Threads: none of its own; the engine's lock, except MinuteOf(). Lifetime: of the engine.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/implicit_reserve.h"
#include "policies/known_good_record.h"
#include "policies/limits.h"
#include "policies/pair_history.h"
#include "policies/slow_logins.h"
#include "policies/time.h"

namespace headgate {

class KnownGood {
 public:
  static constexpr Duration kForgotten = std::chrono::hours(24 * 30);
  // A pair silent for so long has no reserve until its next statement.
  static constexpr Duration kDemandKept = std::chrono::hours(24 * 7);
  // One that rests gets only what the others leave: it is silent for longer than a weekend, or
  // has been for an hour while its user went on in its prefix, as a pod that was replaced is.
  static constexpr Duration kResting = std::chrono::hours(24 * 3);
  static constexpr Duration kReplaced = std::chrono::hours(1);

  KnownGood(KeyedHash hash, std::uint32_t capacity);

  // The caller remembers, per connection, the last minute it reported and asks again only when this
  // differs: that is the whole cost of most statements.
  static std::int64_t MinuteOf(Time now) {
    return std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count();
  }

  // A session of this pair completed a statement in the minute of `now`; once a session and minute.
  // `first`: its first since it logged in: it then counts among the pair's live sessions until
  // OnSessionEnded(). True when this made the pair known-good. REQUIRES: the server said OK to this
  // login.
  bool OnStatement(const PairKey& pair, const KnownGoodLimits& limits, Time now, bool calm,
                   bool first);
  // One whose `first` was told, and only such a one. Also when it logs in as somebody else.
  void OnSessionEnded(const PairKey& pair);

  // A login of this pair was slow by its client. True when that began a penalty; only known-good
  // pairs have one. It is in no state file.
  bool OnSlowLogin(const PairKey& pair, Time now);
  // Known-good, and under a penalty.
  [[nodiscard]] bool IsSlow(const PairKey& pair, Time now) const;

  [[nodiscard]] bool IsKnownGood(const PairKey& pair) const;
  // Any user of this source (as SourceOf()) is known-good.
  [[nodiscard]] bool IsKnownGoodSource(const Address& source) const;
  // tell(const Address&) for each such source.
  template <class Tell>
  void ForEachSource(Tell tell) const {
    for (auto id = sources_.Oldest(); id != sources_.kNone; id = sources_.Newer(id)) {
      tell(sources_.KeyOf(id));
    }
  }
  // The user is known-good from another source of the same prefix: a new pod of the same
  // application. True for known-good pairs as well.
  [[nodiscard]] bool IsKnownUserFromKnownPrefix(const PairKey& pair) const;

  // What is kept for whom, of `slots` ([known_good] share of the capacity), the oldest history
  // first. A pair's history is as old as its user's is in its prefix, so a new pod of the same
  // application does not start behind all others. Ask about once a minute: O(n log n) of the
  // known-good pairs, microseconds as a rule, but 60 ms for 65,536 of them.
  [[nodiscard]] std::vector<ImplicitReserve> Reserves(std::uint32_t slots, const KnownGoodLimits&,
                                                      Time now) const {
    return ShareOut(Demands(now), slots);
  }
  // What goes into it: the part that needs the lock, a third of the time.
  [[nodiscard]] std::vector<ReserveDemand> Demands(Time now) const;

  // For the state file: those longest silent first, known-good pairs before candidates.
  [[nodiscard]] std::vector<KnownGoodRecord> Export(Time now) const;
  // `elapsed` since they were exported. A record that cannot be, or of a pair that is here already,
  // is passed over; of more than fit, known-good pairs and those that spoke last are taken.
  void Restore(const std::vector<KnownGoodRecord>& records, Duration elapsed, Time now);

  // Known-good pairs, and those on the way.
  [[nodiscard]] std::uint32_t size() const { return pairs_.size(kGood); }
  [[nodiscard]] std::uint32_t candidates() const { return pairs_.size(kCandidate); }

 private:
  static constexpr int kCandidate = 0;
  static constexpr int kGood = 1;
  using Pairs = BoundedTable<PairKey, PairHistory, 2>;

  // A user's known-good pairs of one prefix.
  struct Neighbours {
    std::uint32_t count = 0;
    std::int64_t since = INT64_MAX;  // the first minute of the oldest there has been among them
    std::int64_t last = INT64_MIN;   // the last minute of any of them
  };

  [[nodiscard]] Pairs::Id FindOrMake(const PairKey& pair, Time now);
  [[nodiscard]] bool IsGood(Pairs::Id id) const { return pairs_.ListOf(id) == kGood; }
  [[nodiscard]] const Neighbours& NeighboursOf(Pairs::Id id) const;
  void NoteNeighbours(Pairs::Id id);
  void Promote(Pairs::Id id);
  void Forget(Pairs::Id id);

  Pairs pairs_;
  // How many known-good pairs a source, and a (prefix, user), has. As large as pairs_, so an insert
  // cannot fail.
  BoundedTable<Address, std::uint32_t> sources_;
  BoundedTable<PairKey, Neighbours> prefixes_;
};

}  // namespace headgate
