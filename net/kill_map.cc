#include "net/kill_map.h"

#include <random>
#include <utility>

namespace headgate::net {

KillMap::Lease::Lease(Lease&& other) noexcept
    : map_(std::exchange(other.map_, nullptr)), id_(std::exchange(other.id_, 0)) {}

KillMap::Lease& KillMap::Lease::operator=(Lease&& other) noexcept {
  if (this != &other) {
    Release();
    map_ = std::exchange(other.map_, nullptr);
    id_ = std::exchange(other.id_, 0);
  }
  return *this;
}

void KillMap::Lease::SetBackendId(std::size_t backend, std::uint32_t backend_id) {
  if (map_ == nullptr) return;
  Shard& shard = map_->ShardOf(id_);
  const std::lock_guard lock(shard.mutex);
  shard.ids[id_] = {backend, backend_id};
}

void KillMap::Lease::Release() {
  if (map_ == nullptr) return;
  Shard& shard = map_->ShardOf(id_);
  const std::lock_guard lock(shard.mutex);
  shard.ids.erase(id_);
  map_ = nullptr;
}

std::uint32_t KillMap::RandomFirst() {
  static_assert(kEndId - kFirstId == std::uint32_t{1} << 30, "each as likely as any other");
  return kFirstId + std::random_device{}() % (kEndId - kFirstId);
}

std::uint32_t KillMap::NextId() {
  std::uint32_t id = next_.load(std::memory_order_relaxed);
  while (!next_.compare_exchange_weak(id, id + 1 == kEndId ? kFirstId : id + 1,
                                      std::memory_order_relaxed)) {
  }
  return id;
}

KillMap::Lease KillMap::Allocate() {
  for (;;) {
    const std::uint32_t id = NextId();
    Shard& shard = ShardOf(id);
    const std::lock_guard lock(shard.mutex);
    if (shard.ids.try_emplace(id).second) return {this, id};
  }
}

std::uint32_t KillMap::BackendId(std::size_t backend, std::uint32_t our_id) const {
  const Shard& shard = ShardOf(our_id);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.ids.find(our_id);
  const bool there = found != shard.ids.end() && found->second.backend == backend;
  return there ? found->second.id : 0;
}

}  // namespace headgate::net
