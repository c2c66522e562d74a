// Who is out until when: sources, and networks that an operator bans whole. Bans for going on after
// refusals double each time, up to a maximum, and are forgotten after as long a quiet.
//
// Bounded. When full, room is made in this order: ended bans that are only remembered for the next
// one's length (soonest forgotten first), then the gate's own bans (soonest to expire first), then
// the operator's (soonest first); an operator's ban is never pushed out by one of the gate's own,
// which is dropped instead.
//
// Threads: none of its own; the engine's lock. Lifetime: the list owns copies of all it is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include <absl/container/btree_map.h>
#include <absl/container/btree_set.h>
#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/time.h"

namespace headgate {

struct BanInfo {
  Cidr network;  // SourceNetwork() of a source, or wider
  Time until{};
  std::uint32_t times = 0;  // how often it was banned lately: decides the next duration
  std::string reason;
  bool by_operator = false;
  // It came through a proxy, whose address the packets have: the kernel has nothing to match.
  bool gate_only = false;
};

// For the state file: one that runs, or has ended and is still counted.
struct BanRecord {
  Cidr network;
  Duration left{};    // zero: it has ended
  Duration forget{};  // until its escalation is forgotten
  std::uint32_t times = 0;
  bool by_operator = false;
  bool gate_only = false;
  std::string reason;
  bool operator==(const BanRecord&) const = default;
};

class BanList {
 public:
  static constexpr std::uint32_t kDefaultCapacity = 65536;
  static constexpr std::size_t kMaxReasonBytes = 120;  // longer ones are cut

  explicit BanList(KeyedHash hash, std::uint32_t capacity = kDefaultCapacity);

  // `source`, here and below: any address of it. O(1), and once more for each width of network that
  // is banned. A ban ends at its `until`, whether or not Expire() was called.
  [[nodiscard]] bool IsBanned(const Address& source, Time now) const;
  // The same, for an operator's ban only: those bind whatever [source] enforce says.
  [[nodiscard]] bool IsBannedByOperator(const Address& source, Time now) const;
  // When the last ban that binds it ends; nothing where none does.
  [[nodiscard]] std::optional<Time> BannedUntil(const Address& source, Time now) const;

  // The one that binds: an operator's before the gate's own, then the one that ends last.
  [[nodiscard]] std::optional<BanInfo> Find(const Address& source, Time now) const;

  // The gate's own: for `ban`, doubled for each ban within the last `ban_max` of quiet, at most
  // `ban_max`. A running longer ban is never shortened. Returns when it ends; `now` when the list
  // is full of the operator's bans. `gate_only`: see BanInfo.
  Time Escalate(const Address& source, Duration ban, Duration ban_max, std::string_view reason,
                Time now, bool gate_only = false);
  // The source was met at its own address: its ban is not gate_only any more. True when it was.
  bool NoteDirect(const Address& source, Time now);
  // The operator's: exactly this long (at most 10 years), replacing what was. REQUIRES: a source's
  // own network, or a wider one. False: the list is full of an operator's longer bans.
  bool Ban(const Cidr& network, Duration how_long, std::string_view reason, Time now);
  // False when it was not banned itself. Forgets its escalation as well.
  [[nodiscard]] bool Unban(const Cidr& network, Time now);
  // How many were banned.
  std::size_t UnbanAll(Time now);

  // Running bans, the soonest to expire first among the gate's own, then the operator's.
  [[nodiscard]] std::vector<BanInfo> List(Time now) const;
  // All that is remembered, in the order of List(), ended ones first.
  [[nodiscard]] std::vector<BanRecord> Export(Time now) const;
  // One of an earlier run as it was, `elapsed` ago. With one that is there already it becomes one,
  // that lasts as long as either. Nothing where more important ones need the room.
  void Restore(const BanRecord& record, Duration elapsed, Time now);
  // tell(const Cidr& network, bool by_operator) for each running ban that binds `source`.
  template <class Tell>
  void ForEachOver(const Address& source, Time now, Tell tell) const {
    ForEachOn(source, now,
              [&](Id id) { tell(table_.KeyOf(id), table_[id].kind == Kind::kOperator); });
  }
  // tell(const Cidr& network, bool by_operator) for each running ban, in no order of use.
  template <class Tell>
  void ForEach(Time now, Tell tell) const {
    for (const Order& o : order_) {
      const Entry& e = table_[o.id];
      if (e.kind != Kind::kEnded && now < e.until)
        tell(table_.KeyOf(o.id), e.kind == Kind::kOperator);
    }
  }
  // Running bans after Expire(); before it, ended ones may still be counted.
  [[nodiscard]] std::size_t size() const { return running_; }
  // Drops what is over. Cheap when nothing is; call it now and then.
  void Expire(Time now);

 private:
  // In the order of who makes room first.
  enum class Kind : std::uint8_t { kEnded, kOwn, kOperator };
  struct Entry {
    Time until{};
    Time forget{};  // when the escalation is forgotten: until + ban_max
    std::uint32_t times = 0;
    Kind kind = Kind::kEnded;
    bool gate_only = false;
    std::string reason;
  };
  using Id = std::uint32_t;
  struct Order {
    Kind kind;
    Time at;  // kEnded: forget; else until
    Id id;
    bool operator<(const Order& o) const {
      return std::tie(kind, at, id) < std::tie(o.kind, o.at, o.id);
    }
  };

  static Order OrderOf(const Entry& e, Id id);
  static Cidr KeyOf(const Cidr& network);
  static bool IsWide(const Cidr& key) { return key != SourceNetwork(key.address); }
  [[nodiscard]] bool Runs(const Cidr& key, Kind least, Time now) const;
  [[nodiscard]] bool Binds(const Address& source, Kind least, Time now) const;
  [[nodiscard]] BanInfo InfoOf(Id id) const;
  // Calls `look` with each ban that binds the source.
  template <class Look>
  void ForEachOn(const Address& source, Time now, Look look) const {
    const auto at = [&](const Cidr& key) {
      if (Runs(key, Kind::kOwn, now)) look(table_.Find(key));
    };
    at(SourceNetwork(source));
    for (const auto& width : widths_) {
      if ((width.first >= kV4Bits) == source.IsV4()) {
        at({Masked(source, width.first), width.first});
      }
    }
  }
  [[nodiscard]] Id FindOrMake(const Cidr& key, Kind kind, Time now);
  void Set(Id id, Entry entry);
  void Drop(Id id);
  void ExpireKind(Kind kind, Time now);

  BoundedTable<Cidr, Entry> table_;
  absl::btree_set<Order> order_;
  absl::btree_map<std::uint8_t, std::uint32_t> widths_;  // how many wide networks have so many bits
  std::size_t running_ = 0;
};

}  // namespace headgate
