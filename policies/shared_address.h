// Notices that one address stands for many clients: a load balancer that names nobody, a NAT. What
// limits by source then takes them for one, and refuses or bans all of them together.
//
// It cannot be known, only suspected, so this warns and decides nothing. Two signs:
//  * nearly all connects of a round come from one address, and limits by source refuse it;
//  * most logged-in sessions are of one address, and of several users.
// One attacker who is alone gives the first sign as well; the words that are made of it say "if".
//
// Bounded: a few words for each tally, and kRemembered addresses that were told of.
//
// Threads: none of its own; the engine's locks. Lifetime: plain values.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "policies/address.h"
#include "policies/time.h"

namespace headgate {

// What is one address's, and how much there is in all.
struct AddressLoad {
  Address source;
  std::uint64_t connects = 0, refused = 0, all_connects = 0;  // in a round
  std::uint32_t sessions = 0, users = 0, all_sessions = 0;  // logged in now; users: kUsers at most
};

struct SharedAddress {
  enum class Sign : std::uint8_t { kRefused, kSessions };
  Sign sign = Sign::kRefused;
  AddressLoad load;
  bool of_proxy = false;  // of one that is to name its clients, and names itself
};

// How many users are several.
inline constexpr std::uint32_t kSeveralUsers = 4;

// Whether it bears one of the signs.
[[nodiscard]] std::optional<SharedAddress::Sign> LooksShared(const AddressLoad& load);

// Who came most often, where one has more than half of all (Boyer, Moore: MJRTY, 1981): whoever has
// the majority of a round is voted for by its end, and counted exactly in the round after.
class MajorityTally {
 public:
  void OnConnect(const Address& source);
  // That connect, or one a moment ago, met a limit by source.
  void OnRefusal(const Address& source);
  // Ends the round: `source`, `connects`, `refused` and `all_connects` of it. All zero but the
  // last in the first round.
  [[nodiscard]] AddressLoad EndRound();

 private:
  Address candidate_;
  std::uint64_t votes_ = 0;
  AddressLoad counted_;
};

// When it is told, and what `status` shows meanwhile.
class SharedAddressWatch {
 public:
  static constexpr Duration kRound = std::chrono::seconds(10);
  static constexpr Duration kAgain = std::chrono::hours(1);
  static constexpr Duration kShown = std::chrono::minutes(10);  // after its last sign
  static constexpr std::size_t kRemembered = 8;

  // Remembers it; true when it is to be told: once in kAgain for each address. Of more addresses
  // than it remembers the one longest told is forgotten.
  [[nodiscard]] bool Note(const SharedAddress& found, Time now);
  [[nodiscard]] std::optional<SharedAddress> Current(Time now) const;
  // The limits provide for it now.
  void Forget() { current_.reset(); }
  [[nodiscard]] const std::optional<SharedAddress>& last() const { return current_; }

 private:
  struct Told {
    Address source;
    std::optional<Time> at;
  };
  std::array<Told, kRemembered> told_;
  std::optional<SharedAddress> current_;
  Time seen_{};
};

}  // namespace headgate
