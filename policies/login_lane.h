// How many logins may be in progress at the backend at once: a login costs the server a thread and
// a slot before anything is proved. Part of the lane is kept for known-good (source, user) pairs, a
// half of that part also for whoever comes from the networks of a class with a reserve: strangers
// who stall leave a new application its places. All but the known-good get a share per source, and
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
    kFull,        // no place (for known-good: none at all)
    kRate,        // too many strangers' logins lately: see NextToken()
    kSourceFull,  // the source has its share of the lane
    kRamp,        // nothing else, but the server has just come back: see NextToken()
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

  void Configure(const LoginLimits& limits);
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

  // Of one source, those of that rank; not counted for known-good.
  [[nodiscard]] std::uint32_t CountOf(const Address& source, Rank rank) const;
  // How much of the rate's burst is used.
  [[nodiscard]] double RateUsed(Time now) const { return bucket_.Debt(rate_, now); }
  [[nodiscard]] std::uint32_t in_progress() const { return UpTo(Rank::kKnownGood); }
  [[nodiscard]] std::uint32_t max() const { return MostUpTo(Rank::kKnownGood); }
  // Those of that rank and below, and how many there may be.
  [[nodiscard]] std::uint32_t UpTo(Rank rank) const {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i <= static_cast<std::size_t>(rank); ++i) sum += count_[i];
    return sum;
  }
  [[nodiscard]] std::uint32_t MostUpTo(Rank rank) const {
    return most_[static_cast<std::size_t>(rank)];
  }

 private:
  using BySource = absl::flat_hash_map<Address, std::uint32_t, KeyedHash>;

  std::array<std::uint32_t, 3> most_{1, 1, 1};  // of a rank and those below
  std::array<std::uint32_t, 3> count_{};        // by rank
  std::uint32_t per_source_ = 1;
  Rate rate_;
  TokenBucket bucket_;
  std::array<BySource, 2> of_;  // by rank, but known-good: at most as many entries as count_
};

}  // namespace headgate
