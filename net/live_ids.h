// The connection ids at one backend that are the gate's own: from the backend's greeting until its
// FIN, orphans included. What the processlist shows beside them is foreign.
//
// A look at the processlist and the books here are not of one moment. So who ended stays known for
// two looks; and who is logging in without being known counts as foreign only when it did so at
// the look before as well: it may be one of ours whose greeting has not been read yet. A login that
// is through is known, as only who has read the greeting answers it.
//
// Threads: LiveIds from any, sharded mutexes; ForeignCount is the monitor's. Lifetime: LiveIds
// outlives its leases.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <absl/container/flat_hash_map.h>

namespace headgate::net {

class LiveIds {
 public:
  // Given back when the backend connection has ended.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { Release(); }
    void Release();

   private:
    friend class LiveIds;
    Lease(LiveIds* ids, std::uint32_t id, std::uint64_t serial)
        : ids_(ids), id_(id), serial_(serial) {}
    LiveIds* ids_ = nullptr;
    std::uint32_t id_ = 0;
    std::uint64_t serial_ = 0;
  };

  // A restarted server gives its ids again: the newest holder counts.
  [[nodiscard]] Lease Hold(std::uint32_t id);
  [[nodiscard]] bool Ours(std::uint32_t id) const;

  // Whether anybody looks: else those that end are forgotten at once.
  void SetWatched(bool watched);
  void EndLook();
  // This backend was left: what is still there is no more of ours than anybody else's.
  void Clear();
  [[nodiscard]] std::size_t size() const;  // those that ended and are still known included

 private:
  struct Entry {
    std::uint64_t serial = 0;
    std::uint64_t ended = 0;  // by which look; 0 = it lives
  };
  struct Shard {
    mutable std::mutex mutex;
    absl::flat_hash_map<std::uint32_t, Entry> ids;
  };
  Shard& ShardOf(std::uint32_t id) { return shards_[id % shards_.size()]; }
  const Shard& ShardOf(std::uint32_t id) const { return shards_[id % shards_.size()]; }
  void Forget(std::uint64_t ended_before);

  std::array<Shard, 16> shards_;
  std::atomic<std::uint64_t> serial_{0};
  std::atomic<std::uint64_t> look_{1};
  std::atomic<bool> watched_{false};
};

// One row of the processlist that takes a slot.
struct ListedThread {
  std::uint32_t id = 0;
  bool logging_in = false;
};

class ForeignCount {
 public:
  // How many of them are not ours. Once for each look, after the processlist was read.
  [[nodiscard]] std::uint32_t Count(const std::vector<ListedThread>& listed, const LiveIds& ours);

 private:
  std::vector<std::uint32_t> unsettled_;  // unknown and logging in at the last look, ascending
};

}  // namespace headgate::net
