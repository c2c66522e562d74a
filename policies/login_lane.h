// How many logins may be in progress at the backend at once: a login costs the server a thread and
// a slot before anything is proved. Part of the lane is kept for known-good (source, user) pairs;
// the others get a share per source and, all together, a rate. After the server came back there is
// a ramp for all of them.
//
// Threads: none inside; the engine calls it, and destroys leases, under its admission mutex.
// Lifetime: outlives its leases.
#pragma once

#include <algorithm>
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
  enum class Answer : std::uint8_t {
    kFree,
    kFull,        // no place (for known-good: none at all)
    kRate,        // too many unknown logins lately: see NextToken()
    kSourceFull,  // the source has its share of the lane
    kRamp,        // nothing else, but the server has just come back: see NextToken()
  };

  // One place. Destroying it frees the place.
  class Lease {
   public:
    Lease() = default;
    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&& other) noexcept;
    ~Lease() { Release(); }
    [[nodiscard]] bool held() const { return lane_ != nullptr; }
    void Release();

   private:
    friend class LoginLane;
    LoginLane* lane_ = nullptr;
    Address source_;
    bool known_good_ = false;
  };

  explicit LoginLane(KeyedHash hash);
  LoginLane(const LoginLane&) = delete;
  LoginLane& operator=(const LoginLane&) = delete;

  void Configure(const LoginLimits& limits);
  // Asked in the order of Answer, so that kSourceFull means: others may.
  [[nodiscard]] Answer MayEnter(const Address& source, bool known_good, Time now) const;
  // Takes a place, and of unknown logins a token, whatever MayEnter() says (limits that do not act;
  // else ask first).
  [[nodiscard]] Lease Enter(const Address& source, bool known_good, Time now);
  // The same for a session that is in already: it has had its turn in the ramp.
  [[nodiscard]] Lease Reenter(const Address& source, bool known_good, Time now);
  // When ramp and rate let the next unknown login in: `now` or later.
  [[nodiscard]] Time NextToken(Time now) const {
    return std::max(bucket_.ReadyAt(rate_, now), ramp.ReadyAt(now));
  }

  LoginRamp ramp;

  // Of one source, those that are not known-good.
  [[nodiscard]] std::uint32_t UnknownOf(const Address& source) const;
  // How much of the rate's burst is used.
  [[nodiscard]] double RateUsed(Time now) const { return bucket_.Debt(rate_, now); }
  [[nodiscard]] std::uint32_t in_progress() const { return known_good_ + unknown_; }
  [[nodiscard]] std::uint32_t unknown() const { return unknown_; }
  [[nodiscard]] std::uint32_t max() const { return max_; }
  [[nodiscard]] std::uint32_t unknown_max() const { return unknown_max_; }

 private:
  std::uint32_t max_ = 1;
  std::uint32_t unknown_max_ = 1;
  std::uint32_t per_source_ = 1;
  Rate rate_;
  std::uint32_t known_good_ = 0;
  std::uint32_t unknown_ = 0;
  TokenBucket bucket_;
  absl::flat_hash_map<Address, std::uint32_t, KeyedHash> unknown_of_;  // at most unknown_ entries
};

}  // namespace headgate
