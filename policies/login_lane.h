// How many logins may be in progress at the backend at once: a login costs the server a thread and
// a slot before anything is proved. Part of the lane is kept for known-good (source, user) pairs, a
// half of that part also for whoever comes from the networks of a class with a reserve, a member:
// strangers who stall leave a new application its places. Where there are members these places are
// theirs alone: known-good pairs that stall leave them too. Everybody gets a share per source, and
// strangers, all together, a rate. After the server came back there is a ramp for all of them.
//
// Threads: none inside; the engine calls it, and destroys leases, under its admission mutex.
// Lifetime: outlives its leases.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include <absl/container/flat_hash_map.h>
#include "policies/address.h"
#include "policies/keyed_hash.h"
#include "policies/limits.h"
#include "policies/login_ramp.h"
#include "policies/time.h"
#include "policies/token_bucket.h"

namespace headgate {

class LoginLane {
 public:
  // What somebody has to show for himself.
  enum class Rank : std::uint8_t {
    kStranger,
    kMember,  // comes from the networks of a class with a reserve, as its user
    kKnownGood,
  };

  enum class Answer : std::uint8_t {
    kFree,
    kFull,        // no place: a part that it counts in is full
    kRate,        // too many strangers' logins lately: see NextToken()
    kSourceFull,  // the source has its share of the lane
    kRamp,        // nothing else, but the server has just come back: see NextToken()
  };

  // What of the lane logins of a rank have to find room in, the smallest first.
  enum class Part : std::uint8_t {
    kStrangers,
    kNotKnownGood,  // strangers and members
    kNotMembers,    // strangers and known-good: of all, less what is kept where there are members
    kAll,
  };

  // One place. Destroying it frees the place.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    ~Lease() { Release(); }
    [[nodiscard]] bool held() const { return lane_ != nullptr; }
    void Release();

   private:
    friend class LoginLane;
    LoginLane* lane_ = nullptr;
    Address source_;
    Rank rank_ = Rank::kStranger;
  };

  explicit LoginLane(KeyedHash hash);
  LoginLane(const LoginLane&) = delete;
  LoginLane& operator=(const LoginLane&) = delete;

  // `members`: somebody may be one.
  void Configure(const LoginLimits& limits, bool members = false);
  // Asked in the order of Answer, so that kSourceFull means: others may.
  [[nodiscard]] Answer MayEnter(const Address& source, Rank rank, Time now) const;
  // Takes a place, and of strangers a token, whatever MayEnter() says (limits that do not act;
  // else ask first).
  [[nodiscard]] Lease Enter(const Address& source, Rank rank, Time now);
  // The same for a session that is in already: it has had its turn in the ramp.
  [[nodiscard]] Lease Reenter(const Address& source, Rank rank, Time now);
  // When ramp and rate let the next stranger in: `now` or later.
  [[nodiscard]] Time NextToken(Time now) const {
    return std::max(bucket_.ReadyAt(rate_, now), ramp.ReadyAt(now));
  }

  LoginRamp ramp;

  // Of one source, those of that rank, and how many there may be.
  [[nodiscard]] std::uint32_t CountOf(const Address& source, Rank rank) const;
  [[nodiscard]] std::uint32_t MostOf(Rank rank) const;
  // How much of the rate's burst is used.
  [[nodiscard]] double RateUsed(Time now) const { return bucket_.Debt(rate_, now); }
  [[nodiscard]] std::uint32_t in_progress() const { return In(Part::kAll); }
  [[nodiscard]] std::uint32_t max() const { return MostIn(Part::kAll); }
  [[nodiscard]] std::uint32_t In(Part part) const;
  [[nodiscard]] std::uint32_t MostIn(Part part) const {
    return most_[static_cast<std::size_t>(part)];
  }
  [[nodiscard]] bool IsFull(Rank rank) const { return IsFull(PartOf(rank)); }
  // The part that a login of that rank finds full; else the smallest that it counts in.
  [[nodiscard]] Part PartOf(Rank rank) const;

 private:
  using BySource = absl::flat_hash_map<Address, std::uint32_t, KeyedHash>;

  [[nodiscard]] bool IsFull(Part part) const { return In(part) >= MostIn(part); }

  std::array<std::uint32_t, 4> most_{1, 1, 1, 1};  // by part
  std::array<std::uint32_t, 3> count_{};           // by rank
  std::uint32_t per_source_ = 1;
  Rate rate_;
  TokenBucket bucket_;
  std::array<BySource, 3> of_;  // by rank: at most as many entries as count_
};

}  // namespace headgate
