// What is known about each source that came lately: its connect rate, its refusals, how many
// connections it has (pending, waiting and in) and how many of them are logged in.
//
// Bounded. When all `capacity` entries are used, the one longest untouched among those without live
// connections goes, and is forgotten. When every entry has live connections, a new source is not
// refused for it: it falls to one shared overflow entry (kOverflow; the engine counts
// Reason::kSourceTableFull), whose rates always let through and whose counts nobody may be refused
// by. As live connections are bounded by the pending budget, the waiting room and the slots, that
// takes a table smaller than those together. A million sources that come and go cost the table's
// memory and no more; what they can push out is each other's and idle sources' rate state.
//
// Memory: 48 bytes an entry and 4 to 8 bytes of bucket; entries are allocated by 256 as needed. So
// the counts have 16 bits: a source with 65,535 live connections has its others counted by
// kOverflow. (An IPv4 address has no more ports than that towards one listener.)
//
// Threads: none of its own (the engine shards it and locks the shard). Lifetime: a handle is valid
// until the next Touch() or Expire(), or while the entry has a live connection.
#pragma once

#include <cstdint>

#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/limits.h"
#include "policies/source_name.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate {

class SourceTable {
 public:
  using Handle = std::uint32_t;
  static constexpr Handle kOverflow = 0;

  SourceTable(KeyedHash hash, std::uint32_t capacity);

  // The source's entry, made when there is none; kOverflow when there is no room. `source` as
  // SourceOf().
  [[nodiscard]] Handle Touch(const Address& source);
  // kOverflow when it has no entry: as if it had never come. Makes and refreshes nothing.
  [[nodiscard]] Handle Find(const Address& source) const;

  // One connect; false when it is above `rate`. kOverflow: always true.
  [[nodiscard]] bool TakeConnect(Handle h, const Rate& rate, Time now);
  // The same for the rate that a level above calm sets beside the first.
  [[nodiscard]] bool TakeSqueezed(Handle h, const Rate& rate, Time now);
  // What the two would say; nothing is taken.
  [[nodiscard]] bool MayConnect(Handle h, const Rate& rate, Time now) const;
  [[nodiscard]] bool MayConnectSqueezed(Handle h, const Rate& rate, Time now) const;
  // One refusal; false when the source went on above `ban_after`: time to ban. kOverflow: true.
  [[nodiscard]] bool TakeRefusal(Handle h, const Rate& ban_after, Time now);

  // A live connection begins and ends: the entry stays as long as there is one.
  void AddLive(Handle h);
  void DropLive(Handle h);
  // A logged-in session begins and ends. REQUIRES: it is also live.
  void AddGood(Handle h);
  void DropGood(Handle h);

  // How much of each rate's burst is used, 0..burst; kOverflow: nothing.
  struct Used {
    double connects = 0, squeezed = 0, refusals = 0;
  };
  [[nodiscard]] Used UsedOf(Handle h, const SourceLimits& limits, const Rate& squeezed,
                            Time now) const;
  // A new source finds no entry.
  [[nodiscard]] bool full() const {
    return table_.size() == table_.capacity() && table_.Oldest(kIdle) == Table::kNone;
  }

  // Of kOverflow: of all sources without an entry together.
  [[nodiscard]] std::uint32_t Live(Handle h) const;
  [[nodiscard]] std::uint32_t Good(Handle h) const;

  // Drops up to `most` entries without live connections and with all rates refilled, the longest
  // untouched first; stops at the first that still has something to remember. Returns how many.
  std::uint32_t Expire(Time now, std::uint32_t most);

  [[nodiscard]] std::uint32_t size() const { return table_.size(); }
  [[nodiscard]] std::uint32_t capacity() const { return table_.capacity(); }
  static constexpr std::size_t EntryBytes() { return Table::EntryBytes(); }

 private:
  struct Entry {
    TokenBucket connects;
    TokenBucket squeezed;
    TokenBucket refusals;
    std::uint16_t live = 0;
    std::uint16_t good = 0;
  };
  static constexpr std::uint16_t kMostLive = UINT16_MAX;
  static constexpr int kIdle = 0;
  static constexpr int kLive = 1;
  using Table = BoundedTable<SourceName, Entry, 2>;

  struct Counts {
    std::uint32_t live = 0, good = 0;
  };

  Table table_;
  Counts overflow_;  // whose rates are none
};

}  // namespace headgate
