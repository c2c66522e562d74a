// Those whose login is complete but who have no slot or no lane place yet. Bounded in clients, and
// per source while more than half of the room is taken. Served in tiers (who earned most trust
// first), inside a tier round robin by source, inside a source first come first served. Every
// (tier, class) is a group of its own, so that a full class never blocks the others.
//
// When the room is full, the worst tier pays: the newcomer takes the place of the oldest entry of
// its greediest group (wide prefix, then prefix, then source, as in the pending budget), the
// newcomer counted in its own; it is refused when the greediest source is its own, or when its tier
// is worse than all that wait. So many sources filling the room cannot keep a new one out.
//
// Threads: none inside; used under the engine's admission mutex. Lifetime: outlives its places;
// `who` pointers are the caller's and must Leave() before they die.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include <absl/container/btree_set.h>
#include <absl/container/flat_hash_map.h>
#include "policies/address.h"
#include "policies/group_tree.h"
#include "policies/keyed_hash.h"
#include "policies/limits.h"
#include "policies/slot_ledger.h"
#include "policies/time.h"

namespace headgate {

class WaitingRoom {
 public:
  enum class Tier : std::uint8_t { kKnownGood, kKnownNeighbour, kOther };
  static constexpr std::size_t kTiers = 3;

  struct Applicant {
    void* who = nullptr;  // for the caller
    Address source;
    SlotLedger::ClassId class_id = 0;
    Tier tier = Tier::kOther;
    Time deadline = kNever;
    Time not_before{};  // a delayed login queues up when this has come
  };

  enum class Room : std::uint8_t {
    kYes,
    kDisplacing,  // only in the place of `displaced`
    kFull,
    kSourceFull,
  };
  struct Answer {
    Room room = Room::kYes;
    void* displaced = nullptr;
  };

  // What the caller found when it tried to let somebody in.
  enum class Try : std::uint8_t {
    kIn,             // took a slot; leaves the room
    kSourceBlocked,  // not this source now; others of the group may
    kGroupBlocked,   // nobody of this tier and class now
  };

  using Place = std::uint32_t;
  static constexpr Place kNowhere = ~Place{0};

  explicit WaitingRoom(KeyedHash hash);

  void Configure(const WaitingLimits& limits);
  // `per_source`: the limit for this one, where it is not the configured.
  [[nodiscard]] Answer Ask(const Address& source, Tier tier,
                           std::optional<std::uint32_t> per_source = std::nullopt) const;
  // Takes a place whatever Ask() says (limits that do not act; else ask first).
  Place Enter(const Applicant& a, Time now);
  void Leave(Place place);
  // From now on without a deadline (a deadline that does not act).
  void Forgive(Place place);

  // Offers entries to `try_in(const Applicant&) -> Try` in the order they are due, until nobody
  // can be let in. Those let in have left the room when their call returns.
  // Time: O(let in + groups + sources at their lane limit).
  template <class TryIn>
  void Serve(Time now, TryIn try_in);
  // Somebody whose deadline has passed, or null.
  [[nodiscard]] void* Overdue(Time now) const;
  // The next deadline or the end of the next delay.
  [[nodiscard]] Time NextEvent() const;

  // Calls `tell(who, position)` for those who are queued, by their turns; the first of each tier
  // and class has position 1. At most `most` of each.
  template <class Tell>
  void ForEachTurn(std::uint32_t most, Tell tell) const;
  // Queued of one class, all tiers.
  [[nodiscard]] std::uint32_t QueuedOf(SlotLedger::ClassId id) const;

  // Of one source, delayed ones included. `source` as SourceOf().
  [[nodiscard]] std::uint32_t CountOf(const Address& source) const;

  [[nodiscard]] std::uint32_t size() const { return size_; }
  // Those not merely delayed: only they can be served.
  [[nodiscard]] std::uint32_t queued() const { return queued_; }

 private:
  using Index = std::uint32_t;
  static constexpr Index kNone = ~Index{0};

  struct Links {
    Index prev = kNone, next = kNone;
  };
  struct Entry {
    Applicant a;
    Index flow = kNone;  // kNone while delayed
    Links in_flow;
    GroupTree::Id in_tier = GroupTree::kNone;
  };
  // The waiting logins of one source in one tier and class.
  struct FlowKey {
    Address source;
    SlotLedger::ClassId class_id = 0;
    Tier tier = Tier::kOther;
    bool operator==(const FlowKey&) const = default;
  };
  struct Flow {
    FlowKey key;
    Index head = kNone, tail = kNone;
    Links ring;
  };
  struct Group {
    Index next = kNone;  // the flow whose turn it is
    std::uint32_t flows = 0;
    std::uint32_t queued = 0;
    std::uint64_t blocked_in = 0;  // the Serve() that found it blocked
  };
  struct Hash {
    KeyedHash keyed;
    std::size_t operator()(const FlowKey& k) const {
      return keyed(
          PairKey{k.source, std::uint64_t{k.class_id} << 8 | static_cast<unsigned>(k.tier)});
    }
  };

  void Queue(Index e);
  void Unqueue(Index e);
  Index OpenFlow(const FlowKey& key);
  void CloseFlow(Index f);
  Group& GroupOf(Tier tier, SlotLedger::ClassId id);
  void WakeDelayed(Time now);
  [[nodiscard]] GroupTree& HoldersOf(Tier tier) { return holders_[static_cast<std::size_t>(tier)]; }
  template <class TryIn>
  bool ServeTier(std::size_t tier, TryIn& try_in);
  template <class TryIn>
  bool ServeOne(Group& group, TryIn& try_in);

  std::uint32_t max_ = 0;
  std::uint32_t per_source_ = 0;
  std::uint32_t size_ = 0;
  std::uint32_t queued_ = 0;
  std::uint64_t serving_ = 0;
  std::vector<Entry> entries_;
  std::vector<Index> free_entries_;
  std::vector<Flow> flows_;
  std::vector<Index> free_flows_;
  absl::flat_hash_map<FlowKey, Index, Hash> flow_of_;
  absl::flat_hash_map<Address, std::uint32_t, KeyedHash> per_source_now_;
  std::array<std::vector<Group>, kTiers> groups_;  // by class
  std::array<std::size_t, kTiers> cursor_{};       // the class whose turn it is
  std::array<GroupTree, kTiers> holders_;          // tags are places
  absl::btree_set<std::pair<Time, Index>> deadlines_;
  absl::btree_set<std::pair<Time, Index>> delayed_;
};

template <class TryIn>
void WaitingRoom::Serve(Time now, TryIn try_in) {
  WakeDelayed(now);
  ++serving_;
  for (std::size_t tier = 0; tier < kTiers && queued_ > 0; ++tier) {
    while (ServeTier(tier, try_in)) {
    }
  }
}

template <class Tell>
void WaitingRoom::ForEachTurn(std::uint32_t most, Tell tell) const {
  for (const std::vector<Group>& tier : groups_) {
    for (const Group& group : tier) {
      if (group.flows == 0) continue;
      std::vector<Index> heads;  // of the flows, in the order of their turns
      for (Index f = group.next; heads.size() < group.flows; f = flows_[f].ring.next) {
        heads.push_back(flows_[f].head);
      }
      for (std::uint32_t position = 1; position <= std::min(most, group.queued);) {
        for (Index& e : heads) {
          if (e == kNone || position > most) continue;
          tell(entries_[e].a.who, position++);
          e = entries_[e].in_flow.next;
        }
      }
    }
  }
}

// One turn for every class that has somebody waiting. False when nobody got in.
template <class TryIn>
bool WaitingRoom::ServeTier(std::size_t tier, TryIn& try_in) {
  const std::size_t n = groups_[tier].size();
  bool any = false;
  for (std::size_t i = 0; i < n; ++i) {
    Group& group = groups_[tier][(cursor_[tier] + i) % n];
    if (group.flows == 0 || group.blocked_in == serving_) continue;
    if (ServeOne(group, try_in)) {
      any = true;
    } else {
      group.blocked_in = serving_;
    }
  }
  if (any) cursor_[tier] = (cursor_[tier] + 1) % n;
  return any;
}

template <class TryIn>
bool WaitingRoom::ServeOne(Group& group, TryIn& try_in) {
  for (std::uint32_t left = group.flows; left > 0; --left) {
    const Index f = group.next;
    const Index e = flows_[f].head;
    group.next = flows_[f].ring.next;
    switch (try_in(static_cast<const Applicant&>(entries_[e].a))) {
      case Try::kIn:
        Leave(e);
        return true;
      case Try::kSourceBlocked:
        continue;
      case Try::kGroupBlocked:
        group.next = f;
        return false;
    }
  }
  return false;
}

}  // namespace headgate
