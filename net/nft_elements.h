// Bans as elements of the table's sets: which set holds which network, and the JSON that puts them
// in and takes them out in one transaction.
//
// Threads: pure functions. Lifetime: plain values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "policies/address.h"
#include "policies/time.h"

namespace headgate::net {

enum class BanSet : std::uint8_t { kBanned4, kBanned6, kNetworks4, kNetworks6 };
inline constexpr std::size_t kBanSets = 4;

[[nodiscard]] std::string_view Name(BanSet set);
[[nodiscard]] inline bool HoldsNetworks(BanSet set) { return set >= BanSet::kNetworks4; }

// What the kernel is told of a network: host bits cleared, and an IPv6 network narrower than /64 is
// its /64, because that is what a source is.
[[nodiscard]] Cidr KernelNetwork(const Cidr& network);
// REQUIRES: KernelNetwork(network) == network.
[[nodiscard]] BanSet SetOf(const Cidr& network);

// The longest ban the kernel is told of, as BanList has it.
inline constexpr Duration kLongestBan = std::chrono::hours(24 * 3650);
// What marks an element as an operator's; the gate's own have no comment, which saves memory.
inline constexpr std::string_view kOperatorComment = "operator";

// A ban as the kernel gets it. `network` is a KernelNetwork().
struct BanElement {
  Cidr network;
  Time until{};
  bool by_operator = false;
  bool operator==(const BanElement&) const = default;
};

// One transaction: `gone` leave, `changed` get new timeouts and marks, `added` come. What expired
// meanwhile breaks nothing: who leaves is added first, which is no error when he is there, and a
// changed one is added, deleted and added again. (nft 1.0.6 has no `destroy`; kernels before 6.12
// do not change the timeout of who is there.) Timeouts are rounded up to whole seconds.
[[nodiscard]] std::string BatchJson(std::string_view table, std::span<const BanElement> gone,
                                    std::span<const BanElement> changed,
                                    std::span<const BanElement> added, Time now);

// One transaction that deletes elements of `set` by the JSON of their values, as listed.
[[nodiscard]] std::string DeleteJson(std::string_view table, std::string_view set,
                                     std::span<const std::string> values);

}  // namespace headgate::net
