#include "policies/count_order.h"

#include <utility>

namespace headgate {

// One group more than things: Increment() makes the new one before it drops the old.
CountOrder::CountOrder(std::uint32_t things, std::uint32_t tiers)
    : links_(things), groups_(std::size_t{things} + 1), least_(tiers, kNone) {
  for (std::size_t i = groups_.size(); i-- > 0;) {
    groups_[i].higher = std::exchange(free_, static_cast<Id>(i));
  }
}

CountOrder::Id CountOrder::NewGroup(std::uint32_t tier, std::uint64_t count, Id lower) {
  const Id id = std::exchange(free_, groups_[free_].higher);
  Id& from_below = lower == kNone ? least_[tier] : groups_[lower].higher;
  const Id higher = std::exchange(from_below, id);
  groups_[id] = {count, kNone, kNone, lower, higher, tier};
  if (higher != kNone) groups_[higher].lower = id;
  return id;
}

void CountOrder::DropGroup(Id id) {
  Group& g = groups_[id];
  (g.lower == kNone ? least_[g.tier] : groups_[g.lower].higher) = g.higher;
  if (g.higher != kNone) groups_[g.higher].lower = g.lower;
  g.higher = std::exchange(free_, id);
}

void CountOrder::Append(Id id, Id group) {
  Group& g = groups_[group];
  links_[id] = {g.last, kNone, group};
  (g.last == kNone ? g.first : links_[g.last].after) = id;
  g.last = id;
}

void CountOrder::Unlink(Id id) {
  const Link l = std::exchange(links_[id], Link{});
  Group& g = groups_[l.group];
  (l.before == kNone ? g.first : links_[l.before].after) = l.after;
  (l.after == kNone ? g.last : links_[l.after].before) = l.before;
}

void CountOrder::Insert(Id id, std::uint32_t tier, std::uint64_t count) {
  Id below = kNone;
  Id at = least_[tier];
  while (at != kNone && groups_[at].count < count) at = groups_[below = at].higher;
  if (at == kNone || groups_[at].count != count) at = NewGroup(tier, count, below);
  Append(id, at);
}

void CountOrder::Remove(Id id) {
  const Id group = links_[id].group;
  Unlink(id);
  if (groups_[group].first == kNone) DropGroup(group);
}

void CountOrder::Increment(Id id) {
  const Id old = links_[id].group;
  Group& g = groups_[old];
  const std::uint64_t count = g.count + 1;
  Id next = g.higher;
  const bool joins = next != kNone && groups_[next].count == count;
  if (!joins && g.first == g.last) {  // alone, and nobody is where it goes
    g.count = count;
    return;
  }
  if (!joins) next = NewGroup(g.tier, count, old);
  Unlink(id);
  Append(id, next);
  if (groups_[old].first == kNone) DropGroup(old);
}

void CountOrder::Zero() {
  for (std::uint32_t tier = 0; tier < least_.size(); ++tier) MergeTier(tier);
}

void CountOrder::MergeTier(std::uint32_t tier) {
  const Id lowest = least_[tier];
  if (lowest == kNone) return;
  groups_[lowest].count = 0;
  for (Id group = groups_[lowest].higher; group != kNone;) {
    const Group g = groups_[group];
    for (Id id = g.first; id != kNone; id = links_[id].after) links_[id].group = lowest;
    links_[groups_[lowest].last].after = g.first;
    links_[g.first].before = std::exchange(groups_[lowest].last, g.last);
    DropGroup(group);
    group = g.higher;
  }
}

}  // namespace headgate
