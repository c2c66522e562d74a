// Those whose statement has to wait until a gauge has room: round robin by source, and first come
// first served within one. Newcomers never overtake while somebody waits.
//
// Whoever gives a place back wakes one that can use it (Wakeups::Ready); it asks again with Try().
// As many are awake as there are places: when one of them goes away, takes another turn or finds
// that a transaction was quicker, the next one is woken. So no place stays free while somebody
// waits for it, and nobody is woken twice for one place.
//
// A statement that needs several gauges takes one after the other, and holds none while it waits:
// at the first without room it gives back what it has and waits there. When that one is given to it
// it takes the others with TakeTurn().
//
// Bounded: kPlaces in all and kPerGauge for one gauge (a queue so long that its end would be served
// after a statement's usual wait helps nobody); while half of either is taken, a source that has
// kPerSource waiting already is turned away, so that none can fill it.
//
// Threads: every method from any thread, calls for one Waiter from its owner. The lock is only
// touched when somebody waits or has to. Wakeups are called without it.
// Lifetime: outlives its waiters; a gauge outlives those who wait for it.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>

#include "policies/address.h"
#include "policies/bounded_table.h"
#include "policies/event.h"
#include "policies/keyed_hash.h"
#include "policies/statement_gauge.h"

namespace headgate {

class StatementQueue {
 public:
  static constexpr std::uint32_t kPlaces = 1024;
  static constexpr std::uint32_t kPerGauge = 256;
  static constexpr std::uint32_t kPerSource = 32;

  // A connection that may wait; part of its ticket. Leaves the queue when it dies.
  class Waiter {
   public:
    // `source` as SourceOf().
    Waiter(StatementQueue& queue, ConnectionId id, const Address& source)
        : queue_(queue), id_(id), source_(source) {}
    ~Waiter() { queue_.Leave(*this); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    // What it waits for; null: for nothing.
    [[nodiscard]] StatementGauge* gauge() const { return gauge_; }

   private:
    friend class StatementQueue;
    StatementQueue& queue_;
    const ConnectionId id_;
    const Address source_;
    StatementGauge* gauge_ = nullptr;
    // Guarded by the queue's lock.
    std::uint32_t limit_ = 0;
    bool woken_ = false;
    Waiter* prev_ = nullptr;
    Waiter* next_ = nullptr;
  };

  enum class Answer : std::uint8_t {
    kTaken,    // there is room after all, and it has the place
    kWaiting,  // Wakeups::Ready says when to Try() again
    kFull,     // nowhere to wait
  };

  StatementQueue(KeyedHash hash, Wakeups& wakeups);

  // For who met a gauge without room. REQUIRES: `w` waits for nothing; limit > 0.
  [[nodiscard]] Answer Enter(StatementGauge& gauge, std::uint32_t limit, Waiter& w);
  // What Enter() would say to a waiter of `source`; nothing is taken.
  [[nodiscard]] Answer WouldEnter(const StatementGauge& gauge, std::uint32_t limit,
                                  const Address& source) const;
  // A woken waiter asks for the place it waits for. True: it has it, and waits no more. False: not
  // its turn, or somebody in a transaction was quicker; it goes on waiting where it stood.
  [[nodiscard]] bool Try(Waiter& w, std::uint32_t limit);
  // Gives up waiting. Nothing if it does not wait.
  void Leave(Waiter& w);
  // A place of the gauge is given back, however it was taken.
  void Release(StatementGauge& gauge);

  [[nodiscard]] std::uint32_t size() const;

 private:
  using Id = std::uint32_t;
  // The waiters of one source at one gauge.
  struct Flow {
    Waiter* head = nullptr;
    Waiter* tail = nullptr;
    Id prev = 0, next = 0;  // of the gauge's ring
  };
  using Flows = BoundedTable<PairKey, Flow>;

  void WakeThoseWithRoom(StatementGauge& gauge);
  [[nodiscard]] std::optional<ConnectionId> WakeOne(StatementGauge& gauge);
  // All below under the lock.
  [[nodiscard]] static bool HasRoom(const StatementGauge& gauge, std::uint64_t counts,
                                    std::uint32_t limit);
  static void SetLimit(Waiter& w, std::uint32_t limit);
  [[nodiscard]] Waiter* NextWithRoom(const StatementGauge& gauge) const;
  [[nodiscard]] bool HasPlaceFor(const StatementGauge& gauge, const Address& source) const;
  void Count(const Address& source);
  void Forget(Waiter& w);
  void Link(Waiter& w, bool in_front);
  void Unlink(Waiter& w);
  [[nodiscard]] Id OpenFlow(StatementGauge& gauge, const PairKey& key);
  void CloseFlow(StatementGauge& gauge, Id id);
  [[nodiscard]] static PairKey KeyOf(const Waiter& w);

  Wakeups& wakeups_;
  mutable std::mutex mutex_;
  std::uint32_t size_ = 0;
  Flows flows_;
  BoundedTable<Address, std::uint32_t> per_source_;
};

}  // namespace headgate
