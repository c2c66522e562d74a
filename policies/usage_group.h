// What one user from one wide prefix uses (IPv4 /16, IPv6 /32): its members are the sources there.
// Only members that work are counted, those one of whose statements was answered without an error;
// what one did before counts from then on.
//
// Threads: none of its own. Lifetime: kMostMembers members, and about 5 MiB of minutes at the most
// (five weeks without a quiet one).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "policies/address.h"
#include "policies/keyed_hash.h"
#include "policies/minute_series.h"
#include "policies/rate_series.h"
#include "policies/usage_meters.h"

namespace headgate {

enum class GroupMeasure : std::uint8_t {
  kSlots,    // connections logged in, of the group
  kRunning,  // statements at once, of the group
  kSourceRunning,
  kBusy,  // running time a second, over ten seconds
  kSourceBusy,
  kLongest,  // seconds that a statement took
  kCount
};
inline constexpr std::size_t kGroupMeasures = static_cast<std::size_t>(GroupMeasure::kCount);

class UsageGroup {
 public:
  static constexpr std::size_t kMostMembers = 1024;
  struct Member {
    RateMeter commands;
    BusyMeter busy;
    std::uint32_t slots = 0, running = 0;
    bool works = false;
    // Before it worked.
    RateHighs commands_before{};
    std::uint32_t slots_before = 0, running_before = 0;
    double busy_before = 0;
  };

  UsageGroup(std::string user, const Address& network, KeyedHash hash);

  // Null where there are too many already. Stays where it is until Prune().
  [[nodiscard]] Member* MemberFor(const Address& source);
  // A login of it was accepted once more: with a slot that it has, or with one more.
  void CountLogin() { ++logins_; }
  void Enter(Member& member);
  void Leave(Member& member);
  // Whether anybody holds a slot: of who works or not.
  [[nodiscard]] bool anybody() const { return inside_ > 0; }

  // A statement, and that one more or less runs. `clock`: since 1970.
  void Command(Member& member, Time clock);
  void Run(Member& member, int by, Time now);
  // One was answered without error.
  void Answered(Member& member, double seconds, Time now);

  // What lasts is as high in the minutes that nothing is told of. REQUIRES: next > minute.
  void CloseMinute(Minute minute, Minute next, Time now);

  [[nodiscard]] const std::string& user() const { return user_; }
  [[nodiscard]] const Address& network() const { return network_; }
  // Those that work, in the order of their addresses.
  [[nodiscard]] std::vector<Address> Sources() const;
  [[nodiscard]] std::uint64_t logins() const { return logins_; }
  [[nodiscard]] std::uint64_t statements() const { return statements_; }
  [[nodiscard]] const MinuteSeries& Of(GroupMeasure m) const {
    return series_[static_cast<std::size_t>(m)];
  }
  // That run SQL, of the group and of one member.
  [[nodiscard]] const RateSeries& commands() const { return commands_; }
  [[nodiscard]] const RateSeries& source_commands() const { return source_commands_; }
  // Of all its series.
  [[nodiscard]] std::size_t entries() const;

 private:
  void High(GroupMeasure m, double value);
  void Work(Member& member, Time now);
  void Prune();

  std::string user_;
  Address network_;
  std::unordered_map<Address, Member, KeyedHash> members_;
  std::uint64_t logins_ = 0, statements_ = 0;
  std::uint32_t inside_ = 0;               // slots of all
  std::uint32_t slots_ = 0, running_ = 0;  // of who works
  RateMeter command_counts_;
  BusyMeter busy_;
  std::array<double, kGroupMeasures> highs_{};  // of this minute
  RateHighs command_highs_{}, source_command_highs_{};
  std::array<MinuteSeries, kGroupMeasures> series_;
  RateSeries commands_, source_commands_;
};

}  // namespace headgate
