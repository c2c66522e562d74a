// Who holds the backend's slots. A slot is leased from before the backend is connected until its
// connection has really ended, so the sum of leases never lags behind what the server counts.
//
// The invariant: no lease is granted if after it the free slots are fewer than the unused reserves
// of all other classes (for a login without proof: of all classes, its own included), or if
// leases + foreign connections would exceed the capacity. Only leases with proof use up a reserve:
// else masses of claimed logins would eat the reserve of the class they claim. Where outside facts
// break it (capacity lowered, foreign connections), nothing outside the reserves is granted, and
// the reserves shrink in proportion to what is left for them.
//
// Threads: none inside; the engine calls it, and destroys leases, under its admission mutex.
// Lifetime: outlives its leases.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policies/limits.h"
#include "policies/time.h"

namespace headgate {

class SlotLedger {
 public:
  // Names a class for as long as it has leases or pins, across reloads.
  using ClassId = std::uint32_t;

  // What speaks for a login. Both known-good and proven may use their class's reserve.
  enum class Standing : std::uint8_t {
    kUnproven,   // a claim only
    kKnownGood,  // the server has not said OK yet, but this (source, user) earned trust
    kProven,     // the server said OK
  };

  enum class Answer : std::uint8_t {
    kGranted,
    kClassFull,     // the class holds its max
    kUnprovenFull,  // the class holds its share of logins without proof
    kNoSlot,        // the invariant forbids it
  };

  // One held slot. Destroying it frees the slot.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { Release(); }

    [[nodiscard]] bool held() const { return ledger_ != nullptr; }
    [[nodiscard]] ClassId class_id() const { return class_id_; }
    [[nodiscard]] Standing standing() const { return standing_; }
    [[nodiscard]] bool orphan() const { return orphan_; }

    void Prove();   // the server said OK
    void Orphan();  // the client is gone, the backend's thread is not
    void Release();

   private:
    friend class SlotLedger;
    SlotLedger* ledger_ = nullptr;
    ClassId class_id_ = 0;
    Standing standing_ = Standing::kUnproven;
    bool orphan_ = false;
  };

  struct ClassCounts {
    std::uint32_t leases = 0;    // orphans included
    std::uint32_t unproven = 0;  // of leases: without proof and not known-good
    std::uint32_t reserve = 0, max = 0, unproven_max = 0;
    std::uint32_t pins = 0;
  };

  SlotLedger() = default;
  SlotLedger(const SlotLedger&) = delete;
  SlotLedger& operator=(const SlotLedger&) = delete;

  // Takes over new limits; leases stay. Returns the ids of `limits.classes`, in their order; a
  // class keeps its id by its name. Leases of a class that is no longer named count on in total.
  std::vector<ClassId> Configure(const SlotLimits& slots, const std::vector<ClassLimits>& classes);
  // Connections at the backend that are not ours.
  void SetForeign(std::uint32_t n) { foreign_ = n; }

  // A class whose name is gone since `id` was given out stands for the default (last) class.
  [[nodiscard]] ClassId Resolve(ClassId id) const;
  [[nodiscard]] Answer MayGrant(ClassId id, Standing standing) const;
  // Leases whatever MayGrant() says (limits that do not act; else ask first).
  [[nodiscard]] Lease Grant(ClassId id, Standing standing);
  // Whether MoveTo would keep the invariant: as releasing and asking again.
  [[nodiscard]] Answer MayMove(const Lease& lease, ClassId id, Standing standing);
  void MoveTo(Lease& lease, ClassId id, Standing standing);

  // Keeps a class's id in use while somebody waits for it.
  void Pin(ClassId id) { ++classes_[id].pins; }
  void Unpin(ClassId id) { --classes_[id].pins; }

  // The backend answered 1040 to one of the leases: it holds less than was thought. The capacity
  // becomes what the others hold (at least 1), and rises by one every kRecoverEvery.
  void OnBackendFull(Time now);
  // True when the capacity rose.
  bool Recover(Time now);
  [[nodiscard]] Time NextRecovery() const { return next_recovery_; }

  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t configured_capacity() const { return configured_capacity_; }
  [[nodiscard]] std::uint32_t leases() const { return leases_; }
  [[nodiscard]] std::uint32_t orphans() const { return orphans_; }
  [[nodiscard]] std::uint32_t free_slots() const;
  [[nodiscard]] ClassCounts Counts(ClassId id) const;

  static constexpr Duration kRecoverEvery = std::chrono::seconds(10);

 private:
  struct Class {
    std::string name;
    Share max_share, unproven_share;
    std::uint32_t reserve = 0, max = 0, unproven_max = 0;
    std::uint32_t leases = 0, unproven = 0;
    std::uint32_t pins = 0;
    bool live = false;  // named by the present limits
    [[nodiscard]] std::uint32_t proven() const { return leases - unproven; }
    [[nodiscard]] std::uint32_t unused_reserve() const {
      return proven() < reserve ? reserve - proven() : 0;
    }
  };

  [[nodiscard]] ClassId IdFor(const std::string& name);
  void SetCapacity(std::uint32_t capacity);
  void Add(ClassId id, Standing standing, std::int32_t by);
  [[nodiscard]] bool SlotAllows(const Class& c, Standing standing) const;
  [[nodiscard]] std::uint32_t ShrunkUnusedOfOthers(const Class& asking) const;
  void Drop(Lease& lease);

  std::vector<Class> classes_;
  ClassId default_class_ = 0;
  std::uint32_t configured_capacity_ = 1;
  std::uint32_t capacity_ = 1;
  std::uint32_t foreign_ = 0;
  std::uint32_t leases_ = 0;
  std::uint32_t orphans_ = 0;
  std::uint32_t unused_reserves_ = 0;  // sum over classes
  bool follows_backend_ = false;
  Time next_recovery_ = kNever;
};

}  // namespace headgate
