#include "policies/usage_group.h"

#include <algorithm>
#include <utility>

namespace headgate {

using M = GroupMeasure;

UsageGroup::UsageGroup(std::string user, const Address& network, KeyedHash hash)
    : user_(std::move(user)), network_(network), members_(0, hash) {}

UsageGroup::Member* UsageGroup::MemberFor(const Address& source) {
  const auto found = members_.find(source);
  if (found != members_.end()) return &found->second;
  return members_.size() < kMostMembers ? &members_[source] : nullptr;
}

void UsageGroup::High(GroupMeasure m, double value) {
  double& high = highs_[static_cast<std::size_t>(m)];
  high = std::max(high, value);
}

void UsageGroup::Enter(Member& member) {
  CountLogin();
  ++inside_;
  ++member.slots;
  if (member.works) {
    High(M::kSlots, ++slots_);
  } else {
    member.slots_before = std::max(member.slots_before, member.slots);
  }
}

void UsageGroup::Leave(Member& member) {
  --inside_;
  --member.slots;
  if (member.works) --slots_;
}

void UsageGroup::Command(Member& member, Time clock) {
  const RateHighs& counts = member.commands.Add(clock);
  if (!member.works) return member.commands_before.Raise(counts);
  source_command_highs_.Raise(counts);
  command_highs_.Raise(command_counts_.Add(clock));
}

void UsageGroup::Run(Member& member, int by, Time now) {
  member.running += static_cast<std::uint32_t>(by);
  const double busy = member.busy.Set(member.running, now);
  if (!member.works) {
    member.running_before = std::max(member.running_before, member.running);
    member.busy_before = std::max(member.busy_before, busy);
    return;
  }
  running_ += static_cast<std::uint32_t>(by);
  High(M::kRunning, running_);
  High(M::kSourceRunning, member.running);
  High(M::kBusy, busy_.Set(running_, now));
  High(M::kSourceBusy, busy);
}

void UsageGroup::Answered(Member& member, double seconds, Time now) {
  if (!member.works) Work(member, now);
  ++statements_;
  High(M::kLongest, seconds);
}

void UsageGroup::Work(Member& member, Time now) {
  member.works = true;
  slots_ += member.slots;
  running_ += member.running;
  High(M::kSlots, std::max(slots_, member.slots_before));
  High(M::kRunning, std::max(running_, member.running_before));
  High(M::kSourceRunning, member.running_before);
  High(M::kBusy, std::max(busy_.Set(running_, now), member.busy_before));
  High(M::kSourceBusy, member.busy_before);
  command_highs_.Raise(member.commands_before);
  source_command_highs_.Raise(member.commands_before);
}

void UsageGroup::CloseMinute(Minute minute, Minute next, Time now) {
  std::uint32_t running = 0, busy = 0;
  for (auto& [address, member] : members_) {
    const double average = member.busy.Advance(now);
    if (!member.works) {
      member.busy_before = std::max(member.busy_before, average);
      continue;
    }
    High(M::kSourceBusy, average);
    running = std::max(running, member.running);
    busy = std::max(busy, member.busy.running());
  }
  High(M::kBusy, busy_.Advance(now));
  for (std::size_t m = 0; m < kGroupMeasures; ++m) series_[m].Add(minute, minute + 1, highs_[m]);
  commands_.Add(minute, command_highs_);
  source_commands_.Add(minute, source_command_highs_);
  command_highs_ = source_command_highs_ = {};
  highs_.fill(0);
  High(M::kSlots, slots_);
  High(M::kRunning, running_);
  High(M::kSourceRunning, running);
  for (const auto m : {M::kSlots, M::kRunning, M::kSourceRunning}) {
    const auto i = static_cast<std::size_t>(m);
    series_[i].Add(minute + 1, next, highs_[i]);
  }
  series_[static_cast<std::size_t>(M::kBusy)].Add(minute + 1, next, busy_.running());
  series_[static_cast<std::size_t>(M::kSourceBusy)].Add(minute + 1, next, busy);
  if (members_.size() > kMostMembers / 2) Prune();
}

// Who came in, never worked and is gone is nobody to learn from.
void UsageGroup::Prune() {
  std::erase_if(members_, [](const auto& m) { return !m.second.works && m.second.slots == 0; });
}

std::vector<Address> UsageGroup::Sources() const {
  std::vector<Address> out;
  for (const auto& [address, member] : members_) {
    if (member.works) out.push_back(address);
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::size_t UsageGroup::entries() const {
  std::size_t sum = commands_.entries() + source_commands_.entries();
  for (const MinuteSeries& series : series_) sum += series.entries();
  return sum;
}

}  // namespace headgate
