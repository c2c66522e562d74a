// Things by their counts, the least at hand: the "stream summary" of Space-Saving (Metwally,
// Agrawal, El Abbadi: "Efficient computation of frequent and top-k elements in data streams",
// 2005). Those of one count are a group, those of a group stand in the order they came to it, and a
// count that goes up by one takes its thing to the next group: O(1).
//
// The things are numbers below `things`; each is in at most one of a few separate tiers.
//
// Threads: none of its own. Lifetime: allocates when it is made, then never.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headgate {

class CountOrder {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = UINT32_MAX;

  CountOrder(std::uint32_t things, std::uint32_t tiers);

  // REQUIRES: `id` is in no tier. O(1) for the least counts, else O(groups below `count`).
  void Insert(Id id, std::uint32_t tier, std::uint64_t count);
  void Remove(Id id);
  void Increment(Id id);
  // All counts become 0, and the order remains: who had the least is still the first to go.
  void Zero();

  // The first come of those with the least count; kNone when the tier is empty.
  [[nodiscard]] Id Least(std::uint32_t tier) const {
    const Id group = least_[tier];
    return group == kNone ? kNone : groups_[group].first;
  }
  // Who of the same count came to it next, or kNone.
  [[nodiscard]] Id After(Id id) const { return links_[id].after; }
  // REQUIRES: `id` is in a tier.
  [[nodiscard]] std::uint64_t count(Id id) const { return groups_[links_[id].group].count; }
  [[nodiscard]] bool Holds(Id id) const { return links_[id].group != kNone; }
  [[nodiscard]] std::uint32_t tier(Id id) const { return groups_[links_[id].group].tier; }
  [[nodiscard]] std::size_t MemoryBytes() const {
    return links_.size() * sizeof(Link) + groups_.size() * sizeof(Group);
  }

 private:
  struct Link {
    Id before = kNone, after = kNone;  // within the group
    Id group = kNone;
  };
  struct Group {
    std::uint64_t count = 0;
    Id first = kNone, last = kNone;
    Id lower = kNone, higher = kNone;  // groups; `higher` also of the free list
    std::uint32_t tier = 0;
  };

  Id NewGroup(std::uint32_t tier, std::uint64_t count, Id lower);
  void DropGroup(Id group);
  void Append(Id id, Id group);
  // Takes `id` out of its group, which may be left empty.
  void Unlink(Id id);
  void MergeTier(std::uint32_t tier);

  std::vector<Link> links_;
  std::vector<Group> groups_;
  std::vector<Id> least_;  // group, by tier
  Id free_ = kNone;
};

}  // namespace headgate
