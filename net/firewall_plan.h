// What the kernel should be told next: which bans it has room for, and how that differs from what
// it has.
//
// Two running networks that overlap cannot both be in a set: the wider one is pushed, and the inner
// one when the wider has ended. (Addresses are in sets of their own and overlap with nothing.)
// When there are more bans than a set holds, the operator's go first, then those that last longest:
// pushing one costs the same however long it is good for. The gate itself knows all of them anyway.
//
// Threads: pure functions. Lifetime: plain values.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <absl/container/btree_map.h>
#include "net/nft_elements.h"
#include "policies/time.h"

namespace headgate::net {

// As the caller has it: any network, more than once if need be; the longest counts.
struct WantedBan {
  Cidr network;
  Time until{};
  bool by_operator = false;
};

struct KernelBan {
  Time until{};
  bool by_operator = false;
  bool operator==(const KernelBan&) const = default;
};
// By KernelNetwork().
using KernelBans = absl::btree_map<Cidr, KernelBan>;

struct PushableBans {
  KernelBans bans;
  std::size_t unpushed = 0;  // for want of room
  std::size_t covered = 0;   // inside another network that is pushed
  Time again = kNever;       // when an outer network ends before one inside it
};

// `hosts` and `networks`: how many one set holds.
[[nodiscard]] PushableBans Pushable(std::span<const WantedBan> wanted, std::uint32_t hosts,
                                    std::uint32_t networks, Time now);

// Whether two ends differ by `tolerance` at most. All beyond kLongestBan, a month less, are the
// same: the kernel has kLongestBan of them, and is told again when a month has passed.
[[nodiscard]] bool SameEnd(Time a, Time b, Duration tolerance, Time now);

struct BanPlan {
  std::vector<BanElement> gone, changed, added;
  [[nodiscard]] std::size_t size() const { return gone.size() + changed.size() + added.size(); }
  [[nodiscard]] bool empty() const { return size() == 0; }
};

// From `have` to `want`, ends compared by SameEnd(). What `have` lets
// expire within a moment is left to it, but for a network, which could be in another one's way.
[[nodiscard]] BanPlan Difference(const KernelBans& want, const KernelBans& have, Duration tolerance,
                                 Time now);

// One transaction's share of a plan. Leaving first, which makes room, and by themselves: nft 1.0.6
// takes a network that was added and deleted in the same transaction for one that is still there,
// and refuses another that overlaps it.
struct BanBatch {
  std::span<const BanElement> gone, changed, added;
};
[[nodiscard]] std::vector<BanBatch> Batches(const BanPlan& plan, std::size_t most);

// `batch` is done.
void Apply(const BanBatch& batch, KernelBans& have);
// Forgets what the kernel has let go by itself: it does so up to a second after `until`, because
// timeouts are whole seconds.
void Expire(KernelBans& have, Time now);

}  // namespace headgate::net
