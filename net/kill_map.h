// The connection ids the gate gives its clients, and which id each has at the backend: what makes
// a client's KILL and Ctrl-C reach the right connection. An id means nothing at another backend.
//
// Threads: every method from any thread; sharded mutexes. Lifetime: outlives its leases.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include <absl/container/flat_hash_map.h>
#include "net/mysql/session.h"

namespace headgate::net {

class KillMap {
 public:
  // Ours start where no server's ids are, and stay below what a signed 32-bit client can hold.
  static constexpr std::uint32_t kFirstId = mysql::kFirstConnectionId;
  static constexpr std::uint32_t kEndId = mysql::kEndConnectionId;

  // An id in use. Gives it back when destroyed.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { Release(); }
    [[nodiscard]] std::uint32_t id() const { return id_; }
    // Known from the greeting of that backend (its place in the gate's list) on.
    void SetBackendId(std::size_t backend, std::uint32_t backend_id);
    // The connection is gone: its id means nothing any more.
    void Release();

   private:
    friend class KillMap;
    Lease(KillMap* map, std::uint32_t id) : map_(map), id_(id) {}
    KillMap* map_ = nullptr;
    std::uint32_t id_ = 0;
  };

  explicit KillMap(std::uint32_t first = kFirstId) : next_(first) {}
  // Where to begin, so that an id of another process (one that this one has taken over from, or
  // that was restarted) is hardly ever that of a connection here: with n connections n times in
  // 2^30.
  [[nodiscard]] static std::uint32_t RandomFirst();

  // The next id that nobody has. REQUIRES: fewer than 2^30 leases.
  [[nodiscard]] Lease Allocate();
  // 0 when there is no such connection, or not at that backend.
  [[nodiscard]] std::uint32_t BackendId(std::size_t backend, std::uint32_t our_id) const;
  // So that a test need not hand out 2^30 ids to see the wrap.
  void SetNextForTest(std::uint32_t id) { next_ = id; }

 private:
  struct Place {
    std::size_t backend = 0;
    std::uint32_t id = 0;  // the backend's; 0 = none yet
  };
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<std::uint32_t, Place> ids;  // by ours
  };
  Shard& ShardOf(std::uint32_t id) { return shards_[id % shards_.size()]; }
  const Shard& ShardOf(std::uint32_t id) const { return shards_[id % shards_.size()]; }
  std::uint32_t NextId();

  std::array<Shard, 16> shards_;
  std::atomic<std::uint32_t> next_;
};

}  // namespace headgate::net
