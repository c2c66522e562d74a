#include "policies/waiting_room.h"

namespace headgate {

WaitingRoom::WaitingRoom(KeyedHash hash)
    : flow_of_(0, Hash{hash}),
      per_source_now_(0, hash),
      holders_{GroupTree(hash), GroupTree(hash), GroupTree(hash)} {}

void WaitingRoom::Configure(const WaitingLimits& limits) {
  max_ = limits.max;
  per_source_ = limits.per_source;
}

WaitingRoom::Answer WaitingRoom::Ask(const Address& source, Tier tier,
                                     std::optional<std::uint32_t> per_source) const {
  // A pool that starts up asks for all its connections at once: with room in plenty it gets them.
  const bool scarce = 2 * std::size_t{size_} >= max_;
  const std::uint32_t here = CountOf(source);
  if (scarce && here > 0 && here >= per_source.value_or(per_source_)) return {Room::kSourceFull};
  if (size_ < max_) return {Room::kYes};
  std::size_t worst = kTiers - 1;
  while (worst > 0 && holders_[worst].size() == 0) --worst;
  const GroupTree& payers = holders_[worst];
  if (payers.size() == 0 || worst < static_cast<std::size_t>(tier)) return {Room::kFull};
  // Among equals the newcomer counts as if it were in already.
  const bool among_equals = worst == static_cast<std::size_t>(tier);
  const GroupTree::Id payer = among_equals ? payers.GreediestWith(source) : payers.Greediest();
  if (payer == GroupTree::kNone) return {Room::kFull};
  if (among_equals && payers.SourceOfMember(payer) == source) return {Room::kFull};
  return {Room::kDisplacing, entries_[static_cast<Index>(payers.TagOf(payer))].a.who};
}

std::uint32_t WaitingRoom::CountOf(const Address& source) const {
  const auto it = per_source_now_.find(source);
  return it == per_source_now_.end() ? 0 : it->second;
}

WaitingRoom::Place WaitingRoom::Enter(const Applicant& a, Time now) {
  Index e = static_cast<Index>(entries_.size());
  if (free_entries_.empty()) {
    entries_.emplace_back();
  } else {
    e = free_entries_.back();
    free_entries_.pop_back();
  }
  entries_[e] = Entry{.a = a, .in_flow = {}};
  ++size_;
  ++per_source_now_[a.source];
  entries_[e].in_tier = HoldersOf(a.tier).Add(a.source, e);
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
  HoldersOf(a.tier).Remove(entries_[e].in_tier);
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
  ++GroupOf(key.tier, key.class_id).queued;
}

void WaitingRoom::Unqueue(Index e) {
  Entry& entry = entries_[e];
  Flow& flow = flows_[entry.flow];
  const auto [prev, next] = entry.in_flow;
  (prev == kNone ? flow.head : entries_[prev].in_flow.next) = next;
  (next == kNone ? flow.tail : entries_[next].in_flow.prev) = prev;
  --GroupOf(flow.key.tier, flow.key.class_id).queued;
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

std::uint32_t WaitingRoom::QueuedOf(SlotLedger::ClassId id) const {
  std::uint32_t queued = 0;
  for (const std::vector<Group>& tier : groups_) queued += id < tier.size() ? tier[id].queued : 0;
  return queued;
}

WaitingRoom::Group& WaitingRoom::GroupOf(Tier tier, SlotLedger::ClassId id) {
  auto& groups = groups_[static_cast<std::size_t>(tier)];
  if (groups.size() <= id) groups.resize(id + 1);
  return groups[id];
}

}  // namespace headgate
