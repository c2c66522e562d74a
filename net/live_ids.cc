#include "net/live_ids.h"

#include <algorithm>
#include <utility>

namespace headgate::net {

LiveIds::Lease::Lease(Lease&& other) noexcept
    : ids_(std::exchange(other.ids_, nullptr)), id_(other.id_), serial_(other.serial_) {}

LiveIds::Lease& LiveIds::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    Release();
    ids_ = std::exchange(other.ids_, nullptr);
    id_ = other.id_;
    serial_ = other.serial_;
  }
  return *this;
}

void LiveIds::Lease::Release() {
  LiveIds* ids = std::exchange(ids_, nullptr);
  if (ids == nullptr) return;
  Shard& shard = ids->ShardOf(id_);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.ids.find(id_);
  if (found == shard.ids.end() || found->second.serial != serial_) return;
  if (ids->watched_) {
    found->second.ended = ids->look_;
  } else {
    shard.ids.erase(found);
  }
}

LiveIds::Lease LiveIds::Hold(std::uint32_t id) {
  const std::uint64_t serial = ++serial_;
  Shard& shard = ShardOf(id);
  const std::lock_guard lock(shard.mutex);
  shard.ids[id] = {serial, 0};
  return {this, id, serial};
}

bool LiveIds::Ours(std::uint32_t id) const {
  const Shard& shard = ShardOf(id);
  const std::lock_guard lock(shard.mutex);
  return shard.ids.contains(id);
}

void LiveIds::SetWatched(bool watched) {
  watched_ = watched;
  if (!watched) Forget(UINT64_MAX);
}

void LiveIds::EndLook() {
  const std::uint64_t look = ++look_;
  if (look > 2) Forget(look - 2);
}

void LiveIds::Forget(std::uint64_t ended_before) {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    absl::erase_if(shard.ids, [&](const auto& row) {
      return row.second.ended != 0 && row.second.ended < ended_before;
    });
  }
}

void LiveIds::Clear() {
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.ids.clear();
  }
}

std::size_t LiveIds::size() const {
  std::size_t n = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    n += shard.ids.size();
  }
  return n;
}

std::uint32_t ForeignCount::Count(const std::vector<ListedThread>& listed, const LiveIds& ours) {
  std::uint32_t foreign = 0;
  std::vector<std::uint32_t> unsettled;
  for (const ListedThread& thread : listed) {
    if (ours.Ours(thread.id)) continue;
    const bool before = std::binary_search(unsettled_.begin(), unsettled_.end(), thread.id);
    if (!thread.logging_in || before) ++foreign;
    if (thread.logging_in) unsettled.push_back(thread.id);
  }
  std::sort(unsettled.begin(), unsettled.end());
  unsettled_ = std::move(unsettled);
  return foreign;
}

}  // namespace headgate::net
