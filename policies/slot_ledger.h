// Who holds the backend's slots. A slot is leased from before the backend is connected until its
// connection has really ended, so the sum of leases never lags behind what the server counts.
//
// There are two caps: the configured one, which our leases alone must keep to, and the server's,
// which foreign connections fill as well. Two kinds of reserves are kept in what is free: classes'
// and, while they bind, stakes: the implicit reserves of known-good pairs.
//
// The invariant: no lease is granted if after it the free slots are fewer than the unused reserves
// of all others (for a login without proof: of all classes and stakes, its own included). Only
// leases with proof use up a reserve: else masses of claimed logins would eat the reserve of the
// class they claim. A lease of a class and a stake uses both reserves.
// A class may lend: others get what it does not use, as lent leases, which their holders know can
// be called back. A lent lease stands where a free slot would, for reserves that lend and no
// others, and is no use of any reserve itself.
// Where outside facts break the invariant (a cap lowered, foreign connections, stakes that begin
// to bind), nothing outside the reserves is granted, and these shrink in proportion to what is left
// for them; slot_shares.h tells how.
//
// Threads: none inside; the engine calls it, and destroys leases, under its admission mutex.
// Lifetime: outlives its leases.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "policies/implicit_reserve.h"
#include "policies/limits.h"
#include "policies/slot_shares.h"
#include "policies/slot_stakes.h"
#include "policies/time.h"

namespace headgate {

class SlotLedger {
 public:
  // Names a class for as long as it has leases or pins, across reloads.
  using ClassId = std::uint32_t;
  // A known-good pair's implicit reserve.
  using StakeId = SlotStakes::Id;
  static constexpr StakeId kNoStake = SlotStakes::kNone;

  // What speaks for a login. Both known-good and proven may use their class's reserve and stake.
  enum class Standing : std::uint8_t {
    kUnproven,   // a claim only
    kKnownGood,  // the server has not said OK yet, but this (source, user) earned trust
    kProven,     // the server said OK
  };

  enum class Answer : std::uint8_t {
    kGranted,
    kLent,          // as a lent lease
    kClassFull,     // the class holds its max
    kUnprovenFull,  // the class holds its share of logins without proof
    kNoSlot,        // the invariant forbids it
    kReclaim,       // one of the above, but its class's reserve or its stake is not used up and
                    // others sit in it: call back one that ServesReclaim()
  };

 private:
  // What a lease counts as.
  struct Booking {
    ClassId class_id = 0;
    StakeId stake = kNoStake;
    std::uint32_t generation = 0;  // of the backend
    Standing standing = Standing::kUnproven;
    bool orphan = false;
    bool lent = false;
    bool trusted = false;
  };

 public:
  // One held slot. Destroying it frees the slot.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { Release(); }

    [[nodiscard]] bool held() const { return ledger_ != nullptr; }
    [[nodiscard]] ClassId class_id() const { return booking_.class_id; }
    [[nodiscard]] Standing standing() const { return booking_.standing; }
    [[nodiscard]] bool orphan() const { return booking_.orphan; }
    // Of a backend that was left: no slot of this one, neither lent nor under a stake.
    [[nodiscard]] bool former() const;
    [[nodiscard]] bool lent() const { return held() && booking_.lent && !former(); }
    // As SetTrusted() says, whatever its class.
    [[nodiscard]] bool trusted() const { return booking_.trusted; }
    // As booked, also when the pair has no stake any more.
    [[nodiscard]] StakeId stake() const { return former() ? kNoStake : booking_.stake; }

    void Prove();   // the server said OK
    void Orphan();  // the client is gone, the backend's thread is not
    void Release();

   private:
    friend class SlotLedger;
    SlotLedger* ledger_ = nullptr;
    Booking booking_;
  };

  struct ClassCounts {
    std::uint32_t leases = 0;    // orphans and lent ones included
    std::uint32_t unproven = 0;  // of leases: without proof and not known-good
    std::uint32_t reserve = 0, max = 0, unproven_max = 0;
    std::uint32_t pins = 0;
    std::uint32_t lent = 0;  // of leases
    std::uint32_t reserve_unused = 0;
  };

  SlotLedger() = default;
  SlotLedger(const SlotLedger&) = delete;
  SlotLedger& operator=(const SlotLedger&) = delete;

  // Takes over new limits; leases stay. Returns the ids of `limits.classes`, in their order; a
  // class keeps its id by its name. Leases of a class that is no longer named count on in total.
  // What does not `enforce` is the caller's: here it counts like the rest.
  std::vector<ClassId> Configure(const SlotLimits& slots, const std::vector<ClassLimits>& classes);
  // The server's max_connections (0: not known), and the connections at it that are not ours. A
  // known max_connections clears what OnBackendFull() taught.
  void SetServer(std::uint32_t max_connections, std::uint32_t foreign);
  // Another gate of ours holds, or may yet take, `all` of these slots, of which a list of the
  // server's connections may not show `unseen` yet. Counted like foreign connections, and against
  // the configured cap as well.
  void SetElsewhere(std::uint32_t all, std::uint32_t unseen);
  [[nodiscard]] std::uint32_t elsewhere() const { return elsewhere_; }
  // Another gate has taken over: from now on this one keeps to what it holds, and to a part of what
  // was free beside the reserves for the `wanted` who are with it already. Called again, it gives
  // up what they do not need any more; a slot that ends inside a reserve is the other gate's at
  // once. Nothing outside counts from now on. Returns the most it will ever hold again.
  std::uint32_t Confine(std::uint32_t wanted);
  void Unconfine() { confined_ = false; }
  // Another server from now on, of which nothing is known yet. Every present lease is `former`
  // until it is released: it counts in nothing else. Time: O(classes + stakes).
  void LeaveBackend();

  // A pair keeps its stake's id while it has leases. Leases of stakes that are gone count on only
  // in total. Time: O(stakes * log(stakes)).
  void SetStakes(const std::vector<ImplicitReserve>& reserves) { stakes_.Set(reserves); }
  // None for a stake that is gone.
  [[nodiscard]] Reserve StakeReserve(StakeId id) const { return stakes_.Of(id); }
  // kNoStake for a pair without. Good until the next SetStakes().
  [[nodiscard]] StakeId StakeOf(const PairKey& pair) const { return stakes_.Find(pair); }
  // While false, stakes reserve nothing.
  void BindStakes(bool bind) { bind_ = bind; }
  // Books the lease under `stake`, or under none.
  void SetStake(Lease& lease, StakeId stake);
  // Of a known-good pair, until said otherwise. Leases with proof in a class with a reserve count
  // as trusted anyway.
  void SetTrusted(Lease& lease, bool trusted);

  // A class whose name is gone since `id` was given out stands for the default (last) class.
  [[nodiscard]] ClassId Resolve(ClassId id) const;
  // Time: O(1); O(classes + stakes) a pass of ShrunkUnused() when the invariant is broken and the
  // asker has a reserve that is not used up.
  [[nodiscard]] Answer MayGrant(ClassId id, Standing standing, StakeId stake = kNoStake) const;
  // The same by the slots alone, whatever the class's max and unproven: where these do not act,
  // they must not hide what does.
  [[nodiscard]] Answer AskSlots(ClassId id, Standing standing, StakeId stake = kNoStake) const;
  [[nodiscard]] bool IsFull(ClassId id) const { return classes_[id].full(); }  // holds its max
  // Whether somebody of class `id` who was told kReclaim is served by the end of `lease`: it is
  // lent or, while stakes bind, nobody trusted holds it; and where the class holds its max, it is
  // of it. Orphans are on their way out anyway.
  [[nodiscard]] bool ServesReclaim(const Lease& lease, ClassId id) const;
  // Leases whatever MayGrant() says (limits that do not act; else ask first): lent if AskSlots()
  // says so.
  [[nodiscard]] Lease Grant(ClassId id, Standing standing, StakeId stake = kNoStake);
  // Whether MoveTo would keep the invariant: as releasing and asking again. A former lease moves as
  // it likes.
  [[nodiscard]] Answer MayMove(const Lease& lease, ClassId id, Standing standing,
                               StakeId stake = kNoStake);
  [[nodiscard]] Answer AskSlotsToMove(const Lease& lease, ClassId id, Standing standing,
                                      StakeId stake = kNoStake);
  void MoveTo(Lease& lease, ClassId id, Standing standing, StakeId stake = kNoStake);

  // Keeps a class's id in use while somebody waits for it.
  void Pin(ClassId id) { ++classes_[id].pins; }
  void Unpin(ClassId id) { --classes_[id].pins; }

  // The backend answered 1040 to one of the leases: it holds less than was thought. Where the
  // number is not a written one, the capacity becomes what the others hold (at least 1), and rises
  // by one every kRecoverEvery; the server's own number, when it is told next, ends that.
  void OnBackendFull(Time now);
  // True when the capacity rose.
  bool Recover(Time now);
  [[nodiscard]] Time NextRecovery() const { return next_recovery_; }

  // The lower of the two caps, or what was learned if that is less; shares of classes are of this.
  [[nodiscard]] std::uint32_t capacity() const { return capacity_; }
  [[nodiscard]] std::uint32_t configured_capacity() const { return configured_capacity_; }
  [[nodiscard]] std::uint32_t server_max() const { return server_max_; }
  [[nodiscard]] std::uint32_t foreign() const { return foreign_; }
  [[nodiscard]] std::uint32_t leases() const { return leases_; }
  [[nodiscard]] std::uint32_t orphans() const { return orphans_; }
  [[nodiscard]] std::uint32_t lent() const { return lent_; }
  [[nodiscard]] std::uint32_t former() const { return former_; }
  [[nodiscard]] std::uint32_t trusted() const { return trusted_; }
  // Of stakes, whether they bind or not.
  [[nodiscard]] std::uint32_t stakes() const { return stakes_.size(); }
  [[nodiscard]] std::uint32_t implicit_reserve() const;
  [[nodiscard]] std::uint32_t implicit_unused() const;
  // Of the reserves of classes that do not lend.
  [[nodiscard]] std::uint32_t kept_unused() const {
    return static_cast<std::uint32_t>(unused_.kept);
  }
  [[nodiscard]] std::uint32_t free_slots() const;
  [[nodiscard]] ClassCounts Counts(ClassId id) const;
  // The most the class may hold now: its max, or what the other classes' reserves, lent or not, and
  // present foreign connections leave if that is less. Stakes take nothing off: their pairs are in
  // some class.
  [[nodiscard]] std::uint32_t MayUse(ClassId id) const;

  static constexpr Duration kRecoverEvery = std::chrono::seconds(10);

 private:
  static constexpr std::uint32_t kUnlimited = UINT32_MAX;

  struct Class {
    std::string name;
    Share max_share, unproven_share;
    Reserve reserve;  // used: by leases with proof that are not lent
    std::uint32_t max = 0, unproven_max = 0;
    std::uint32_t leases = 0, unproven = 0, lent = 0;
    std::uint32_t marked = 0;    // of leases: SetTrusted()
    std::uint32_t unmarked = 0;  // of the others: with proof
    std::uint32_t former = 0;    // besides `leases`
    std::uint32_t pins = 0;
    bool live = false;  // named by the present limits
    [[nodiscard]] bool full() const { return leases >= max; }
    [[nodiscard]] std::uint32_t trusted() const {
      return marked + (reserve.slots > 0 ? unmarked : 0);
    }
    [[nodiscard]] bool InUse() const { return leases > 0 || former > 0 || pins > 0; }
  };
  // What the asker itself may still use of reserves.
  struct OwnUnused {
    std::uint32_t of_class = 0, of_stake = 0;
    [[nodiscard]] bool any() const { return of_class > 0 || of_stake > 0; }
  };

  [[nodiscard]] ClassId IdFor(const std::string& name);
  void UpdateCapacity();
  void SumUp();
  [[nodiscard]] bool IsFormer(const Booking& b) const { return b.generation != generation_; }
  void Count(const Booking& b, std::int32_t by);
  // Changes a booking by `change(Booking&)`, and the books with it.
  template <class Change>
  void Rebook(Booking& b, Change change);

  [[nodiscard]] OwnUnused OwnOf(const Class& c, Standing standing, StakeId stake) const;
  [[nodiscard]] Answer AskFree(const Class& c, const OwnUnused& own, StakeId stake) const;
  [[nodiscard]] UnusedReserves Unused() const;
  [[nodiscard]] UnusedReserves ShrunkUnusedOfOthers(const Class& asking, StakeId stake) const;
  [[nodiscard]] bool IsTrusted(const Booking& b) const;
  // Leases that use up a class's reserve.
  [[nodiscard]] std::uint32_t InReserves() const;
  // What may be granted to somebody without a reserve.
  [[nodiscard]] std::uint32_t FreeForAll() const;
  [[nodiscard]] bool SomebodyToCall(const Class& asking) const;

  std::vector<Class> classes_;
  ClassId default_class_ = 0;
  SlotStakes stakes_;
  bool bind_ = false;

  SlotLimits slots_;
  std::uint32_t server_max_ = 0;
  std::uint32_t foreign_ = 0;
  std::uint32_t elsewhere_ = 0, unseen_ = 0;
  bool confined_ = false;
  std::uint32_t share_ = 0;             // while confined: the most leases
  std::uint32_t general_ = 0;           // and the most of them outside the reserves
  std::uint32_t learned_ = kUnlimited;  // from OnBackendFull()
  Time next_recovery_ = kNever;
  std::uint32_t configured_capacity_ = 1;
  std::uint32_t server_capacity_ = kUnlimited;
  std::uint32_t capacity_ = 1;

  std::uint32_t generation_ = 0;
  std::uint32_t leases_ = 0;
  std::uint32_t orphans_ = 0;
  std::uint32_t lent_ = 0;
  std::uint32_t former_ = 0;
  // Sums over the classes.
  std::uint32_t trusted_ = 0;
  UnusedReserves unused_;
  std::uint64_t reserves_ = 0;
};

}  // namespace headgate
