#include "policies/waiting_room.h"

namespace headgate {

WaitingRoom::WaitingRoom(KeyedHash hash) : flow_of_(0, Hash{hash}), per_source_now_(0, hash) {}

void WaitingRoom::Configure(const WaitingLimits& limits) {
  max_ = limits.max;
  per_source_ = limits.per_source;
}

WaitingRoom::Room WaitingRoom::Ask(const Address& source, Tier tier) const {
  const auto it = per_source_now_.find(source);
  if (it != per_source_now_.end() && it->second >= per_source_) return Room::kSourceFull;
  if (size_ < max_) return Room::kYes;
  for (std::size_t worse = kTiers - 1; worse > static_cast<std::size_t>(tier); --worse) {
    if (tiers_[worse].newest != kNone) return Room::kDisplacing;
  }
  return Room::kFull;
}

void* WaitingRoom::Displaced() const {
  for (std::size_t tier = kTiers - 1; tier > 0; --tier) {
    if (tiers_[tier].newest != kNone) return entries_[tiers_[tier].newest].a.who;
  }
  return entries_[tiers_[0].newest].a.who;
}

WaitingRoom::Place WaitingRoom::Enter(const Applicant& a, Time now) {
  Index e = static_cast<Index>(entries_.size());
  if (free_entries_.empty()) {
    entries_.emplace_back();
  } else {
    e = free_entries_.back();
    free_entries_.pop_back();
  }
  entries_[e] = Entry{.a = a, .in_flow = {}, .in_tier = {}};
  ++size_;
  ++per_source_now_[a.source];
  LinkTier(e);
  if (a.deadline != kNever) deadlines_.emplace(a.deadline, e);
  if (a.not_before > now) {
    delayed_.emplace(a.not_before, e);
  } else {
    Queue(e);
  }
  return e;
}

void WaitingRoom::Leave(Place e) {
  const Applicant a = entries_[e].a;
  if (entries_[e].flow == kNone) {
    delayed_.erase({a.not_before, e});
  } else {
    Unqueue(e);
  }
  if (a.deadline != kNever) deadlines_.erase({a.deadline, e});
  UnlinkTier(e);
  const auto it = per_source_now_.find(a.source);
  if (--it->second == 0) per_source_now_.erase(it);
  --size_;
  free_entries_.push_back(e);
}

void WaitingRoom::Forgive(Place e) {
  Applicant& a = entries_[e].a;
  if (a.deadline != kNever) deadlines_.erase({a.deadline, e});
  a.deadline = kNever;
}

void WaitingRoom::WakeDelayed(Time now) {
  while (!delayed_.empty() && delayed_.begin()->first <= now) {
    const Index e = delayed_.begin()->second;
    delayed_.erase(delayed_.begin());
    Queue(e);
  }
}

void* WaitingRoom::Overdue(Time now) const {
  if (deadlines_.empty() || deadlines_.begin()->first > now) return nullptr;
  return entries_[deadlines_.begin()->second].a.who;
}

Time WaitingRoom::NextEvent() const {
  Time next = kNever;
  if (!deadlines_.empty()) next = deadlines_.begin()->first;
  if (!delayed_.empty() && delayed_.begin()->first < next) next = delayed_.begin()->first;
  return next;
}

void WaitingRoom::Queue(Index e) {
  Entry& entry = entries_[e];
  const FlowKey key{entry.a.source, entry.a.class_id, entry.a.tier};
  const auto [it, is_new] = flow_of_.try_emplace(key, kNone);
  if (is_new) it->second = OpenFlow(key);
  Flow& flow = flows_[it->second];
  entry.flow = it->second;
  entry.in_flow = {flow.tail, kNone};
  (flow.tail == kNone ? flow.head : entries_[flow.tail].in_flow.next) = e;
  flow.tail = e;
  ++queued_;
}

void WaitingRoom::Unqueue(Index e) {
  Entry& entry = entries_[e];
  Flow& flow = flows_[entry.flow];
  const auto [prev, next] = entry.in_flow;
  (prev == kNone ? flow.head : entries_[prev].in_flow.next) = next;
  (next == kNone ? flow.tail : entries_[next].in_flow.prev) = prev;
  if (flow.head == kNone) CloseFlow(entry.flow);
  entry.flow = kNone;
  --queued_;
}

// A new flow gets its turn after all the others of its group.
WaitingRoom::Index WaitingRoom::OpenFlow(const FlowKey& key) {
  Index f = static_cast<Index>(flows_.size());
  if (free_flows_.empty()) {
    flows_.emplace_back();
  } else {
    f = free_flows_.back();
    free_flows_.pop_back();
  }
  flows_[f] = Flow{.key = key, .ring = {f, f}};
  Group& group = GroupOf(key.tier, key.class_id);
  if (group.flows++ == 0) {
    group.next = f;
  } else {
    const Index after = group.next;
    const Index before = flows_[after].ring.prev;
    flows_[f].ring = {before, after};
    flows_[before].ring.next = f;
    flows_[after].ring.prev = f;
  }
  return f;
}

void WaitingRoom::CloseFlow(Index f) {
  const Flow& flow = flows_[f];
  Group& group = GroupOf(flow.key.tier, flow.key.class_id);
  const auto [prev, next] = flow.ring;
  flows_[prev].ring.next = next;
  flows_[next].ring.prev = prev;
  if (group.next == f) group.next = next;
  if (--group.flows == 0) group.next = kNone;
  flow_of_.erase(flow.key);
  free_flows_.push_back(f);
}

WaitingRoom::Group& WaitingRoom::GroupOf(Tier tier, SlotLedger::ClassId id) {
  auto& groups = groups_[static_cast<std::size_t>(tier)];
  if (groups.size() <= id) groups.resize(id + 1);
  return groups[id];
}

void WaitingRoom::LinkTier(Index e) {
  Ends& ends = tiers_[static_cast<std::size_t>(entries_[e].a.tier)];
  entries_[e].in_tier = {ends.newest, kNone};
  (ends.newest == kNone ? ends.oldest : entries_[ends.newest].in_tier.next) = e;
  ends.newest = e;
}

void WaitingRoom::UnlinkTier(Index e) {
  Ends& ends = tiers_[static_cast<std::size_t>(entries_[e].a.tier)];
  const auto [prev, next] = entries_[e].in_tier;
  (prev == kNone ? ends.oldest : entries_[prev].in_tier.next) = next;
  (next == kNone ? ends.newest : entries_[next].in_tier.prev) = prev;
}

}  // namespace headgate
