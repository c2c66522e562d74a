// Who comes most often, of more than there is room for: Space-Saving (Metwally, Agrawal, El Abbadi,
// 2005; see count_order.h). When all places are taken a newcomer takes the place of who has the
// least count and goes on from there; what it did not earn itself is its `error`. So, with N
// counted this round and m places,
//   count - error <= true count <= count, and who has a true count above N / m has a place.
// O(1) an update. For keys an attacker may choose: found by a keyed hash, which the caller has at
// hand.
//
// Tiers: each has places of its own, so that nobody of tier 0, where newcomers come, pushes out
// whom the owner has promoted. The bounds then hold tier by tier; of a key that was pushed out of a
// higher tier, tier 0 does not know what it had counted there.
//
// Threads: none of its own. Lifetime: allocates when it is made, then never. An id is its key's
// until the key is pushed out or erased; generation(id) tells.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "policies/count_order.h"

namespace headgate {

template <typename Key, typename Value, int kTiers = 1>
class HeavyHitters {
 public:
  using Id = std::uint32_t;
  static constexpr Id kNone = CountOrder::kNone;
  using Capacities = std::array<std::uint32_t, kTiers>;

  // REQUIRES: each of `capacity` is at least 1, all together below 2^31.
  explicit HeavyHitters(const Capacities& capacity)
      : capacity_(capacity),
        nodes_(std::accumulate(capacity.begin(), capacity.end(), std::size_t{0})),
        generations_(nodes_.size()),
        slots_(std::bit_ceil(2 * nodes_.size() + 2)),
        order_(static_cast<std::uint32_t>(nodes_.size()), kTiers) {
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      nodes_[i].next_free = std::exchange(free_, static_cast<Id>(i));
    }
  }

  // Inline by force, see FlowTable::Prefetch().
  [[gnu::always_inline]] void Prefetch(std::uint64_t hash) const {
    __builtin_prefetch(&slots_[Home(hash)]);
  }

  [[nodiscard]] Id Find(std::uint64_t hash, const Key& key) const {
    for (std::size_t i = Home(hash); slots_[i].id != kNone; i = Next(i)) {
      if (slots_[i].hash == Short(hash) && nodes_[slots_[i].id].key == key) return slots_[i].id;
    }
    return kNone;
  }

  // Counts one for `key`, whichever tier it is in; a newcomer enters tier 0.
  Id Add(std::uint64_t hash, const Key& key) {
    Id id = Find(hash, key);
    if (id == kNone) id = Enter(hash, key, 0);
    order_.Increment(id);
    return id;
  }
  // `key`, without counting it. A newcomer gets a place only if it costs nobody a count: else
  // kNone.
  Id Touch(std::uint64_t hash, const Key& key) {
    const Id id = Find(hash, key);
    if (id != kNone) return id;
    if (size_[0] == capacity_[0] && order_.count(order_.Least(0)) > 0) return kNone;
    return Enter(hash, key, 0);
  }
  // `key`, without counting it, in `tier` at any cost.
  Id Place(std::uint64_t hash, const Key& key, std::uint32_t tier) {
    const Id id = Find(hash, key);
    if (id == kNone) return Enter(hash, key, tier);
    Promote(id, tier);
    return id;
  }
  // To a tier, whose least makes room if it must. Its count comes along.
  void Promote(Id id, std::uint32_t tier) {
    if (order_.tier(id) == tier) return;
    const std::uint64_t count = order_.count(id);
    TakeOut(id);
    if (size_[tier] == capacity_[tier]) Evict(tier);
    PutIn(id, tier, count);
  }
  void Erase(Id id) {
    TakeOut(id);
    Forget(id);
  }
  // The counts and errors of all become 0; who is known remains so.
  void NewRound() {
    order_.Zero();
    unseen_.fill(0);
    for (Node& n : nodes_) n.error = 0;
  }

  [[nodiscard]] std::uint64_t count(Id id) const { return order_.count(id); }
  [[nodiscard]] std::uint64_t error(Id id) const { return nodes_[id].error; }
  [[nodiscard]] std::uint32_t tier(Id id) const { return order_.tier(id); }
  [[nodiscard]] const Key& KeyOf(Id id) const { return nodes_[id].key; }
  // How often the place has changed hands.
  [[nodiscard]] std::uint32_t generation(Id id) const { return generations_[id]; }
  [[nodiscard]] Value& operator[](Id id) { return nodes_[id].value; }
  [[nodiscard]] const Value& operator[](Id id) const { return nodes_[id].value; }
  // For every id below places(): whether somebody has it.
  [[nodiscard]] bool Holds(Id id) const { return order_.Holds(id); }
  [[nodiscard]] Id places() const { return static_cast<Id>(nodes_.size()); }
  [[nodiscard]] std::uint32_t size(std::uint32_t tier) const { return size_[tier]; }
  [[nodiscard]] std::size_t MemoryBytes() const {
    return nodes_.size() * (sizeof(Node) + sizeof(std::uint32_t)) + slots_.size() * sizeof(Slot) +
           order_.MemoryBytes();
  }

 private:
  struct Node {
    Value value{};
    Key key{};
    std::uint64_t error = 0;
    std::uint64_t hash = 0;
    Id next_free = kNone;
  };
  // Open addressing with linear probing; never more than half full.
  struct Slot {
    std::uint32_t hash = 0;
    Id id = kNone;
  };

  [[nodiscard]] std::size_t Home(std::uint64_t hash) const { return hash & (slots_.size() - 1); }
  [[nodiscard]] std::size_t Next(std::size_t i) const { return (i + 1) & (slots_.size() - 1); }
  // Home() is one to one with these bits while there are fewer than 2^32 slots.
  static std::uint32_t Short(std::uint64_t hash) { return static_cast<std::uint32_t>(hash); }

  Id Enter(std::uint64_t hash, const Key& key, std::uint32_t tier) {
    if (size_[tier] == capacity_[tier]) Evict(tier);
    const Id id = std::exchange(free_, nodes_[free_].next_free);
    Node& n = nodes_[id];
    n.key = key;
    n.hash = hash;
    std::size_t i = Home(hash);
    while (slots_[i].id != kNone) i = Next(i);
    slots_[i] = {Short(hash), id};
    PutIn(id, tier, 0);
    return id;
  }

  void Evict(std::uint32_t tier) {
    const Id id = order_.Least(tier);
    // Counts never fall within a round, so this is the most that anybody was pushed out with.
    unseen_[tier] = order_.count(id);
    Erase(id);
    // Under a flood of new keys the next one to go is soon asked for.
    const Id next = order_.Least(tier);
    if (next == kNone) return;
    Prefetch(nodes_[next].hash);
    const Id then = order_.After(next);
    if (then != kNone) __builtin_prefetch(&nodes_[then].hash, 1);
  }

  // What it may have counted in the tier before it was pushed out there: at most unseen_.
  void PutIn(Id id, std::uint32_t tier, std::uint64_t count) {
    order_.Insert(id, tier, count + unseen_[tier]);
    nodes_[id].error += unseen_[tier];
    ++size_[tier];
  }

  void TakeOut(Id id) {
    --size_[order_.tier(id)];
    order_.Remove(id);
  }

  void Forget(Id id) {
    RemoveSlot(id);
    Node& n = nodes_[id];
    n.value = Value{};
    n.error = 0;
    ++generations_[id];
    n.next_free = std::exchange(free_, id);
  }

  // Closes the gap, so that no probe ends too early (Knuth, 6.4, algorithm R).
  void RemoveSlot(Id id) {
    std::size_t gap = Home(nodes_[id].hash);
    while (slots_[gap].id != id) gap = Next(gap);
    const std::size_t mask = slots_.size() - 1;
    for (std::size_t i = Next(gap); slots_[i].id != kNone; i = Next(i)) {
      if (((i - Home(slots_[i].hash)) & mask) < ((i - gap) & mask)) continue;
      slots_[gap] = slots_[i];
      gap = i;
    }
    slots_[gap].id = kNone;
  }

  Capacities capacity_;
  std::array<std::uint32_t, kTiers> size_{};
  std::array<std::uint64_t, kTiers> unseen_{};
  std::vector<Node> nodes_;
  std::vector<std::uint32_t> generations_;  // apart: asked of many that are gone
  std::vector<Slot> slots_;
  CountOrder order_;
  Id free_ = kNone;
};

}  // namespace headgate
